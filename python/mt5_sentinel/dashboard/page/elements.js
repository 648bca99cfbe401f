// Elements made of text only: nothing that comes from the journal is ever parsed as HTML.

/** The element of this id, which the page has. */
export const byId = (id) => document.getElementById(id);

/** An element with attributes (null and false are left out) and children (nodes or text). */
export function make(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === false || value === undefined) continue;
    if (name === "class") made.className = value;
    else made.setAttribute(name, value === true ? "" : String(value));
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

/** Text that is written only where it changes: what a screen reader has read is not read again. */
export function tell(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Put children in place of what was there. */
export function fill(element, ...children) {
  element.replaceChildren(...children.filter((child) => child !== null && child !== undefined));
}

/** A bar of `share` (0 to 1) of its length, level in words beside it by the caller. */
export function bar(share, level) {
  const inner = make("span", { class: "bar-fill", "data-level": level });
  inner.style.width = `${Math.min(100, Math.max(0, share * 100)).toFixed(1)}%`;
  return make("span", { class: "bar", "aria-hidden": "true" }, inner);
}

/** What is shown where there is nothing to show. */
export const empty = (text) => make("p", { class: "empty" }, text);

const colours = new Map();

/** Colour of a custom property as the theme has it; kept, for each look at a computed style may lay the page out. */
export function colour(name) {
  if (!colours.has(name)) {
    colours.set(name, getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim());
  }
  return colours.get(name);
}

/** Look colours up anew: the theme has changed. */
export const forgetColours = () => colours.clear();
