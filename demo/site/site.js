// What the demo shop itself does: tabs that change the address, a purchase to report, and a corner that says whether the
// pixel runs. Nothing here is needed for the pixel.

/** @param {string} id */
const find = (id) => document.getElementById(id);

const views = { "/products.html": "plants", "/products/details": "details" };

/** Shows the part of the products page that the address names. */
function showTab() {
  const view = views[location.pathname] ?? "plants";
  for (const name of Object.values(views)) {
    find(name).hidden = name !== view;
    find(`tab-${name}`).setAttribute("aria-selected", String(name === view));
  }
  document.title = view === "details" ? "Care and delivery · Fernhill" : "Plants · Fernhill";
}

/** @param {string} path */
function goTo(path) {
  history.pushState({}, "", path);
  showTab();
}

if (find("tab-details")) {
  find("tab-plants").addEventListener("click", () => goTo("/products.html"));
  find("tab-details").addEventListener("click", () => goTo("/products/details"));
  addEventListener("popstate", showTab);
  showTab();
}

find("buy")?.addEventListener("click", (event) => {
  // the note is there to show that the edge takes a card number out
  window.evothesis?.("track", "purchase", {
    order_id: "A-1001",
    currency: "EUR",
    value: 49.9,
    note: "card 4111 1111 1111 1111",
  });
  event.currentTarget.textContent = "Bought, thank you";
});

const corner = find("seen");

/** @returns {boolean} whether the visitor objects to being measured */
function objects() {
  try {
    return navigator.globalPrivacyControl || localStorage.getItem("evothesis:optout") === "1";
  } catch {
    return false;
  }
}

const watch = setInterval(() => {
  if (!window.evothesis?.ready && !objects()) return;
  corner.dataset.state = objects() ? "off" : "on";
  corner.textContent = objects() ? "Not measured, as you asked" : "The pixel is running";
  clearInterval(watch);
}, 200);
