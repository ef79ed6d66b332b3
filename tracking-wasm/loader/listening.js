// Listens to the page.
import { act, change, close, isHidden, open, percent, reach } from "./attention.js";
import { linkTo, pathOf } from "./addresses.js";
import { isRage } from "./burst.js";
import { bridge } from "./commerce.js";
import { abandoned, edit, end, isInput, submission } from "./forms.js";
import {
  MEANT,
  UNREAD,
  attribute,
  closest,
  declared,
  fieldFacts,
  fieldsOf,
  formFacts,
  has,
  isIgnored,
  isReactive,
  isPrivate,
  linkOf,
  nameOf,
  selectorOf,
} from "./reading.js";
import { leaveTurn, sendLast } from "./sending.js";
import { guarded, later, moment, tell } from "./tell.js";
import { inner, text, tried } from "./text.js";
import { observeVitals, restartVitals, vitals } from "./vitals.js";

/** A click that changes nothing for this long had no effect, in ms. */
const EFFECT_MS = 2000;
/** A selection that stays for this long is settled, in ms. */
const SETTLED_MS = 500;
/** A router has set the title of a page this long after the address, in ms. */
const ROUTER_MS = 30;
/** How long after its `submit` event a form that is submitted by script is the same submission, in ms. */
const SAME_SUBMIT_MS = 5000;

/** Where a document or shadow tree says who listens to it. Frames of the same origin may have a pixel of their own: theirs is theirs. */
const LISTENER = "_evothesis";
const us = {};

const passive = { capture: true, passive: true };
/** @param {EventTarget} target @param {Record<string, (event: any) => void>} actions by the events' names */
const on = (target, actions) => {
  for (const [name, action] of Object.entries(actions)) {
    const hear = guarded((event) => (target[LISTENER] ?? us) === us && action(event));
    target.addEventListener(name, hear, passive);
  }
};

/** @param {string} name @param {object} facts */
const tellFacts = (name, facts) => tell("track", [name, inner(facts)]);

/** @param {string} state of the page: see {@link change} */
const tellState = (state) => tellFacts("page_visibility", change(state, moment()));

/** @type {(name: string, json: string) => void} */
let track;

const trackDeclared = (element) =>
  track(attribute(element, "data-evothesis-event"), JSON.stringify(declared(element)));

/** @param {Event} event @returns {Element} what it happened to, in open shadow trees too */
const targetOf = (event) => {
  if (!event.target.shadowRoot) return event.target;
  const path = event.composedPath();
  path.forEach(listenToTree);
  return path[0];
};

/**
 * @param {number} ms
 * @param {() => void} action
 * @returns {() => void} each call puts `action` off until there was none for so long. One timer does for many calls: to set
 * one costs more than all else that a listener does
 */
const settled = (ms, action) => {
  let last = 0;
  let timer = 0;
  const check = guarded(() => {
    const rest = last + ms - performance.now();
    timer = rest > 0 ? setTimeout(check, rest) : 0;
    if (!timer) action();
  });
  return () => {
    last = performance.now();
    timer ||= setTimeout(check, ms);
  };
};

// --- pages ---

/** @type {{url?: string, path?: string}} the one that is open */
let page = {};

/**
 * A page is shown: loaded, restored from the back/forward cache, or reached by a route change, which counts when its path is another
 * one. Of a route change the page before is the referrer.
 * @param {string} navigation
 */
export const pageShown = guarded((navigation) => {
  const isRoute = /state|hash/.test(navigation);
  const path = pathOf(location).slice(0, 2000);
  if (isRoute && path === page.path) return;
  abandon();
  exit();
  open(moment());
  // each by itself: another script may have made one of them throw
  const device = isRoute
    ? { previous_path: page.path }
    : navigation !== "bfcache" && {
        language: tried(() => text(navigator.language)),
        timezone:
          // the first formatter of a page takes some 20 ms, `Temporal` next to nothing; not every browser has it
          tried(() => Temporal.Now.timeZoneId()) ??
          tried(() => Intl.DateTimeFormat().resolvedOptions().timeZone),
        screen_width: tried(() => screen.width),
        screen_height: tried(() => screen.height),
        viewport_width: innerWidth,
        viewport_height: innerHeight,
        device_pixel_ratio: tried(() => Math.round(devicePixelRatio * 100) / 100),
      };
  page = {
    url: location.href.slice(0, 2000),
    path,
    referrer: isRoute ? page.url : (tried(() => document.referrer.slice(0, 2000)) ?? ""),
    title: tried(() => text(document.title, 160)) ?? "",
  };
  tell("page", ["pageview", inner({ navigation, ...device }), inner(page)]);
  awaitSight();
});

