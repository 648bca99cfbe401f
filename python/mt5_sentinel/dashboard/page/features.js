// Features of the last scored row: where each lies in its training range.
import { byId, empty, fill, make, tell } from "./elements.js";
import * as words from "./words.js";

// The range takes the middle of the strip, so that a value outside is seen outside.
const [LEFT, WIDTH] = [12, 76];

/** One row a feature; those outside their range say so in words. */
export function showFeatures(symbol) {
  const found = symbol?.features ?? [];
  if (!found.length) {
    tell(byId("features-note"), "");
    fill(byId("features"), empty("No row has been scored yet."));
    return;
  }
  const outside = found.filter((one) => one.inside === false).length;
  const known = found.filter((one) => one.low !== null && one.high !== null).length;
  const note = known ? `${outside} of ${known} outside their training range` : "the model tells no training range";
  tell(byId("features-note"), note);
  byId("features-note").dataset.level = outside ? "warn" : "ok";
  const head = ["Feature", "In training range", "Value", "Where"].map((name, at) =>
    make("th", { scope: "col", class: at === 2 ? "n" : null }, name));
  fill(byId("features"), make("table", { class: "features", "aria-labelledby": "features-title" },
    make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...found.map(row))));
}

function row(one) {
  const where = place(one);
  return make(
    "tr",
    { "data-level": where.level, "data-feature": one.name },
    make("th", { scope: "row" }, one.name),
    make("td", {}, strip(one)),
    make("td", { class: "n" }, words.feature(one.value)),
    make("td", { class: "where" }, where.word),
  );
}

function place(one) {
  if (one.value === null) return { word: "missing", level: "warn" };
  if (one.low === null || one.high === null) return { word: "no range", level: null };
  if (one.inside) return { word: "inside", level: null };
  return { word: one.value < one.low ? "below" : "above", level: "warn" };
}

function strip(one) {
  const track = make("span", { class: "strip-range" });
  track.style.left = `${LEFT}%`;
  track.style.width = `${WIDTH}%`;
  const drawn = make("span", { class: "strip", title: range(one) }, track);
  if (one.value !== null && one.low !== null && one.high !== null) {
    const span = one.high - one.low;
    const share = span > 0 ? (one.value - one.low) / span : one.inside ? 0.5 : one.value < one.low ? -1 : 2;
    const at = Math.min(99, Math.max(1, LEFT + WIDTH * share));
    const mark = make("span", { class: "strip-mark" });
    mark.style.left = `${at.toFixed(1)}%`;
    drawn.append(mark);
  }
  return drawn;
}

const range = (one) =>
  (one.low === null ? "no training range" : `${words.feature(one.low)} to ${words.feature(one.high)}`);
