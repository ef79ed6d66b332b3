// Commerce and leads: the names and types of `docs/site-developers.md`, also from a `dataLayer` as Google Analytics 4 has it.

import { isLong, tried } from "./text.js";

const EVENTS =
  "product_view add_to_cart remove_from_cart begin_checkout checkout_progress purchase refund lead signup subscription conversion".split(
    " ",
  );
/** GA4's names for them. */
const ALIASES = {
  view_item: "product_view",
  add_shipping_info: "checkout_progress",
  add_payment_info: "checkout_progress",
  generate_lead: "lead",
  sign_up: "signup",
  subscribe: "subscription",
};

/**
 * @param {unknown} name
 * @returns {boolean} whether it may be an event's type, as `wire::check` has it
 */
export const isEventType = (name) => /^[a-z][a-z\d_]{0,63}$/.test(name);

/**
 * @param {string} name an event type
 * @param {string} json its data
 * @returns {string} the same; of a commerce event with our names for the keys, and numbers, codes and ids as such
 */
export const typed = (name, json) => {
  if (!EVENTS.includes(name)) return json;
  const renamed = json.replace(/"(?:item_(\w+)|transaction_id)":/g, (_, key) => `"${key ?? "order_id"}":`);
  const data = JSON.parse(renamed, (key, value) => {
    if (value == null) return value;
    if (/^(value|price|quantity|tax|shipping|discount|revenue)$/.test(key))
      return isNaN(value) || isNaN(parseFloat(value)) ? value : +value;
    if (key === "currency") return String(value).toUpperCase();
    return /^(order_)?id$/.test(key) ? String(value) : value;
  });
  // what was bought is too much to be told, and what was paid is not
  if (data.items && isLong(JSON.stringify(data))) {
    data.item_count = data.items.length;
    delete data.items;
  }
  return JSON.stringify(data);
};

/**
 * @param {(name: string, json: string) => void} track
 * @returns {(entry: unknown) => void} hands on an entry of a data layer, if it is such an event
 */
export const bridge = (track) => (entry) =>
  // anything may lie there
  tried(() => {
    // gtag() puts its arguments there
    const [command, event, data] = entry.length ? entry : ["event", entry.event, entry.ecommerce ?? entry];
    const name = ALIASES[event] ?? event;
    // who the visitor is to Google, and what only its tag manager needs
    const own = (key, value) => (/^(user|gtm|event$)/.test(key) ? undefined : value);
    if (command === "event" && EVENTS.includes(name)) track(name, JSON.stringify(data, own));
  });