/** The page is left. */
const exit = () => {
  const facts = close(moment());
  if (facts) tellFacts("page_exit", facts);
};

/** A page that is on the screen for a second was seen. */
const awaitSight = () =>
  setTimeout(
    guarded(() => {
      if (!document.hidden) measure();
    }),
    1000,
  );

/**
 * Of events that come by the dozen, one is heard and then none for a while: to be called costs more than what is done.
 * @param {string[]} names
 * @param {number} ms
 * @param {() => void} first
 * @param {() => void} [last] when the while is over
 * @returns {() => void} ends it
 */
const seldom = (names, ms, first, last = () => {}) => {
  let resting = 0;
  // also after an opt-out, which may be taken back
  const heard = () => {
    if (resting) return;
    resting = setTimeout(rested, ms);
    guarded(first)();
  };
  const hear = () => {
    for (const name of names) document.addEventListener(name, heard, { ...passive, once: true });
  };
  const rested = () => {
    if (!resting) return;
    clearTimeout(resting);
    resting = 0;
    hear();
    guarded(last)();
  };
  hear();
  return rested;
};

/** Width and height of the page, known from its last layout: to ask in between would force another. */
let width = 0;
let height = 0;
const size = () => ({ scrollWidth: width, scrollHeight: height } = document.documentElement);

const measure = () => {
  size();
  for (const facts of reach(scrollY + innerHeight, height, scrollY, moment()))
    tellFacts("scroll_depth", facts);
};

let routeChange = "";

/** What happens from now on happens on the page that the address has changed to. */
export const settleRoute = () => {
  const kind = routeChange;
  // whatever becomes of this one, the next is heard
  routeChange = "";
  if (kind) pageShown(kind);
};

/** @param {string} kind how the address was changed; where that leads is seen when the router has finished */
const routeChanged = (kind) => {
  reacted();
  if (!routeChange) setTimeout(settleRoute, ROUTER_MS);
  // some replace the state before they push a new one
  if (routeChange !== "pushstate") routeChange = kind;
};

/**
 * Calls `before` whenever the page calls `owner[name]`, whose behaviour stays as it is.
 * @param {object} owner
 * @param {string} name
 * @param {(self: unknown, args: unknown[]) => void} before
 */
const overhear = (owner, name, before) => {
  const original = owner[name];
  const hear = guarded(before);
  tried(() => {
    // frozen objects stay as they are
    owner[name] = function (...args) {
      hear(this, args);
      return original.apply(this, args);
    };
  });
};

// --- clicks ---

let isAwaited = false;
const observer = new MutationObserver(() => reacted());
const awaitEffect = settled(EFFECT_MS, () => {
  if (!isAwaited) return;
  reacted();
  tell("dead");
});

/** The last click had an effect, or there was none to wait for. */
const reacted = () => {
  isAwaited = false;
  observer.disconnect();
};

/** What the label is for that was clicked: the browser clicks it too. */
let labelled;

/**
 * Only reads: what the click changes may be gone later. What is read is told later.
 * @param {MouseEvent} event
 */
