// Starts a run as any program may: node client.js <url> <body> <key>
// Says the answer on one line.
import { connect, headers } from "nats";

const [url, body, key] = process.argv.slice(2);
const connection = await connect({ servers: url, name: "client" });
const named = headers();
named.set("Idempotency-Key", key);
const subject = "troupe.v1.submit.default.default";
const reply = await connection.request(subject, body, { timeout: 20_000, headers: named });
console.log(JSON.stringify(reply.json()));
await connection.drain();
