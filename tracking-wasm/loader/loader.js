// The consent gate, and all that a page loads before consent is clear: takes calls to `evothesis(…)`, and fetches the rest
// only when neither the browser (Global Privacy Control, Do Not Track) nor the visitor objects.
(() => {
  const PREFIX = "evothesis:";
  const OPT_OUT = PREFIX + "optout";
  const { src } = document.currentScript;
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

  /** @param {ArrayLike<unknown>} call the arguments of `evothesis(…)` */
  const run = ([command, ...rest]) => {
    if (command === "optout") optOut();
    else if (command === "optin") optIn();
    else if (command === "track") page?.then((module) => module.track(...rest)).catch(() => {});
  };

  const api = (window.evothesis ||= function () {
    api.q.push(arguments);
  });
  const waiting = [...(api.q || [])];
  const isChoice = ([command]) => command !== "track";
  api.q = { push: run };
  waiting.filter(isChoice).forEach(run);
  if (!page) start();
  waiting.filter((call) => !isChoice(call)).forEach(run);
})();
