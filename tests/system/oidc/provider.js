// A certified OpenID provider with its own pages for signing in, for the tests. Anybody may sign in
// by any name; the address of whoever is named unverified-… is not verified.
import http from "node:http";
import { Provider } from "oidc-provider";

const server = http.createServer();
server.listen(0, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: "troupe",
        client_secret: process.env.CLIENT_SECRET,
        redirect_uris: ["https://troupe.test/v1/auth/oidc/callback"],
      },
    ],
    claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
    findAccount: (context, id) => ({
      accountId: id,
      claims: () => ({
        sub: id,
        name: id,
        email: `${id}@example.org`,
        email_verified: !id.startsWith("unverified"),
      }),
    }),
    cookies: { keys: ["of the tests"] },
  });
  server.on("request", provider.callback());
  console.log(`ready ${issuer}`);
});
