// A client that knows nothing of Troupe but API.md §4, over NATS' own library for Node.
//   node client.js <url> submit|enqueue <body> <key>
//   node client.js <url> work <subject>
// Each thing that it has to say is one line of JSON.
import { connect, headers } from "nats";

const [url, role, first, second] = process.argv.slice(2);
const say = (what) => console.log(JSON.stringify(what));
const connection = await connect({ servers: url, name: "foreign" });

if (role === "submit") {
  const named = headers();
  named.set("Idempotency-Key", second);
  const subject = "troupe.v1.submit.acme.web";
  const reply = await connection.request(subject, first, { timeout: 10_000, headers: named });
  say({ error: reply.headers?.get("Troupe-Error") ?? "", reply: reply.json() });
} else if (role === "enqueue") {
  const stream = connection.jetstream();
  const subject = "troupe.v1.enqueue.acme.web";
  const kept = await stream.publish(subject, first, { msgID: second });
  const again = await stream.publish(subject, first, { msgID: second });
  say({ stream: kept.stream, sequence: kept.seq, duplicate: again.duplicate });
} else if (role === "work") {
  const tasks = connection.subscribe(first, { queue: "workers", max: 2 });
  await connection.flush();
  say({ ready: true });
  for await (const task of tasks) {
    task.respond("+WPI");
    const asked = task.json();
    if (asked.fail) {
      const failed = headers();
      failed.set("Troupe-Error", asked.fail);
      task.respond("It was not to be.", { headers: failed });
    } else {
      task.respond(JSON.stringify({ done: asked.n + 1 }));
    }
  }
}
await connection.drain();
