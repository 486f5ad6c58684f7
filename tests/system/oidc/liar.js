// An identity provider that signs whatever the code asks for: the code that is given to its token
// endpoint is base64url of {claims, alg?, kid?, header?, sign_with?, status?, body?,
// bytes?}.
import crypto from "node:crypto";
import http from "node:http";

const pairs = {
  RS256: crypto.generateKeyPairSync("rsa", { modulusLength: 2048 }),
  ES256: crypto.generateKeyPairSync("ec", { namedCurve: "P-256" }),
  EdDSA: crypto.generateKeyPairSync("ed25519"),
};
pairs.PS256 = pairs.RS256;
const strange = crypto.generateKeyPairSync("rsa", { modulusLength: 2048 });

const encoded = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

function signature(text, alg, key) {
  if (alg === "none") return "";
  if (alg === "HS256") {
    // With the public key as the secret, which is no secret.
    const secret = pairs.RS256.publicKey.export({ type: "spki", format: "pem" });
    return crypto.createHmac("sha256", secret).update(text).digest("base64url");
  }
  if (alg === "EdDSA") return crypto.sign(null, Buffer.from(text), key).toString("base64url");
  const options = { key, dsaEncoding: "ieee-p1363" };
  if (alg === "PS256") {
    options.padding = crypto.constants.RSA_PKCS1_PSS_PADDING;
    options.saltLength = 32;
  }
  return crypto.sign("sha256", Buffer.from(text), options).toString("base64url");
}

function token(asked) {
  const alg = asked.alg ?? "RS256";
  const header = { alg, kid: asked.kid ?? alg, ...asked.header };
  const text = `${encoded(header)}.${encoded(asked.claims)}`;
  const pair = asked.sign_with === "strange" ? strange : pairs[alg] ?? pairs.RS256;
  return `${text}.${signature(text, alg, pair.privateKey)}`;
}

const server = http.createServer((request, response) => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const answer = (body, status = 200) => {
    response.writeHead(status, { "content-type": "application/json" });
    response.end(typeof body === "string" ? body : JSON.stringify(body));
  };
  if (request.url === "/.well-known/openid-configuration") {
    return answer({
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/token`,
      jwks_uri: `${issuer}/keys`,
      authorization_response_iss_parameter_supported: true,
    });
  }
  if (request.url === "/keys") {
    const keys = Object.entries(pairs).map(([kid, pair]) => ({
      ...pair.publicKey.export({ format: "jwk" }),
      kid,
      use: "sig",
    }));
    return answer({ keys });
  }
  let form = "";
  request.on("data", (part) => (form += part));
  request.on("end", () => {
    const code = new URLSearchParams(form).get("code") ?? "";
    const asked = JSON.parse(Buffer.from(code, "base64url").toString() || "{}");
    if (asked.bytes) return answer("x".repeat(asked.bytes));
    if (asked.status || asked.body) return answer(asked.body ?? {}, asked.status ?? 200);
    answer({ token_type: "Bearer", id_token: token(asked) });
  });
});
server.listen(0, "127.0.0.1", () =>
  console.log(`ready http://127.0.0.1:${server.address().port}`),
);
