// A user's worker, over NATS' own library for Node: node worker.js <url> <subject>
// Says one line of JSON when it listens, and one for each task that it is given.
import { connect, headers } from "nats";

const [url, subject] = process.argv.slice(2);
const say = (what) => console.log(JSON.stringify(what));
const connection = await connect({ servers: url, name: "worker" });
const fail = (code) => {
  const said = headers();
  said.set("Troupe-Error", code);
  return { headers: said };
};

const held = new Map();
const does = {
  add: (message, { args }) => message.respond(JSON.stringify({ sum: args.a + args.b })),
  tell: (message, task) => message.respond(JSON.stringify(task)),
  second_time: (message, { attempt }) => {
    if (attempt < 2) message.respond("Not today.", fail("busy"));
    else message.respond(JSON.stringify({ attempt }));
  },
  refuse: (message) => message.respond("This will never do.", fail("forbidden")),
  beat: (message, { args }) => {
    const beating = setInterval(() => message.respond("+WPI"), 200);
    setTimeout(() => {
      clearInterval(beating);
      message.respond(JSON.stringify({ slept_ms: args.ms }));
    }, args.ms);
  },
  hang: () => {},
  // Answers its first attempt when the second one is under way, and that one a moment later.
  late: (message, { attempt, run_id }) => {
    if (attempt === 1) return held.set(run_id, message);
    held.get(run_id).respond(JSON.stringify({ attempt: 1 }));
    setTimeout(() => message.respond(JSON.stringify({ attempt })), 300);
  },
};

const tasks = connection.subscribe(subject, { queue: "workers" });
await connection.flush();
say({ ready: true });
for await (const message of tasks) {
  const task = message.json();
  say({ got: task.task, attempt: task.attempt, key: task.idempotency_key });
  does[task.task](message, task);
}
