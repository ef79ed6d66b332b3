// Runs the built Worker in workerd, as wrangler.toml's environment `local` describes it, and says where.
// Usage: node edge.mjs BINDINGS [no-queue | replay]: a JSON object that replaces variables; without a Queue, to see what
// then happens; or with a Queue that gives up after one try while its dead letters are being replayed. Ends when its
// standard input does.
import { readFile } from "node:fs/promises";
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from "miniflare";
import { unstable_getMiniflareWorkerOptions } from "wrangler";

const build = new URL("../../edge/build/", import.meta.url);
const { workerOptions } = unstable_getMiniflareWorkerOptions(
  new URL("../../wrangler.toml", import.meta.url).pathname,
  "local",
);

const dead = "evothesis-local-dead";
const queues = {
  "no-queue": { queueProducers: undefined, queueConsumers: undefined },
  replay: {
    queueConsumers: {
      "evothesis-local": { maxBatchTimeout: 1, maxRetries: 1, deadLetterQueue: dead },
      [dead]: { maxBatchTimeout: 1, maxRetries: 100, deadLetterQueue: "evothesis-local" },
    },
  },
};

const options = convertV4MiniflareOptions({
  host: "127.0.0.1",
  port: 0,
  cf: false,
  log: new Log(LogLevel.INFO),
  workers: [
    {
      ...workerOptions,
      name: "edge",
      ...queues[process.argv[3]],
      bindings: { ...workerOptions.bindings, ...JSON.parse(process.argv[2] ?? "{}") },
      modules: [
        { type: "ESModule", path: "index.js", contents: await readFile(new URL("index.js", build), "utf8") },
        {
          type: "CompiledWasm",
          path: "index_bg.wasm",
          contents: await readFile(new URL("index_bg.wasm", build)),
        },
      ],
    },
  ],
});
const miniflare = new Miniflare(options);

console.log(`ready ${(await miniflare.ready).origin}`);
const leave = async () => {
  await miniflare.dispose();
  process.exit(0);
};
process.stdin.resume().on("end", leave).on("close", leave);
process.on("SIGTERM", leave).on("SIGINT", leave);
