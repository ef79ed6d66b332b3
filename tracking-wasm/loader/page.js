// The pixel's hands: reads the page into JSON without anything personal, stores, sends and waits as the Wasm says. Every entry
// from the page is wrapped, so that no exception of ours reaches it.
import { close } from "./attention.js";
import { listen, pageShown, settleRoute } from "./listening.js";
import { navigation } from "./vitals.js";
import { isEventType, typed } from "./commerce.js";
import { abandoned } from "./forms.js";
import { isFlat } from "./scrub.js";
import { isGone, sendLast } from "./sending.js";
import { SETTINGS, use } from "./settings.js";
import { isRemembered, keepAs } from "./storage.js";
import { inner } from "./text.js";
import { begin, guarded, isRunning, moment, stop, tell, tellStorage } from "./tell.js";

/** The settings are new. */
export const change = guarded(() => {
  const { mode } = SETTINGS;
  // a batch that says anything else is taken by no edge
  const consent = /^(granted|denied)$/.exec(SETTINGS.consent)?.[0] ?? "unknown";
  const cookieless = mode === "cookieless" || undefined;
  // what was put off happened before
  moment();
  keepAs(mode);
  tellStorage("mode", [inner({ cookieless, consent })]);
});

/**
 * Starts the pixel. It notices everything from now on; when this is done, all of it is also kept.
 * @param {typeof SETTINGS} settings see gate.js
 * @returns {Promise<void>} fails where there is neither Wasm nor what stands in for it
 */
export const start = async (settings) => {
  use(settings);
  if (isRunning()) return;
  if (settings.mode === "memory" && isRemembered()) {
    settings.mode = "storage";
    settings.consent ??= "granted";
  }
  // what was begun before an opt-out is nobody's business
  abandoned(0);
  close(0);
  const begun = begin(change);
  begun.catch(stop);
  // before everything else: an event needs a page
  pageShown(navigation?.activationStart ? "prerender" : (navigation?.type ?? "navigate"));
  listen(track);
  await begun;
};

/**
 * An event of the site's own.
 * @param {unknown} name
 * @param {string} [json] its data
 */
export const track = guarded((name, json = "{}") => {
  // counted already, and by its path
  if (name === "pageview") return;
  settleRoute();
  const data = typed(name, json);
  const facts = data.startsWith("{") ? data.slice(1, -1) : `"value":${data}`;
  // what will not be taken has no name: it is counted as dropped
  const fits = isFlat(`{${facts}}`) && isEventType(name);
  tell("track", fits ? [name, facts] : []);
  // the site says it when the page is left, and was asked after us
  if (isGone) sendLast();
});

export { stop };
