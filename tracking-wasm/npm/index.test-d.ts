// What the types take and what they refuse; compiled by `tsc --project tracking-wasm/npm`, never run. Each
// `@ts-expect-error` fails the check when nothing is wrong behind it.
import { start, type Item, type Pixel } from "./index.js";

const pixel: Pixel = start({ edge: "https://e.example.com", mode: "memory", debug: true });
start({ collect: "https://example.com/w8/m.js" });
start({ edge: "https://e.example.com", collect: "https://example.com/w8/m.js" });
start({ edge: "https://e.example.com", clickIds: "value" });
const isReady: boolean = pixel.ready;
// @ts-expect-error it is the pixel that says so
pixel.ready = isReady;
// @ts-expect-error no such choice
start({ edge: "https://e.example.com", clickIds: "all" });
// @ts-expect-error neither edge nor collect
start({ mode: "storage" });
// @ts-expect-error no such mode
start({ edge: "https://e.example.com", mode: "cookies" });
// @ts-expect-error no such option
start({ edge: "https://e.example.com", endpoint: "/collect" });
// @ts-expect-error no options at all
start();

// --- commerce and leads ---
const item: Item = { id: "p-1", name: "Monstera", price: 24.5, quantity: 2, potted: true };
pixel.track("purchase", { order_id: "1001", currency: "EUR", value: 49, items: [item], gift: true });
pixel.track("refund", { order_id: "1001" });
pixel.track("product_view", { items: [{ id: "p-1" }] });
pixel.track("checkout_progress", { step: 2, step_name: "shipping" });
pixel.track("signup");
pixel.track("lead", { lead_type: "demo", value: 100, currency: "EUR", source: { page: "pricing" } });
// @ts-expect-error an order has a number
pixel.track("purchase", { currency: "EUR", value: 49 });
// @ts-expect-error an order has data
pixel.track("purchase");
// @ts-expect-error a value is a number
pixel.track("purchase", { order_id: "1001", currency: "EUR", value: "49" });
// @ts-expect-error an order number is text
pixel.track("refund", { order_id: 1001 });
// @ts-expect-error items are a list
pixel.track("add_to_cart", { items: item });
// @ts-expect-error a price is a number
pixel.track("add_to_cart", { items: [{ price: "24.50" }] });
// @ts-expect-error a function is no JSON
pixel.track("lead", { then: () => {} });

// --- events of the site's own ---
interface Search {
  term: string;
  filters?: string[];
}
const search: Search = { term: "fern" };
pixel.track("searched", search);
pixel.track("opened");
pixel.track("rated", 5);
pixel.track("tags", ["a", "b", null]);
pixel.track("planned", { when: new Date(0) });
const name: string = "made_up_at_run_time";
pixel.track(name, { any: { depth: [1, "2", false] } });
const anything: any = {};
pixel.track("anything", anything);
// @ts-expect-error a function is no JSON
pixel.track("searched", { again: () => {} });
// @ts-expect-error a method is a function too
pixel.track("searched", { nested: { again() {} } });
// @ts-expect-error undefined is no JSON
pixel.track("searched", { term: undefined });
// @ts-expect-error neither is it in a list
pixel.track("searched", [undefined]);
// @ts-expect-error nor is a symbol
pixel.track("searched", { term: Symbol("fern") });
// @ts-expect-error nor a big integer
pixel.track("searched", 10n);
// @ts-expect-error the pixel sees clicks by itself
pixel.track("click", { x: 1 });
// @ts-expect-error names are in lower case
pixel.track("SignedUp");
// @ts-expect-error a name is text
pixel.track(7);

// --- the rest ---
pixel.consent("granted");
pixel.mode("cookieless");
pixel.optOut();
pixel.optIn();
// @ts-expect-error no such state
pixel.consent("yes");
// @ts-expect-error no such mode
pixel.mode("off");
// @ts-expect-error a call returns nothing
pixel.track("opened").then;
