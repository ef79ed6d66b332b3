// The first that a page loads: takes calls to `evothesis(…)`, and opens the gate to the rest.
import { gate } from "./gate.js";

// a module has no script of its own, and does not know where the rest lies; an image may be named `currentScript`
const script = Reflect.get(Document.prototype, "currentScript", document);
const api = (window.evothesis ||= function () {
  api.q.push(arguments);
});
// whoever made the queue keeps it: Google Tag Manager asks for it only once
const queue = (api.q ||= []);

// a second tag: the first one's loader is at work. Pasted into a page, it does not know where the rest lies, either
if (script?.src && !Object.hasOwn(queue, "push")) {
  const url = new URL(script.src);
  // tag managers cannot set attributes
  const setting = (name) => script.dataset[name] ?? url.searchParams.get(name);
  const load = () => {
    const href = new URL(GLUE_FILE, url).href;
    // checks what is imported; an import alone cannot
    const link = {
      rel: "modulepreload",
      integrity: GLUE_INTEGRITY,
      crossOrigin: "",
      nonce: script.nonce,
      href,
    };
    document.head.append(Object.assign(document.createElement("link"), link));
    return import(href);
  };
  const settings = {
    to: url.origin + url.pathname.replace(/\/pixel[^/]*$/, "/collect"),
    mode: setting("mode") || "storage",
    debug: setting("debug") != null || location.search.includes("evothesis_debug"),
    clickIds: setting("clickIds"),
    ready: () => {
      api.ready = true;
    },
  };
  const run = gate(load, settings, queue.splice(0));
  // where arrays are frozen, an assignment does nothing
  Object.defineProperty(queue, "push", { value: (call) => run(...call) });
}
