// Who watches runs over NATS, through a stream of its own that misses nothing while it is away.
//   node watcher.js <url> create    makes the stream
//   node watcher.js <url> follow    says one line of JSON for each event in it, from the first on
import { connect } from "nats";

const [url, role] = process.argv.slice(2);
const connection = await connect({ servers: url });
if (role === "create") {
  const manager = await connection.jetstreamManager();
  await manager.streams.add({ name: "EVENTS", subjects: ["troupe.v1.events.>"] });
  await connection.drain();
} else {
  const events = await connection.jetstream().consumers.get("EVENTS");
  for await (const message of await events.consume()) {
    const key = message.headers?.get("Nats-Msg-Id");
    console.log(JSON.stringify({ subject: message.subject, key, event: message.json() }));
  }
}
