// Runs the built Worker in workerd, as wrangler.toml's environment `local` describes it, and says where.
// Usage: node edge.mjs BINDINGS [no-queue | replay | little-memory]: a JSON object that replaces variables; without a Queue,
// to see what then happens; with a Queue that gives up after one try while its dead letters are being replayed; or with a
// Wasm that soon has no memory left, and traps. Ends when its standard input does.
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

/** The Wasm with a limit to its memory: a few pages of 64 KiB more than it begins with. */
function withLittleMemory(wasm, pages = 6) {
  const MEMORY = 5;
  const number = (at) => {
    let [value, shift, byte] = [0, 0, 0x80];
    for (; byte & 0x80; shift += 7) {
      byte = wasm[at++];
      value |= (byte & 0x7f) << shift;
    }
    return [value, at];
  };
  const bytes = (value) => (value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...bytes(value >> 7)]);
  for (let at = 8, length; at < wasm.length; at += length) {
    const section = wasm[at];
    const begin = at;
    [length, at] = number(at + 1);
    if (section !== MEMORY) continue;
    // one memory, without a maximum
    const [first] = number(at + 2);
    const limits = [1, 1, ...bytes(first), ...bytes(first + pages)];
    return Buffer.concat([
      wasm.subarray(0, begin),
      Buffer.from([MEMORY, limits.length, ...limits]),
      wasm.subarray(at + length),
    ]);
  }
  throw new Error("the Wasm has no memory of its own");
}

const wasm = await readFile(new URL("index_bg.wasm", build));

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
          contents: process.argv[3] === "little-memory" ? withLittleMemory(wasm) : wasm,
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
