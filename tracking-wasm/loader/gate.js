// What stands between a page and the pixel: nothing is fetched, stored or sent while the browser objects (Global Privacy Control,
// Do Not Track) or the visitor does (`optout`).

const PREFIX = "evothesis:";
const OPT_OUT = "evothesis:optout";

/**
 * Opens the gate where it may.
 * @param {() => Promise<any>} load fetches page.js
 * @param {{to: string, mode: string, consent?: string, debug?: boolean, ready?: () => void}} settings where to send to, and how
 * @param {Iterable<unknown>[]} [waiting] calls that came before
 * @returns {(command: unknown, ...rest: unknown[]) => void} takes calls
 */
export const gate = (load, settings, waiting = []) => {
  let optedOut = false;
  /** @type {Promise<any> | undefined} */
  let page;

  const isRefused = (settings.isRefused = () => {
    try {
      optedOut ||= localStorage[OPT_OUT] === "1";
      // another tab may have stored something before it heard of it
      for (const key of optedOut ? Object.keys(localStorage) : [])
        if (key.startsWith(PREFIX) && key !== OPT_OUT) delete localStorage[key];
    } catch {
      // storage is blocked: what was said on this page counts
    }
    return optedOut || navigator.globalPrivacyControl || (navigator.doNotTrack ?? window.doNotTrack) === "1";
  });

  /** @param {(module: any) => void} action where page.js cannot be loaded, the page must not notice */
  const then = (action) => page?.then(action).catch(() => {});

  const start = () => {
    if (page || isRefused()) return;
    page = new Promise((done) => {
      if (document.prerendering) document.addEventListener("prerenderingchange", done);
      else done();
    }).then(async () => {
      const module = await load();
      // takes calls from now on; where it cannot run, it never gets ready
      if (!isRefused()) module.start(settings).then(settings.ready, () => {});
      return module;
    });
    then(() => {});
  };

  const optOut = () => {
    optedOut = true;
    then((module) => module.stop());
    page = undefined;
    // wipes first: storage may be full of what is ours
    isRefused();
    try {
      localStorage[OPT_OUT] = "1";
    } catch {
      // nothing was stored either
    }
  };

  const optIn = () => {
    optedOut = false;
    try {
      delete localStorage[OPT_OUT];
    } catch {
      // see above
    }
    start();
  };

  const run = (command, first, second) => {
    if (command === "optout") optOut();
    else if (command === "optin") optIn();
    else if (command === "consent" || command === "mode") {
      settings[command] = first;
      settings.mode = { granted: "storage", denied: "cookieless" }[first] ?? settings.mode;
      then((module) => module.change());
    } else if (command === "track") {
      let json;
      let name = first;
      try {
        // as it is now: the caller may change it while the rest is loading
        json = JSON.stringify(second);
      } catch {
        // no JSON: without a name it is counted as dropped
        name = "";
      }
      then((module) => module.track(name, json));
    }
  };

  // whether and how there is to be a pixel at all comes first, whenever it was said
  for (const isEvent of [false, true]) {
    for (const call of waiting) if ((call[0] === "track") === isEvent) run(...call);
    if (!isEvent) start();
  }
  return run;
};
