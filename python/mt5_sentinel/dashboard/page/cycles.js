// The last cycles, newest first; each opens to its detail.
import { byId, empty, fill, make } from "./elements.js";
import * as words from "./words.js";

const HEADS = [["Time", ""], ["Status", "status"], ["Action", ""], ["Confidence", "n sure"], ["Reason", ""],
  ["Outcome", "outcome"], ["Took", "n took"], ["Detail", ""]];
const SIGNS = { done: "✓", failed: "✕", interrupted: "!", running: "…" };
const KEPT = 400;

const opened = new Set();
let shown = [];

/** The cycles on the page now, newest first. */
export const shownCycles = () => shown;

/** Show these cycles in place of all others. */
export function showCycles(cycles, nowS) {
  shown = cycles;
  draw(nowS);
}

/** Put newer cycles (newest first) on top; of those that are shown, the answer is the newer word. */
export function addNewer(cycles, nowS) {
  const newest = shown.length ? shown[0].id : -1;
  const told = new Map(cycles.map((one) => [one.id, one]));
  const fresh = cycles.filter((one) => one.id > newest);
  const joins = !shown.length || cycles.some((one) => one.id <= newest);
  // More cycles than one answer holds have passed: older rows would leave a hole.
  const now = joins ? [...fresh, ...shown.map((one) => told.get(one.id) ?? one)].slice(0, KEPT) : cycles;
  const isNew = JSON.stringify(now) !== JSON.stringify(shown);
  shown = now;
  if (isNew) draw(nowS);
}

/** Put older cycles below those that are shown. */
export function addOlder(cycles, nowS) {
  shown = [...shown, ...cycles];
  draw(nowS);
}

function draw(nowS) {
  const place = byId("cycles");
  if (!shown.length) {
    fill(place, empty("No cycle has ended yet."));
    return;
  }
  const focused = document.activeElement?.dataset?.cycle;
  const head = make("tr", {}, ...HEADS.map(([name, kind]) => make("th", { scope: "col", class: kind || null }, name)));
  const table = make("table", { class: "cycle-table", "aria-labelledby": "cycles-title" }, make("thead", {}, head),
    make("tbody", {}, ...shown.flatMap((one) => rows(one, nowS))));
  fill(place, table);
  if (focused) place.querySelector(`button[data-cycle="${Number(focused)}"]`)?.focus({ preventScroll: true });
}

function rows(one, nowS) {
  const detail = make("tr", { class: "detail", id: `detail-${one.id}`, hidden: !opened.has(one.id) },
    make("td", { colspan: HEADS.length }, opened.has(one.id) ? details(one) : null));
  const button = make("button", { type: "button", class: "unfold", "data-cycle": one.id,
    "aria-expanded": String(opened.has(one.id)), "aria-controls": detail.id,
    "aria-label": `Detail of cycle ${one.id}` }, opened.has(one.id) ? "−" : "+");
  button.addEventListener("click", () => {
    const open = !opened.delete(one.id);
    if (open) {
      opened.add(one.id);
      fill(detail.cells[0], details(one)); // not before somebody looks: few of hundreds are ever opened
    }
    detail.hidden = !open;
    button.setAttribute("aria-expanded", String(open));
    button.textContent = open ? "−" : "+";
  });
  const row = make(
    "tr",
    { "data-status": one.status, "data-cycle-row": one.id },
    make("td", { class: "time", title: `${words.moment(one.time_s)} UTC` }, words.near(one.time_s, nowS)),
    make("td", { class: "status" }, SIGNS[one.status] ?? "", make("span", { class: "status-word" }, ` ${one.status}`)),
    make("td", { class: { BUY: "buy", SELL: "sell" }[one.action] ?? null }, words.orDash(one.action)),
    make("td", { class: "n sure" }, words.confidence(one.confidence)),
    make("td", { class: "reason" }, ...breakable(one.reason)),
    make("td", { class: "outcome" }, words.orDash(one.outcome)),
    make("td", { class: "n took" }, words.took(one.took_s)),
    make("td", {}, button),
  );
  return [row, detail];
}

/** A code that may be broken after its underscores. */
const breakable = (code) => code.split(/(?<=_)/).flatMap((part) => [part, make("wbr")]);

function details(one) {
  const facts = [
    ["Started", `${words.moment(one.time_s)} UTC`],
    ["Status", one.status],
    ["Confidence", words.confidence(one.confidence)],
    ["Outcome", words.orDash(one.outcome)],
    ["Took", words.took(one.took_s)],
    ["Detail", words.orDash(one.detail)],
    ["Conditions", one.conditions.length ? one.conditions.join(", ") : "none"],
    ["Cycle", String(one.id)],
    ["Trace id", words.orDash(one.trace_id)],
  ];
  return make("dl", {}, ...facts.map(([name, text]) => make("div", {}, make("dt", {}, name), make("dd", {}, text))));
}
