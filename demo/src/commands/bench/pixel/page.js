// What a page does by itself: it answers every click and scroll, and leaves the layout out of date before anybody else hears of it.
const gauge = document.getElementById("gauge");
const said = document.getElementById("said");
let count = 0;

const dirty = () => {
  count = (count + 1) % 100;
  gauge.style.width = `${count}%`;
};
for (const name of [
  "pointerdown",
  "mousedown",
  "pointerup",
  "mouseup",
  "click",
  "wheel",
  "scroll",
  "scrollend",
]) {
  window.addEventListener(name, dirty, { capture: true, passive: true });
}

// stays on the page, and changes something
document.addEventListener("click", (event) => {
  if (event.target.closest("a, form")) event.preventDefault();
  said.textContent = `You clicked ${count}`;
});

/** Clicks and scrolls that come by script, half of each: many in a short time. */
window.act = (events) => {
  const targets = document.querySelectorAll("a, p, em, h3, li button");
  for (let n = 0; n < events; n += 2) {
    targets[n % targets.length].click();
    document.dispatchEvent(new Event("scroll", { bubbles: true }));
  }
};
