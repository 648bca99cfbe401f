// What is marked on the candles: positions, decisions that were not traded, and orders whose fate is not known.
import { colour, make } from "./elements.js";
import * as words from "./words.js";

// Beyond so many positions, closings and untraded decisions would hide the candles; the server then tells none.
const CROWD = 100;

/** Whether there are too many positions to mark more than their beginnings. */
export const isCrowded = (trades) => trades.positions.length > CROWD;

/** Index of the bar that holds this time; -1 where the span holds none. */
export function barAt(times, timeS) {
  if (!times.length || timeS < times[0]) return -1;
  let [low, high] = [0, times.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (times[middle] <= timeS) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Marks of lightweight-charts, in order of time. */
export function markers({ bars, trades }) {
  const count = trades.positions.length;
  const few = count <= 12;
  const size = few ? 1 : count <= 60 ? 0.8 : 0.4;
  const found = [];
  for (const one of trades.positions) {
    add(found, bars, one.opened_s, one.side === "BUY" ? entry("up", "belowBar", "arrowUp", few ? "BUY" : "", size)
      : entry("down", "aboveBar", "arrowDown", few ? "SELL" : "", size));
    if (one.closed_s !== null && count <= CROWD) add(found, bars, one.closed_s, exit(one, few, size * 0.7));
  }
  for (const one of trades.orders_unknown) {
    const [place, shape] = one.side === "BUY" ? ["belowBar", "arrowUp"] : ["aboveBar", "arrowDown"];
    add(found, bars, one.time_s, entry("warn", place, shape, `${one.side} ?`, 1));
  }
  // A decision that was not traded is worth one small mark a bar and side.
  const seen = new Set();
  for (const one of count <= CROWD ? trades.decisions : []) {
    if (one.outcome === "filled" || one.outcome === "partial") continue;
    const at = barAt(bars.t, one.bar_open_s ?? one.time_s);
    const key = `${at} ${one.action}`;
    if (at < 0 || seen.has(key)) continue;
    seen.add(key);
    const isBuy = one.action === "BUY";
    found.push({ time: bars.t[at], position: isBuy ? "belowBar" : "aboveBar", shape: "circle", size: 0.4,
      color: colour("quiet"), text: "" });
  }
  return found.sort((a, b) => a.time - b.time);
}

const entry = (name, position, shape, text, size) => ({ position, shape, color: colour(name), text, size });

function exit(one, few, size) {
  const gain = one.profit ?? 0;
  return { position: one.side === "BUY" ? "aboveBar" : "belowBar", shape: "square", size,
    color: colour(gain >= 0 ? "up" : "down"),
    text: few ? `${gain >= 0 ? "+" : "−"}${words.money(Math.abs(gain))}` : "" };
}

function add(found, bars, timeS, mark) {
  const at = barAt(bars.t, timeS);
  if (at >= 0) found.push({ ...mark, time: bars.t[at] });
}

/** The marks in words, for who cannot see them. Counts are of the whole range, also where not all are marked. */
export function marksSaid(trades) {
  const doubts = trades.orders_unknown.length;
  return [
    words.count(trades.positions_count, "position"),
    isCrowded(trades) ? null : words.count(trades.decisions_count, "decision"),
    doubts ? `${words.count(doubts, "order")} of unknown fate` : null,
  ].filter(Boolean).join(", ");
}

/** What the marks mean and how many there are. */
export function legend(trades) {
  const { positions, positions_count: held, decisions, decisions_count: decided } = trades;
  const doubts = trades.orders_unknown.length;
  const key = (sign, kind, text) =>
    make("span", { class: "key" }, make("span", { class: kind, "aria-hidden": "true" }, sign), ` ${text}`);
  const crowd = isCrowded(trades);
  const ofNewest = decided > decisions.length
    ? `; those of the newest ${words.whole(decisions.length)} decisions are marked` : "";
  const cut = held > positions.length ? `; the newest ${words.whole(positions.length)} are marked` : "";
  return [
    key("▲", "buy", "BUY opened"),
    key("▼", "sell", "SELL opened"),
    ...(crowd ? [] : [key("■", "buy", "closed with profit"), key("■", "sell", "closed with loss"),
      key("●", "quiet", `decided, not traded (${words.whole(trades.untraded_count)}${ofNewest})`)]),
    doubts ? key("?", "past", `order of unknown fate (${doubts})`) : null,
    make("span", {}, `${words.count(held, "position")} in this range${cut}${
      crowd ? "; their closings are shown in shorter ranges" : ""}`),
  ];
}
