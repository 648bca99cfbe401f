// How long each stage of a cycle took over the range: the median and what 19 of 20 stay below.
import { bar, byId, empty, fill, make, tell } from "./elements.js";
import * as words from "./words.js";

/** A row a stage: bars of p50 and p95 on one scale, and the figures. */
export function showStages(answer) {
  const found = answer.stages;
  if (!found.length) {
    tell(byId("stages-note"), "");
    fill(byId("stages"), empty("No cycle was timed in this range."));
    return;
  }
  const longest = Math.max(...found.map((one) => one.p95_s), 1e-9);
  const cycles = Math.max(...found.map((one) => one.count));
  tell(byId("stages-note"), `${words.count(cycles, "cycle")} of the newest day at most`);
  const head = ["Stage", "p50 and p95", "p50", "p95", "Max"].map((name, at) =>
    make("th", { scope: "col", class: at > 1 ? "n" : null }, name));
  const rows = found.map((one) => make(
    "tr",
    { "data-stage": one.name },
    make("th", { scope: "row" }, words.plain(one.name)),
    make("td", { class: "bars" }, bar(one.p50_s / longest, "strong"), bar(one.p95_s / longest, "soft")),
    make("td", { class: "n" }, words.took(one.p50_s)),
    make("td", { class: "n" }, words.took(one.p95_s)),
    make("td", { class: "n" }, words.took(one.max_s)),
  ));
  fill(byId("stages"), make("table", { class: "stages", "aria-labelledby": "stages-title" },
    make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...rows)));
}
