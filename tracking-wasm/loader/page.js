// The pixel's hands: reads the page into plain values, stores, sends and waits as the Wasm says. It decides nothing. Every
// entry from the page is wrapped, so that no exception of ours reaches it.
import { initSync, Pixel } from "tracking-wasm-bindings";

const PREFIX = "evothesis:";
const OPT_OUT = PREFIX + "optout";
/** Separates records; must equal `RECORD` in queue.rs. */
const RECORD = "\u001e";
/** What all pages of a browser tab may have in flight with keepalive, in bytes, less some for the site's own. */
const KEEPALIVE_BYTES = 60 * 1024;

/** @type {Pixel | undefined} absent before the start and after an opt-out */
let pixel;
let collectUrl = "";
let timer = 0;
let isSending = false;
let isTurnDue = false;
let bytesInFlight = 0;
let isListening = false;

// --- storage: localStorage, or memory where it is blocked or full ---

/** @type {Map<string, string>} */
const memory = new Map();

/** @returns {string} everything the pixel has stored, as the Wasm reads it */
function storage() {
  const entries = new Map(memory);
  try {
    for (const key of Object.keys(localStorage)) {
      if (key.startsWith(PREFIX) && !entries.has(key)) entries.set(key, localStorage.getItem(key));
    }
  } catch {
    // blocked
  }
  return [...entries].map(([key, value]) => key + "\n" + value).join(RECORD);
}

/** @param {string} changes as the Wasm writes them: `key\nvalue`, no value to remove the key */
function store(changes) {
  for (const record of changes.split(RECORD)) {
    const [key, value] = splitOnce(record);
    if (!key) continue;
    memory.delete(key);
    try {
      if (value) localStorage.setItem(key, value);
      else localStorage.removeItem(key);
    } catch {
      if (value) memory.set(key, value);
    }
  }
}

/**
 * @param {string} text
 * @returns {[string, string]} what stands before and after its first line feed
 */
function splitOnce(text) {
  const at = text.indexOf("\n");
  return [text.slice(0, at), text.slice(at + 1)];
}

/** @returns {boolean} whether the visitor opted out, in this tab or another */
function isOptedOut() {
  try {
    return localStorage.getItem(OPT_OUT) === "1";
  } catch {
    return false;
  }
}

// --- time ---

/** @param {boolean} [leaving] */
function tick(leaving = false) {
  if (isOptedOut()) stop();
  if (!pixel) return;
  store(pixel.step(leaving ? "leave" : "tick", storage(), ""));
  if (leaving) sendAll("leaving");
  else if (pixel.turn()) takeTurn();
  see("", "");
}

/**
 * Tells the Wasm of something, and comes back when it asks to.
 * @param {string} what
 * @param {string} text
 */
function see(what, text) {
  clearTimeout(timer);
  const wait = pixel.see(what, text);
  if (wait >= 0) timer = setTimeout(guarded(tick), wait, false);
}

/**
 * @template {unknown[]} A
 * @template R
 * @param {(...args: A) => R} action
 * @returns {(...args: A) => R | undefined} the same, silent and only while the pixel runs
 */
function guarded(action) {
  return (...args) => {
    if (!pixel) return;
    try {
      return action(...args);
    } catch (error) {
      // after a trap the Wasm's memory is not to be trusted
      if (error instanceof WebAssembly.RuntimeError) pixel = undefined;
    }
  };
}

// --- network ---

/** Sends what there is, one tab at a time where the browser has locks. */
async function takeTurn() {
  isTurnDue = true;
  if (isSending) return;
  isSending = true;
  try {
    while (isTurnDue) {
      isTurnDue = false;
      await turn();
    }
  } finally {
    isSending = false;
  }
  guarded(tick)();
}

async function turn() {
  try {
    await navigator.locks.request(PREFIX, { signal: AbortSignal.timeout(60000) }, () => sendAll("locked"));
  } catch {
    // no locks here, or a frozen tab keeps its turn
    await sendAll("unlocked");
  }
}

/** @param {"locked" | "unlocked" | "leaving"} how when leaving, nothing is waited for */
async function sendAll(how) {
  const next = guarded(() => {
    const entry = pixel.step(how, storage(), "");
    store(entry);
    return entry;
  });
  for (let entry; (entry = next());) {
    // what goes wrong is ours alone, and the batch is still in storage
    const sent = send(...splitOnce(entry), how === "leaving").catch(() => {});
    if (how !== "leaving") await sent;
  }
}

/**
 * @param {string} key
 * @param {string} value the batch as stored: a line for the pixel, then the body
 * @param {boolean} leaving
 */
