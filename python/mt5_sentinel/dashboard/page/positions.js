// Open positions of the symbol, as a table.
import { byId, empty, fill, make } from "./elements.js";
import { digitsOf } from "./prices.js";
import * as words from "./words.js";

const HEADS = ["Side", "Lots", "Entry", "Stop", "Target", "Opened"];

/** One row for each position that is open now, its prices with the digits of what is known of the symbol's bars. */
export function showPositions(symbol, nowS, known) {
  const open = symbol ? symbol.open_positions : [];
  if (!open.length) {
    fill(byId("positions"), empty("No position is open."));
    return;
  }
  const digits = digitsOf(open, known?.symbol === symbol.symbol ? known.bars : null);
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
  const head = make("tr", {}, ...HEADS.map((name, at) => make("th", { scope: "col", class: at ? "n" : null }, name)));
  fill(byId("positions"), make("table", { "aria-labelledby": "positions-title" }, make("thead", {}, head),
    make("tbody", {}, ...rows)));
}
