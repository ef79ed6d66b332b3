// Core Web Vitals, measured as the `web-vitals` library does (https://github.com/GoogleChrome/web-vitals).

import { tried } from "./text.js";

/** @type {PerformanceNavigationTiming | undefined} how the page came to be */
export const navigation = tried(() => performance.getEntriesByType("navigation")[0]);
/** A prerendered page is measured from when it is shown. */
const activation = navigation?.activationStart ?? 0;
const since = (time) => Math.max(time - activation, 0);

/** @type {{lcp?: number, inp?: number, cls?: number, fcp?: number, ttfb?: number}} */
let found = {};
/** Of shifts that follow one another closely: when the first and the last was, and their sum. */
let first = 0;
let last = -1000;
let sum = 0;
/** @type {Map<number, number>} the longest interactions and how long they took */
let interactions = new Map();
let hidden = Infinity;
/** Interactions before the page came back. */
let earlier = 0;

/** @type {[PerformanceObserver, (entry: any) => void][]} */
const observers = [];

const readers = {
  paint({ name, startTime }) {
    if (name === "first-contentful-paint" && startTime < hidden) found.fcp = since(startTime);
  },
  "largest-contentful-paint"({ startTime }) {
    if (startTime < hidden) found.lcp = since(startTime);
  },
  "layout-shift"({ hadRecentInput, startTime, value }) {
    if (hadRecentInput) return;
    if (startTime - last >= 1000 || startTime - first >= 5000) {
      first = startTime;
      sum = 0;
    }
    last = startTime;
    sum += value;
    found.cls = Math.max(found.cls, sum);
  },
  event({ duration, interactionId }) {
    if (!interactionId) return;
    interactions.set(interactionId, Math.max(duration, interactions.get(interactionId) ?? 0));
    const longest = [...interactions].sort(([, one], [, other]) => other - one).slice(0, 10);
    interactions = new Map(longest);
  },
};
readers["first-input"] = readers.event;

/** Begins to measure. */
export const observeVitals = () => {
  if (document.hidden) hidden = 0;
  if (navigation?.responseStart) found.ttfb = since(navigation.responseStart);
  for (const [type, read] of Object.entries(readers)) {
    // not every browser measures everything
    tried(() => {
      const observer = new PerformanceObserver((list) => list.getEntries().forEach(read));
      observer.observe({ type, buffered: true, durationThreshold: 40 });
      if (type === "layout-shift") found.cls = 0;
      observers.push([observer, read]);
    });
  }
};

const countInteractions = () => performance.interactionCount ?? 0;

/** @returns {object} what was measured until now, in milliseconds, the layout's shift as the score that it is */
export const vitals = () => {
  for (const [observer, read] of observers) observer.takeRecords().forEach(read);
  hidden = Math.min(hidden, performance.now());
  const longest = [...interactions.values()];
  // one in fifty may be longer
  const allowed = Math.floor((countInteractions() - earlier) / 50);
  if (longest[0]) found.inp = longest[Math.min(allowed, longest.length - 1)];
  const rounded = {};
  for (const name of Object.keys(found)) {
    const unit = name === "cls" ? 1e4 : 1;
    rounded[name] = Math.round(found[name] * unit) / unit;
  }
  return rounded;
};

/** A page that comes back is measured anew; it needed no loading. */
export const restartVitals = () => {
  found = { cls: 0 };
  interactions.clear();
  first = last = sum = 0;
  earlier = countInteractions();
};
