// What workerd calls: hands requests and queue batches to the Wasm. A trap there is a bug of ours; it fails the calls under
// way, and the next call starts with a fresh instance instead of a broken one.
import * as worker from "edge-bindings";

let broken = false;

async function guarded(call) {
  if (broken) {
    worker.__wbg_reset_state();
    broken = false;
  }
  try {
    return await call();
  } catch (error) {
    broken = error instanceof WebAssembly.RuntimeError;
    throw error;
  }
}

export default {
  fetch: (request, env, context) => guarded(() => worker.fetch(request, env, context)),
  queue: (batch, env, context) => guarded(() => worker.queue(batch, env, context)),
};
