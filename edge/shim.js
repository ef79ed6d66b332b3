// What workerd calls: hands requests, queue batches and questions to Durable Objects to the Wasm. A trap there is a bug of
// ours; it fails the calls under way, and the next call starts with a fresh instance instead of a broken one.
import * as worker from "edge-bindings";

let broken = false;
let instance = 0;

async function guarded(call) {
  if (broken) {
    worker.__wbg_reset_state();
    broken = false;
    instance += 1;
  }
  try {
    return await call();
  } catch (error) {
    broken = error instanceof WebAssembly.RuntimeError;
    throw error;
  }
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
  fetch: (request, env, context) => guarded(() => worker.fetch(request, env, context)),
  queue: (batch, env, context) => guarded(() => worker.queue(batch, env, context)),
};
