// Loaded before anything is drawn, so that a chosen theme never flashes the other one.
(function () {
  "use strict";
  const { dataset } = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  try {
    const chosen = localStorage.getItem("theme");
    if (chosen === "light" || chosen === "dark") dataset.theme = chosen;
  } catch {
    // A browser that forbids storage gets the theme of its system.
  }

  /** Show what was chosen (data-theme), else what the system has. */
  window.showTheme = () => {
    dataset.shown = dataset.theme ?? (system.matches ? "dark" : "light");
  };
  system.addEventListener("change", window.showTheme);
  window.showTheme();
})();
