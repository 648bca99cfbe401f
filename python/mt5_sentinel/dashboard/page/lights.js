// Health lights, each with its words: colour only underlines them. What several symbols share is told once.
import { byId, fill, make, tell } from "./elements.js";
import * as words from "./words.js";

const SIGNS = { ok: ["✓", "ok"], old: ["–", "old"], warn: ["!", "look"], bad: ["✕", "wrong"] };
const RANK = { bad: 0, warn: 1, old: 2, ok: 3 };

const opened = new Set();
let shown = "";

/** One line for each matter, the worst first; `isOld` where the dashboard itself was not heard for a while. */
export function showLights(overview, isOld) {
  const lines = matters(overview.lights, isOld);
  const verdict = byId("verdict");
  verdict.dataset.level = isOld && overview.level === "ok" ? "warn" : overview.level;
  const said = judgement(isOld ? matters(overview.lights, false) : lines, overview.level);
  tell(verdict, isOld ? `Not heard since ${words.moment(overview.now_s).slice(0, 16)} UTC; then: ${said}` : said);
  const told = JSON.stringify([lines, overview.symbols.length]);
  if (told === shown) return;
  shown = told;
  const focused = document.activeElement?.dataset?.matter;
  fill(byId("lights"), ...lines.map((line) => item(line, overview.symbols.length)));
  if (focused) byId("lights").querySelector(`[data-matter="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
}

function judgement(lines, level) {
  const count = (of) => lines.filter((line) => line.level === of).length;
  const told = [["bad", "wrong"], ["warn", "to look at"], ["old", "not known now"]]
    .filter(([of]) => count(of)).map(([of, said]) => `${count(of)} ${said}`).join(", ");
  return told || (level === "ok" ? "All is well" : "It is not well");
}

/** Lights of one name and level are one matter; their order is kept. */
function matters(lights, isOld) {
  const found = new Map();
  for (const { name, symbol, text, level: now, is_old: isPast } of lights) {
    const level = (isPast && now !== "bad") || (isOld && now === "ok") ? "old" : now;
    const key = `${level} ${name}`;
    if (!found.has(key)) found.set(key, { key, level, name, each: [] });
    found.get(key).each.push({ symbol, text });
  }
  return [...found.values()].sort((a, b) => RANK[a.level] - RANK[b.level]);
}

function item({ key, level, name, each }, symbols) {
  const [sign, word] = SIGNS[level] ?? SIGNS.bad;
  const whose = each[0].symbol === null || symbols < 2 ? null
    : each.length === symbols ? `all ${symbols} symbols` : each.map((one) => one.symbol).join(", ");
  const isShared = each.every((one) => one.text === each[0].text);
  const head = [
    make("span", { class: "sign", "aria-hidden": "true" }, sign),
    make("strong", {}, name),
    make("span", { class: "word" }, word),
    whose ? make("span", { class: "whose" }, whose) : null,
    make("span", { class: "light-text" }, isShared ? each[0].text : `${each[0].symbol}: ${each[0].text}`),
  ];
  if (isShared) return make("li", { "data-level": level }, ...head);
  const summary = make("summary", { "data-matter": key }, ...head,
    make("span", { class: "rest" }, `and ${each.length - 1} more`));
  const rest = make("details", { open: opened.has(key) }, summary,
    ...each.slice(1).map((one) => make("p", { class: "light-text each" }, `${one.symbol}: ${one.text}`)));
  rest.addEventListener("toggle", () => {
    if (rest.open) opened.add(key);
    else opened.delete(key);
  });
  return make("li", { "data-level": level }, rest);
}
