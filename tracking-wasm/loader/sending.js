// Sends batches, one tab at a time where the browser has locks.
import { mend } from "./mend.js";
import { SETTINGS } from "./settings.js";
import { TOKEN, entries } from "./storage.js";
import { beat, guarded, splitOnce, tellStorage } from "./tell.js";

/** What all pages of a browser tab may have in flight with keepalive, in bytes, less some for the site's own. */
const KEEPALIVE_BYTES = 60 * 1024;
/** A request ends after this long. */
const PATIENCE_MS = 30_000;

/** What one tab stores is seen by another some time after the lock: only after it does a tab know that it is alone. */
const LAG_MS = 250;
const WAITED_LAG_MS = 1000;
/** Who got the lock later than this has waited for another tab. */
const AT_ONCE_MS = 20;

const { fetch } = window;
let isSending = false;
let isTurnDue = false;
let bytesInFlight = 0;
/** Gives up a turn that is waited for or taken: a page that has one cannot be kept in the back/forward cache. */
let giveUp;
/** Whether the page is left for good, or as it seems. */
export let isGone = false;

/** Sends what there is. */
export const takeTurn = async () => {
  isTurnDue = true;
  if (isSending || isGone) return;
  isSending = true;
  while (isTurnDue && !isGone) {
    isTurnDue = false;
    const asked = performance.now();
    const asking = new AbortController();
    const { signal } = asking;
    giveUp = () => asking.abort();
    const patience = setTimeout(giveUp, 2 * PATIENCE_MS);
    const given = new Promise((done) => (signal.onabort = done));
    try {
      await navigator.locks.request("evothesis", { signal }, async () => {
        clearTimeout(patience);
        const lag = performance.now() - asked > AT_ONCE_MS ? WAITED_LAG_MS : LAG_MS;
        // who the visitor is, another tab may just have heard
        if (SETTINGS.mode === "storage" && !entries().get(TOKEN))
          await new Promise((done) => {
            setTimeout(done, lag);
            given.then(done);
          });
        if (!isGone) await Promise.race([sendAll(), given]);
      });
    } catch {
      // no locks here, or a frozen tab keeps its turn
      if (!isGone) await sendAll();
    }
  }
  isSending = false;
  beat();
};

/** @param {boolean} gone see {@link isGone} */
export const leaveTurn = (gone) => {
  isGone = gone;
  if (gone) giveUp?.();
};

/** Stores and sends all there is: the page is left. */
export const sendLast = () => {
  tellStorage("leave", [isGone]);
  sendAll(true);
};

/** @param {boolean} [isLeaving] then nothing is waited for */
const sendAll = async (isLeaving = false) => {
  const next = guarded(() => tellStorage("next", [isLeaving, isGone]).at(-1));
  for (let entry; (entry = next());) {
    // what goes wrong is ours alone, and the batch is still kept
    const sent = send(...splitOnce(entry), isLeaving).catch(() => {});
    if (!isLeaving) await sent;
  }
};

/**
 * @param {string} key
 * @param {string} value the batch as it is kept: see batch.rs
 * @param {boolean} isLeaving
 */
const send = async (key, value, isLeaving) => {
  const [, body] = splitOnce(value);
  const { size } = new Blob([body]);
  const request = {
    method: "POST",
    body,
    credentials: "omit",
    keepalive: bytesInFlight + size <= KEEPALIVE_BYTES,
    signal: AbortSignal.timeout?.(PATIENCE_MS),
  };
  bytesInFlight += size;
  let answer = [key, 0];
  let mended = "";
  try {
    const response = await fetch(SETTINGS.to, request).catch((error) => {
      // the site may have used up the quota: without it, the request lives as long as the page
      if (isLeaving && request.keepalive) return fetch(SETTINGS.to, { ...request, keepalive: false });
      throw error;
    });
    answer = [key, response.status, response.headers.get("retry-after")];
    const { now, token, refused = [] } = await response.json();
    answer.push(now, token);
    mended = mend(body, refused, now, Date.now());
  } catch {
    // no answer, or not the edge's
  }
  bytesInFlight -= size;
  guarded(() => {
    tellStorage("reply", answer, mended);
    // what did not fit into storage may fit now
    beat();
  })();
};
