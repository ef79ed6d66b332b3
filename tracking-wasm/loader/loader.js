// The first that a page loads: takes calls to `evothesis(…)`, and fetches the rest at once unless the browser objects (Global
// Privacy Control, Do Not Track) or the visitor has (`evothesis("optout")`).
(() => {
  const PREFIX = "evothesis:";
  const OPT_OUT = PREFIX + "optout";
  // a module has no script of its own, and does not know where the rest lies
  const src = document.currentScript?.src;
  const waiting = window.evothesis?.q ?? [];
  // a second tag: the first one's loader is at work
  if (!src || !Array.isArray(waiting)) return;
  let optedOut = false;

  /** @returns {boolean} whether nothing may be fetched, stored or sent */
  const isRefused = () => {
    try {
      optedOut = localStorage.getItem(OPT_OUT) === "1";
    } catch {
      // storage is blocked: what was said on this page counts
    }
    return (
      optedOut ||
      navigator.globalPrivacyControl === true ||
      ["1", "yes"].includes(navigator.doNotTrack ?? window.doNotTrack)
    );
  };

  const optOut = () => {
    optedOut = true;
    page?.then((module) => module.stop()).catch(() => {});
    try {
      for (const key of Object.keys(localStorage)) {
        if (key.startsWith(PREFIX)) localStorage.removeItem(key);
      }
      localStorage.setItem(OPT_OUT, "1");
    } catch {
      // nothing was stored either
    }
  };

  const optIn = () => {
    optedOut = false;
    try {
      localStorage.removeItem(OPT_OUT);
    } catch {
      // see above
    }
    start();
  };

  /** @type {Promise<{start: Function, stop: Function, track: Function}> | undefined} */
  let page;
  const start = () => {
    if (isRefused()) return;
    const visible = document.prerendering
      ? new Promise((done) => document.addEventListener("prerenderingchange", done, { once: true }))
      : Promise.resolve();
    page = visible
      .then(() => import(new URL(GLUE_FILE, src).href))
      .then(async (module) => {
        if (!isRefused()) {
          await module.start(src);
          api.ready = true;
        }
        return module;
      });
    // where it cannot be loaded, the page must not notice
    page.catch(() => {});
  };

  /**
   * Takes the data as it is now: the caller may change it while the rest is loading.
   * @param {unknown} name
   * @param {unknown} [data]
   */
  const track = (name, data) => {
    let json;
    try {
      json = JSON.stringify(data);
    } catch {
      // no JSON: without a name it is counted as dropped
      name = "";
    }
    page?.then((module) => module.track(name, json)).catch(() => {});
  };

  /** @param {Iterable<unknown>} call the arguments of `evothesis(…)` */
  const run = ([command, ...rest]) => {
    if (command === "optout") optOut();
    else if (command === "optin") optIn();
    else if (command === "track") track(...rest);
  };

  const api = (window.evothesis ||= function () {
    api.q.push(arguments);
  });
  const isChoice = ([command]) => command !== "track";
  api.q = { push: run };
  waiting.filter(isChoice).forEach(run);
  if (!page) start();
  waiting.filter((call) => !isChoice(call)).forEach(run);
})();
