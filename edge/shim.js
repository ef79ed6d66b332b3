// What workerd calls: hands requests, queue batches and questions to Durable Objects to the Wasm. A trap there is a bug of
// ours, or the memory is full: it fails the calls under way, and the next call starts with a fresh instance instead of a
// broken one.
import * as worker from "edge-bindings";

/** How to fail each call under way. */
const underWay = new Set();
let broken = false;
let instance = 0;

function judge(error) {
  if (!(error instanceof WebAssembly.RuntimeError)) return;
  if (!broken)
    console.error(JSON.stringify({ message: "trap", error: error.message, under_way: underWay.size }));
  broken = true;
  for (const fail of underWay) fail(error);
  underWay.clear();
}

// The Wasm goes on in microtasks and in callbacks of promises. What traps there reaches no caller, and the promise that the
// caller waits for would never be settled.
addEventListener("error", (event) => judge(event.error));
addEventListener("unhandledrejection", (event) => judge(event.reason));

async function guarded(call) {
  if (broken) {
    worker.__wbg_reset_state();
    broken = false;
    instance += 1;
  }
  let fail;
  const trapped = new Promise((_, reject) => (fail = reject));
  underWay.add(fail);
  try {
    return await Promise.race([call(), trapped]);
  } catch (error) {
    judge(error);
    throw error;
  } finally {
    underWay.delete(fail);
  }
}

/** Says to whoever asked, a page of any origin, to come again; it holds nothing that only some may read. */
function unavailable(error) {
  if (!(error instanceof WebAssembly.RuntimeError)) throw error;
  const body = { error: "unavailable", field: "", reason: "try again later" };
  const headers = {
    "access-control-allow-origin": "*",
    "access-control-expose-headers": "retry-after",
    "cache-control": "no-store",
    "retry-after": "10",
  };
  return Response.json(body, { status: 503, headers });
}

/** A Durable Object whose inside is made anew when the Wasm is: what it keeps is in its storage. */
const durable = (Inside) =>
  class {
    constructor(state, env) {
      this.make = () => new Inside(state, env);
    }

    inside() {
      if (this.instance !== instance) [this.instance, this.made] = [instance, this.make()];
      return this.made;
    }

    fetch(request) {
      return guarded(() => this.inside().fetch(request));
    }

    alarm() {
      return guarded(() => this.inside().alarm());
    }
  };

export const CookielessDay = durable(worker.CookielessDay);
export const KnownSites = durable(worker.KnownSites);

export default {
  fetch: (request, env, context) => guarded(() => worker.fetch(request, env, context)).catch(unavailable),
  queue: (batch, env, context) => guarded(() => worker.queue(batch, env, context)),
};