async function send(key, value, leaving) {
  const body = new TextEncoder().encode(splitOnce(value)[1]);
  const request = {
    method: "POST",
    body,
    headers: { "content-type": "text/plain" },
    credentials: "omit",
    keepalive: bytesInFlight + body.length <= KEEPALIVE_BYTES,
    signal: AbortSignal.timeout?.(30000),
  };
  bytesInFlight += body.length;
  let status = 0;
  let retryAfter = 0;
  let answer = [];
  try {
    const response = await fetch(collectUrl, request).catch((error) => {
      // the site may have used up the quota: without it, the request lives as long as the page
      if (leaving && request.keepalive) return fetch(collectUrl, { ...request, keepalive: false });
      throw error;
    });
    status = response.status;
    retryAfter = Number(response.headers.get("retry-after")) || 0;
    const { now, token, refused } = await response.json();
    answer = [now, token, ...(refused ?? []).map(({ seq, reason }) => seq + " " + reason)].map(plain);
  } catch {
    // no answer, or not ours
  }
  bytesInFlight -= body.length;
  guarded(() => {
    if (isOptedOut()) return stop();
    store(pixel.step("answered", storage(), lines(key, status, retryAfter, ...answer)));
    // what did not fit into storage may fit now
    tick();
  })();
}

// --- reading the page ---

/**
 * @param {unknown[]} parts
 * @returns {string} a line for each, without line feeds of their own
 */
function lines(...parts) {
  return parts.map(plain).join("\n");
}

/**
 * @param {unknown} value
 * @returns {string}
 */
function plain(value) {
  return String(value ?? "")
    .slice(0, 4096)
    .replace(/\s+/g, " ")
    .trim();
}

/**
 * An attribute, also of a form that has a field named `getAttribute`.
 * @param {Element} element
 * @param {string} name
 * @returns {string}
 */
function attribute(element, name) {
  return Element.prototype.getAttribute.call(element, name) ?? "";
}

/**
 * @param {string} address
 * @returns {string} the same, absolute
 */
function absolute(address) {
  try {
    return new URL(address, document.baseURI).href;
  } catch {
    return "";
  }
}

/** @param {string} navigation */
function pageShown(navigation) {
  const query = [...new URLSearchParams(location.search)].map((pair) => pair.map(plain).join("\t"));
  const place = lines(
    navigation,
    location.href,
    document.title,
    document.referrer,
    navigator.language,
    Intl.DateTimeFormat().resolvedOptions().timeZone,
    screen.width,
    screen.height,
    innerWidth,
    innerHeight,
    Math.round(devicePixelRatio * 100),
  );
  see("page", [place, ...query].join("\n"));
  setTimeout(guarded(seen), 1000);
}

/** A page that is on the screen for a second was seen. */
function seen() {
  if (document.visibilityState === "visible") measure(false);
}

/** @param {boolean} scrolled */
function measure(scrolled) {
  const { scrollHeight } = document.documentElement;
  see("scroll", lines(Math.ceil(scrollY + innerHeight), scrollHeight, scrolled));
}

const ROLES = "button link tab menuitem menuitemcheckbox menuitemradio option checkbox radio switch";
/** What people mean to click. Landmarks also have a role, and a body may have a handler. */
const MEANT =
  "a,area,button,input,select,textarea,label,summary,option,[onclick]:not(body)," +
  ROLES.split(" ").map((role) => `[role=${role} i]`);
const WRITABLE = "input,select,textarea,option,[contenteditable]";

/** @param {MouseEvent} event */
function clicked(event) {
  const target = event.composedPath()[0];
  if (!(target instanceof Element)) return;
  const element = target.closest(MEANT) ?? target;
  const { scrollWidth, scrollHeight } = document.documentElement;
  see(
    "click",
    lines(
      element.localName,
      attribute(element, "id"),
      attribute(element, "class"),
      attribute(element, "role"),
      textOf(element),
      addressOf(element),
      selectorOf(element),
      Element.prototype.hasAttribute.call(element, "download"),
      event.clientX,
      event.clientY,
      event.pageX,
      event.pageY,
      scrollWidth,
      scrollHeight,
    ),
  );
}

/**
 * @param {Element} element
 * @returns {string} its name for people; nothing that a visitor may have written
 */
function textOf(element) {
  const label = attribute(element, "aria-label") || attribute(element, "title") || attribute(element, "alt");
  const isNamed = element.matches(MEANT) || !element.childElementCount;
  const isWritable =
    element.isContentEditable || element.matches(WRITABLE) || element.querySelector(WRITABLE);
  return label || (isNamed && !isWritable ? element.textContent : "");
}

/**
 * @param {Element} element
 * @returns {string} where a click on it leads
 */
function addressOf(element) {
  const link = element.closest("a,area");
  const address = link && (attribute(link, "href") || attribute(link, "xlink:href"));
  return address ? absolute(address) : "";
}

/** An id that was given by hand: escaped signs or many digits may hide whom or what it stands for. */
const GIVEN_ID = /^(?!(.*\d){4})[a-z][\w-]{0,31}$/i;

/**
 * @param {Element} element
 * @returns {string} a short selector: up to the next id, four steps at most
 */
