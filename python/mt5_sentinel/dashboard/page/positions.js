// Positions of the symbol as tables: those that are open now, and the last that were closed in the range.
import { byId, empty, fill, make, tell } from "./elements.js";
import * as words from "./words.js";

const HEADS = ["Side", "Lots", "Entry", "Stop", "Target", "Opened"];
const CLOSED_HEADS = ["Side, lots", "Entry, exit", "Opened, closed", "Profit, closed by"];

/** One row for each position that is open now, its prices with so many digits. */
export function showPositions(symbol, nowS, digits) {
  const open = symbol ? symbol.open_positions : [];
  if (!open.length) {
    fill(byId("positions"), empty("No position is open."));
    return;
  }
  const rows = open.map((one) => make(
    "tr",
    {},
    make("td", { class: one.side === "BUY" ? "buy" : "sell" }, one.side),
    make("td", { class: "n" }, words.lots(one.lots)),
    make("td", { class: "n" }, words.price(one.price, digits)),
    make("td", { class: "n" }, words.price(one.sl, digits)),
    make("td", { class: "n" }, words.price(one.tp, digits)),
    make("td", { class: "n" }, words.near(one.opened_s, nowS)),
  ));
  fill(byId("positions"), table("positions-title", HEADS, rows));
}

/** Two lines for each position that was closed last, newest first: what the chart marks, for who cannot point at it. */
export function showClosed({ closed }, nowS, digits) {
  byId("closed").hidden = !closed.length;
  tell(byId("closed-title"), `Last closed in this range: ${closed.length}`);
  const rows = closed.map((one) => make(
    "tr",
    {},
    two(one.side, words.lots(one.lots), one.side === "BUY" ? "buy" : "sell"),
    two(words.price(one.price, digits), words.price(one.closed_price, digits)),
    two(words.near(one.opened_s, nowS), words.near(one.closed_s, nowS)),
    two(words.money(one.profit), words.plain(one.closed_by)),
  ));
  fill(byId("closed-rows"), table("closed-title", CLOSED_HEADS, rows));
}

const two = (above, below, kind = "n") => make("td", { class: kind }, above, make("br"), below);

function table(title, heads, rows) {
  const head = make("tr", {}, ...heads.map((name, at) => make("th", { scope: "col", class: at ? "n" : null }, name)));
  return make("table", { "aria-labelledby": title }, make("thead", {}, head), make("tbody", {}, ...rows));
}
