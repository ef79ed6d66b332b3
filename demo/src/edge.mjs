// Runs the built Worker in workerd, as wrangler.toml's environment `local` describes it, and says where.
// Usage: node edge.mjs BINDINGS [no-queue]: a JSON object that replaces variables; without a Queue, to see what then
// happens. Ends when its standard input does.
import { readFile } from "node:fs/promises";
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from "miniflare";
import { unstable_getMiniflareWorkerOptions } from "wrangler";

const build = new URL("../../edge/build/", import.meta.url);
const { workerOptions } = unstable_getMiniflareWorkerOptions(
  new URL("../../wrangler.toml", import.meta.url).pathname,
  "local",
);

const options = convertV4MiniflareOptions({
  host: "127.0.0.1",
  port: 0,
  cf: false,
  log: new Log(LogLevel.INFO),
  workers: [
    {
      ...workerOptions,
      name: "edge",
      ...(process.argv[3] === "no-queue" && { queueProducers: undefined, queueConsumers: undefined }),
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