function selectorOf(element) {
  const steps = [];
  for (let step = element; step && steps.length < 4; step = step.parentElement) {
    const id = attribute(step, "id");
    if (GIVEN_ID.test(id)) {
      steps.unshift("#" + id);
      break;
    }
    const alike = [...(step.parentElement?.children ?? [])].filter(
      (other) => other.localName === step.localName,
    );
    steps.unshift(step.localName + (alike.length > 1 ? `:nth-of-type(${alike.indexOf(step) + 1})` : ""));
  }
  return steps.join(">");
}

const elementsOf = Object.getOwnPropertyDescriptor(HTMLFormElement.prototype, "elements").get;

/** @param {unknown} form */
function submitted(form) {
  if (!(form instanceof HTMLFormElement)) return;
  const fields = [...elementsOf.call(form)].map((field) =>
    [attribute(field, "name"), field.type, attribute(field, "autocomplete"), isFilled(field)]
      .map(plain)
      .join("\t"),
  );
  const described = lines(
    attribute(form, "id"),
    attribute(form, "name"),
    absolute(attribute(form, "action")),
    attribute(form, "method").toLowerCase(),
  );
  see("submit", [described, ...fields].join("\n"));
}

/**
 * @param {HTMLInputElement} field
 * @returns {boolean} all that is asked of its value
 */
function isFilled(field) {
  return field.type === "checkbox" || field.type === "radio" ? field.checked : Boolean(field.value);
}

/** How long after its `submit` event a form that is submitted by script is the same submission, in ms. */
const SAME_SUBMIT_MS = 5000;
/** @type {WeakMap<EventTarget, number>} when the last `submit` event of a form was */
const submitEvents = new WeakMap();

/** @param {SubmitEvent} event */
function submitSeen({ target }) {
  submitEvents.set(target, performance.now());
  submitted(target);
}

/** @param {unknown} form whose `submit()` is called, often by the handler that stopped its event */
function submitCalled(form) {
  const isSame = performance.now() - submitEvents.get(form) < SAME_SUBMIT_MS;
  if (!isSame) submitted(form);
}

// --- listening ---

let routeChange = "";

/** @param {string} kind how the address was changed; where that leads is seen when the router has finished */
const routeChanged = (kind) => {
  if (!routeChange) {
    setTimeout(() => {
      guarded(pageShown)(routeChange);
      routeChange = "";
    });
  }
  // some replace the state before they push a new one
  if (routeChange !== "pushstate") routeChange = kind;
};

/**
 * Calls `before` whenever the page calls `owner[name]`, whose behaviour stays as it is.
 * @param {object} owner
 * @param {string} name
 * @param {(self: unknown) => void} before
 */
function overhear(owner, name, before) {
  const original = owner[name];
  owner[name] = function (...args) {
    before(this);
    return original.apply(this, args);
  };
}

function listen() {
  isListening = true;
  const passive = { capture: true, passive: true };
  let scrolling = 0;
  const scrolled = () => {
    scrolling = 0;
    measure(true);
  };
  const leave = () => {
    if (scrolling) {
      clearTimeout(scrolling);
      scrolled();
    }
    tick(true);
  };
  const on = (target, name, action) => target.addEventListener(name, guarded(action), passive);

  on(document, "click", clicked);
  on(document, "submit", submitSeen);
  on(document, "scroll", ({ target }) => {
    if (target === document) scrolling ||= setTimeout(guarded(scrolled), 100);
  });
  on(document, "visibilitychange", () => {
    if (document.visibilityState === "hidden") leave();
    else setTimeout(guarded(seen), 1000);
  });
  on(window, "pagehide", leave);
  on(window, "pageshow", (event) => {
    if (event.persisted) pageShown("bfcache");
  });
  on(window, "popstate", () => routeChanged("popstate"));
  on(window, "hashchange", () => routeChanged("hashchange"));
  on(window, "online", () => {
    see("online", "");
  });
  overhear(history, "pushState", () => routeChanged("pushstate"));
  overhear(history, "replaceState", () => routeChanged("replacestate"));
  overhear(HTMLFormElement.prototype, "submit", guarded(submitCalled));
}

// --- what the loader calls ---

/**
 * @param {string} src the loader's own address: everything lies beside it
 * @returns {Promise<void>}
 */
export async function start(src) {
  if (pixel) return;
  const response = await fetch(new URL(WASM_FILE, src), { integrity: WASM_INTEGRITY });
  const module = await WebAssembly.compile(await response.arrayBuffer());
  if (pixel || isOptedOut()) return;
  initSync({ module });
  collectUrl = new URL("collect", src).href;
  pixel = new Pixel();
  if (!isListening) listen();
  pageShown(performance.getEntriesByType("navigation")[0]?.type ?? "navigate");
}

/** Forgets everything; what is stored is the loader's to wipe. */
export function stop() {
  clearTimeout(timer);
  memory.clear();
  pixel = undefined;
}

/**
 * An event of the site's own.
 * @param {unknown} name
 * @param {string} [json] its data
 */
export const track = guarded((name, json = "") => see("track", plain(name) + "\n" + json));
