// Loaded before anything is drawn, so that a chosen theme never flashes the other one.
(function () {
  "use strict";
  const { dataset } = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  // Forced colours are the system's: charts in another theme's would not be seen on them.
  const forced = matchMedia("(forced-colors: active)");
  try {
    const chosen = localStorage.getItem("theme");
    if (chosen === "light" || chosen === "dark") dataset.theme = chosen;
  } catch {
    // A browser that forbids storage gets the theme of its system.
  }

  /** Show what was chosen (data-theme), else what the system has. */
  window.showTheme = () => {
    const ofSystem = system.matches ? "dark" : "light";
    dataset.shown = forced.matches ? ofSystem : dataset.theme ?? ofSystem;
  };
  system.addEventListener("change", window.showTheme);
  forced.addEventListener("change", window.showTheme);
  window.showTheme();
})();
