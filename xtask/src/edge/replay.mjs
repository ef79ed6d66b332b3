// Sends what ended in a dead-letter queue again: moves each message, to the letter, back into the queue where it died. The
// Worker that consumes that queue signs it afresh and has its usual tries.
// Usage: node replay.mjs DEAD QUEUE, with CLOUDFLARE_API_TOKEN and CLOUDFLARE_ACCOUNT_ID set.
// https://developers.cloudflare.com/queues/configuration/pull-consumers/
import process, { argv, env, stderr } from "node:process";
import { setTimeout as rest } from "node:timers/promises";

const API = env.CLOUDFLARE_API_BASE_URL ?? "https://api.cloudflare.com/client/v4";
/** The most that is pulled, and sent, at a time. */
const MESSAGES = 100;
/** A request may send 256 kB. One message has 100 kB at most, and a line feed or a quote takes two bytes in JSON. */
const BYTES = 200_000;
/** A queue that has messages may still answer with none. */
const EMPTY_ANSWERS = 3;

const [deadName, queueName] = argv.slice(2);
const { CLOUDFLARE_API_TOKEN: token, CLOUDFLARE_ACCOUNT_ID: account } = env;

let isStopped = false;
process.once("SIGINT", () => (isStopped = true)).once("SIGTERM", () => (isStopped = true));

async function ask(method, path, body) {
  const response = await fetch(`${API}/accounts/${account}/queues${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: body && JSON.stringify(body),
  });
  const answer = await response.json().catch(() => ({}));
  if (!response.ok || answer.success !== true) {
    const why = (answer.errors ?? []).map((error) => error.message).join("; ");
    throw new Error(
      `Cloudflare answered ${response.status} to ${method} queues${path.split("?")[0]}: ${why || "no reason"}`,
    );
  }
  return answer.result;
}

async function find(name) {
  const found = (await ask("GET", `?name=${encodeURIComponent(name)}`)) ?? [];
  const queue = found.find((queue) => queue.queue_name === name);
  if (!queue) throw new Error(`the account has no queue ${name}`);
  return queue;
}

/** Lets messages be pulled; says how to end that again. */
async function open(dead) {
  const consumers = (await ask("GET", `/${dead.queue_id}/consumers`)) ?? [];
  if (consumers.some((consumer) => consumer.type === "http_pull")) return async () => {};
  if (consumers.length > 0) {
    throw new Error(
      `${deadName} has a Worker as its consumer: it takes the messages; remove it, or let it finish`,
    );
  }
  const settings = { batch_size: MESSAGES, max_retries: 100, visibility_timeout_ms: 60_000 };
  const { consumer_id: id } = await ask("POST", `/${dead.queue_id}/consumers`, {
    type: "http_pull",
    settings,
  });
  return () => ask("DELETE", `/${dead.queue_id}/consumers/${id}`);
}

/** Messages in groups that a request can hold. */
function* groups(messages) {
  let [group, bytes] = [[], 0];
  for (const message of messages) {
    const size = Buffer.byteLength(JSON.stringify(message.body));
    if (group.length > 0 && bytes + size > BYTES) {
      yield group;
      [group, bytes] = [[], 0];
    }
    group.push(message);
    bytes += size;
  }
  if (group.length > 0) yield group;
}

async function replay(dead, queue) {
  let [sent, strange, empty] = [0, 0, 0];
  while (!isStopped && empty < EMPTY_ANSWERS) {
    const pulled = await ask("POST", `/${dead.queue_id}/messages/pull`, { batch_size: MESSAGES });
    const messages = pulled?.messages ?? [];
    // other content types come encoded, and are nothing that the Worker sends
    const ours = messages.filter((message) => message.metadata?.["CF-Content-Type"] === "text");
    strange += messages.length - ours.length;
    for (const group of groups(ours)) {
      const bodies = group.map(({ body }) => ({ body, content_type: "text" }));
      await ask("POST", `/${queue.queue_id}/messages/batch`, { messages: bodies });
      // only now: broken off in between, they are sent twice, and stored once
      const acks = group.map(({ lease_id }) => ({ lease_id }));
      await ask("POST", `/${dead.queue_id}/messages/ack`, { acks });
      sent += group.length;
      stderr.write(`  ${sent} messages sent again, ${pulled.message_backlog_count ?? "some"} waiting\n`);
    }
    empty = ours.length > 0 ? 0 : empty + 1;
    if (empty > 0 && empty < EMPTY_ANSWERS) await rest(Number(env.REPLAY_REST_MS ?? 2_000));
  }
  if (strange > 0)
    stderr.write(
      `  ${deadName} also holds messages that are no text: they are none of the Worker's, and stay\n`,
    );
  return sent;
}

try {
  if (!token || !account) {
    throw new Error(
      "set CLOUDFLARE_ACCOUNT_ID, and CLOUDFLARE_API_TOKEN to a token that may edit queues (Account, Queues, Edit)",
    );
  }
  const [dead, queue] = [await find(deadName), await find(queueName)];
  const close = await open(dead);
  try {
    const sent = await replay(dead, queue);
    stderr.write(
      `${sent} messages of ${deadName} sent to ${queueName} again${isStopped ? ", until it was interrupted" : ""}\n`,
    );
  } finally {
    await close();
  }
} catch (error) {
  stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
