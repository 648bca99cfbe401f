// Loaded before anything is drawn, so that a chosen theme never flashes the other one.
(function () {
  "use strict";
  try {
    const chosen = localStorage.getItem("theme");
    if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
  } catch {
    // A browser that forbids storage gets the theme of its system.
  }
})();
