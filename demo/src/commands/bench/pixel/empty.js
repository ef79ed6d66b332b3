// Listens to what a tracker must listen to, and does nothing: what any tracker costs at least.
for (const name of ["click", "wheel", "scroll"]) {
  document.addEventListener(name, () => {}, { capture: true, passive: true });
}
performance.mark("ready");
