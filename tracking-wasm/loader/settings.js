/** What the site has set; see gate.js. The object is the gate's, which changes it while the pixel runs. */
export let SETTINGS;

export const use = (settings) => {
  SETTINGS = settings;
};