const clicked = (event) => {
  const target = targetOf(event);
  if (target.nodeType !== 1 || isIgnored(target)) return;
  if (target === labelled && !has(target, "data-evothesis-event")) return;
  const meant = closest(target, MEANT);
  labelled = meant?.control;
  const element = meant ?? target;
  const label = nameOf(element, meant);
  const selector = selectorOf(element);
  const address = linkOf(element);
  // a page that is left changes elsewhere
  const waits = (isAwaited = isReactive(target) && /#|^$/.test(address[0]));
  for (const root of isAwaited ? [document, target.getRootNode()] : [])
    observer.observe(root, { attributes: true, characterData: true, childList: true, subtree: true });
  const own = closest(target, "[data-evothesis-event]");
  later(() => {
    labelled = undefined;
    if (waits) awaitEffect();
    // clicked before the first layout was
    if (!width) size();
    const { href, ...link } = linkTo(...address);
    const facts = {
      element: {
        tag: text(element.localName),
        id: text(attribute(element, "id")) || undefined,
        classes: text(attribute(element, "class"), 256) || undefined,
        role: text(attribute(element, "role"), 64) || undefined,
        text: text(label, 100) || undefined,
        href,
        selector: selector.slice(0, 256),
      },
      x: Math.round(event.clientX),
      y: Math.round(event.clientY),
      page_x: Math.round(event.pageX),
      page_y: Math.round(event.pageY),
      percent_x: percent(event.pageX, width),
      percent_y: percent(event.pageY, height),
      ...link,
      rage: isRage(moment(), event.clientX, event.clientY) || undefined,
    };
    // with room for what may have to be said later: see `DEAD` in tracker/mod.rs
    if (waits) tell("click", ["click", inner(facts) + "            "]);
    else tellFacts("click", facts);
    if (own && own.localName !== "form") trackDeclared(own);
  });
};

// --- forms ---

/** @type {WeakMap<Element, {changes: number, ms: number, since: number, changed?: number, submitted?: number}>} since when a
 * field has the focus, and when it got it when it was last changed; when the last `submit` event of a form was */
const fields = new WeakMap();
const recordOf = (field) => {
  if (!fields.has(field)) fields.set(field, { changes: 0, ms: 0, since: 0 });
  return fields.get(field);
};

/** @param {Event} event */
const entered = (event) => {
  recordOf(targetOf(event)).since = event.timeStamp;
};

/** @param {Event} event */
const left = (event) => {
  const record = recordOf(targetOf(event));
  if (record.since) record.ms += event.timeStamp - record.since;
  record.since = 0;
};

/** @param {Event} event */
const edited = (event) => {
  const field = targetOf(event);
  const record = recordOf(field);
  // typing is one change
  if (record.since && record.since === record.changed) return;
  record.changed = record.since;
  record.changes++;
  const { form } = field;
  if (!form || isIgnored(field)) return;
  const facts = formFacts(form);
  if (edit(form, { ...facts, field: text(field.name) }, performance.now())) tellFacts("form_start", facts);
};

/** The page is left, and with it its forms. */
const abandon = () => {
  for (const facts of abandoned(performance.now())) tellFacts("form_abandon", facts);
};

/** @param {SubmitEvent} event */
const submitSeen = (event) => {
  const form = targetOf(event);
  recordOf(form).submitted = performance.now();
  submitted(form);
};

/** @param {HTMLFormElement} form */
const submitted = (form) => {
  // throws for anything but a form
  const all = fieldsOf(form);
  if (isIgnored(form)) return;
  reacted();
  const told = [];
  for (const field of all) {
    if (isIgnored(field) || !isInput(field.type)) continue;
    const { changes, ms, since } = recordOf(field);
    const now = since && performance.now();
    const spent = Math.round(ms + now - since);
    told.push({ position: told.length, changes, ms: spent, ...fieldFacts(field) });
    // it may be filled in again, without losing the focus
    fields.set(field, { changes: 0, ms: 0, since: now });
  }
  end(form);
  tell("track", ["form_submit", submission(formFacts(form), told)]);
  if (has(form, "data-evothesis-event")) trackDeclared(form);
};

/** @param {HTMLFormElement} form whose `submit()` is called, often by the handler that stopped its event */
const submitCalled = (form) => {
  const isSame = performance.now() - recordOf(form).submitted < SAME_SUBMIT_MS;
  if (!isSame) submitted(form);
};

// --- text ---

let lastLength = 0;

/** @param {Document} document @returns {string} what is selected there, unless some of it is written by a visitor or ignored */
const selected = (document) => {
  const { activeElement } = document;
  const selection = document.getSelection();
  const { anchorNode, anchorOffset } = selection;
  // what is selected in a field that was left is anchored before the field; which one has the focus in a shadow tree is not asked
  const starts = [activeElement, anchorNode, anchorNode?.childNodes[anchorOffset]];
  const isWithheld =
    activeElement?.shadowRoot ||
    starts.some(isPrivate) ||
    [...document.querySelectorAll(UNREAD)].some((element) => selection.containsNode(element, true));
  return isWithheld ? "" : String(selection);
};

/** @param {Document} document */
const selectionSettled = (document) => {
  const { length } = selected(document);
  if (length > 10 && length !== lastLength) tellFacts("text_select", { length });
  lastLength = length;
};

/** @param {Document} document */
const copied = (document) => {
  const copy = selected(document);
  if (copy) tellFacts("text_copy", { length: copy.length, preview: text(copy, 100) });
};

// --- trees ---

/** @param {Node} node @returns {unknown} whether nobody listens to it yet; from now on we do */
const isNew = (node) => !node[LISTENER] && (node[LISTENER] = us);

/** @param {Node} root an open shadow tree, whose forms keep their events to themselves */
const listenToTree = (root) => {
  if (root.host && isNew(root)) on(root, { submit: submitSeen });
};

/** @param {HTMLIFrameElement} frame a frame of the same origin; another's document cannot be had */
const enter = (frame) => {
  if (frame.contentDocument && !isIgnored(frame)) listenTo(frame.contentDocument);
};

/** @param {Document} document */
const listenTo = (document) => {
  if (!isNew(document)) return;
  const settle = settled(SETTLED_MS, () => selectionSettled(document));
  on(document, {
    click: clicked,
    submit: submitSeen,
    focusin: entered,
    focusout: left,
    input: edited,
    copy: () => copied(document),
    selectionchange() {
      reacted();
      settle();
    },
    load({ target }) {
      if (target.localName === "iframe") enter(target);
    },
  });
  later(() => document.querySelectorAll("iframe").forEach(guarded(enter)));
};

let lastVitals = "";

/** @param {boolean} isGone */
const leave = (isGone) => {
  settleRoute();
  // a page that is left is hidden a moment later: one request says both
  if (!isHidden) tellState("hidden");
  // soon, since the browser looks whether the page still waits for something
  leaveTurn(isGone);
  const measured = inner(vitals());
  if (measured !== lastVitals) tell("track", ["web_vitals", measured]);
  lastVitals = measured;
  if (isGone) abandon();
  exit();
  sendLast();
};

/** The page is seen again. */
const comeBack = () => {
  if (isHidden) tellState("visible");
  leaveTurn(false);
  awaitSight();
};

/**
 * Listens from now on, if it does not yet.
 * @param {typeof track} tracker takes the site's own events
 */
export const listen = (tracker) => {
  if (track) return;
  track = tracker;
  later(observeVitals);
  // is called when the layout is done
  later(() => new ResizeObserver(guarded(size)).observe(document.documentElement));
  // even if the page around this one was there first
  document[LISTENER] = undefined;
  listenTo(document);
  // opened behind another tab
  if (document.hidden) tellState("hidden");
  const settleScroll = seldom(["scroll"], 100, reacted, measure);
  seldom(["pointermove", "keydown", "touchstart", "wheel"], 1000, () =>
    later(() => {
      act(moment());
      findLayer();
    }),
  );
  on(document, {
    visibilitychange() {
      reacted();
      settleScroll();
      if (!document.hidden) comeBack();
      else if (!isHidden) leave(false);
    },
  });
  const focusChanged = ({ type, target }) => {
    if (target === window) tellState(type);
  };
  const addressChanged = ({ type }) => routeChanged(type);
  for (const name of ["pushState", "replaceState"])
    overhear(history, name, () => routeChanged(name.toLowerCase()));
  overhear(HTMLFormElement.prototype, "submit", submitCalled);
  let layer;
  const findLayer = () => {
    if (layer || !Array.isArray(window.dataLayer)) return;
    layer = window.dataLayer;
    const take = bridge(track);
    overhear(layer, "push", (_, entries) => entries.forEach(take));
    layer.forEach(take);
  };
  guarded(findLayer)();
  on(window, {
    load: findLayer,
    focus: focusChanged,
    blur: focusChanged,
    pagehide() {
      settleScroll();
      leave(true);
    },
    pageshow({ persisted }) {
      if (!persisted) return;
      comeBack();
      restartVitals();
      pageShown("bfcache");
    },
    popstate: addressChanged,
    hashchange: addressChanged,
    online: () => tell("online"),
  });
};
