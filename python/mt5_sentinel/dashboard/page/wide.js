// Tables that may be wider than a phone, or long: each scrolls within its own box, also by keyboard.

/** Let the keyboard reach a box (class `wide`) while it has something to scroll, and only then. */
export function watchWide() {
  for (const box of document.querySelectorAll(".wide")) {
    const sizes = new ResizeObserver(() => {
      if (box.scrollWidth > box.clientWidth || box.scrollHeight > box.clientHeight) box.tabIndex = 0;
      else box.removeAttribute("tabindex");
    });
    const watch = () => {
      sizes.disconnect();
      for (const one of [box, ...box.children]) sizes.observe(one);
    };
    new MutationObserver(watch).observe(box, { childList: true });
    watch();
  }
}
