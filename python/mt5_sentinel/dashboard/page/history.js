// What is known of the chosen symbol over the chosen range; grown by what is new where that is enough.
import { Trouble, ask } from "./answers.js";
import * as words from "./words.js";

const { RANGES, candlesFit, points } = window.sentinelStart;
const STAGES_MAX_S = 86400;
const CANDLES_MIN = 3;
const SERIES = ["t", "sell", "hold", "buy", "confidence", "equity", "drawdown"];
const BARS = ["t", "open", "high", "low", "close", "volume"];

/** Labels of the ranges that show candles of this symbol: the newest bar closed opened up to two bars ago. */
export const rangesFit = ({ interval_s: intervalS }) =>
  RANGES.filter(([, rangeS]) => rangeS >= CANDLES_MIN * intervalS).map(([name]) => name);

/** The span to show, UTC seconds: up to now, or up to what is newest where that is longer ago than the range. */
export function span(overview, symbol, rangeS) {
  const { newest_s: newest } = symbol;
  const isPast = newest !== null && overview.now_s - newest > rangeS;
  const to = Math.ceil(isPast ? newest + symbol.interval_s : overview.now_s);
  return { from: to - rangeS, to, isPast };
}

/** Why the span does not end now. */
export const pastSaid = ({ to }, { is_open: isOpen, last }) =>
  `${!isOpen && last?.time_s > to ? "The market is closed" : "No cycle in the last span"}: shown up to ${
    words.moment(to)}`;

/** Why there are no candles. */
export const nothingSaid = ({ is_open: isOpen, newest_bar_s: newestBar }) =>
  `${isOpen ? "" : "The market is closed. "}The cache holds no bars of this range${
    newestBar === null ? "" : `; the newest that a cycle had is of ${words.moment(newestBar)}`}.`;

/** What charts are of: where it differs from what is known, nothing new may be joined to that. */
export const basis = ({ mode }, { symbol, interval_s: intervalS, bars_source: source, origin }) =>
  JSON.stringify([mode, symbol, intervalS, source, origin]);

/** What `/api/start` told of the symbol, as the charts take it. */
export function begun(overview, one, { symbol, from_s: from, to_s: to, is_past: isPast, ...parts }) {
  const { bars, series, trades, stages } = parts;
  return { basis: basis(overview, one), symbol, from, to, isPast, bars, series, trades, stages: { stages } };
}

/** The same up to a later end: what is new is asked for, and what left the span is dropped. */
export async function advance(known, { from, to }) {
  // What the server gathered into buckets is asked for whole: the newest bucket is not the last word.
  const isWhole = known.bars.step_s <= known.bars.interval_s && known.bars.t.length > 0;
  const barsFrom = isWhole ? tail(known.bars.t, from) : from;
  const seriesFrom = known.series.step_s === 0 ? tail(known.series.t, from) : from;
  const place = { symbol: known.symbol, to_s: to };
  const whole = { ...place, from_s: from };
  const [bars, series, trades, stages] = await Promise.all([
    askBars({ ...place, from_s: barsFrom, points: candlesFit() }),
    ask("series", { ...place, from_s: seriesFrom, points: points(to - from) }),
    ask("trades", whole),
    ask("stages", newest(whole)),
  ]);
  return {
    ...known,
    from,
    to,
    // A bar that reaches into the span belongs to it.
    bars: barsFrom > from && !bars.error ? join(known.bars, bars, BARS, from - bars.interval_s + 1) : bars,
    series: seriesFrom > from
      ? { ...join(known.series, series, SERIES, from), thresholds: thresholds(known.series, series) }
      : series,
    trades,
    stages,
  };
}

/** Bars; a cache that cannot be read takes the candles away, and nothing else. */
async function askBars(place) {
  try {
    return await ask("bars", place);
  } catch (error) {
    if (!(error instanceof Trouble)) throw error;
    const nothing = Object.fromEntries(BARS.map((name) => [name, []]));
    return { interval_s: null, step_s: null, ...nothing, error: error.message };
  }
}

/** Of a longer span the stages of its newest day: what a month took on average helps nobody now. */
const newest = (place) => ({ ...place, from_s: Math.max(place.from_s, place.to_s - STAGES_MAX_S) });

/** The last known point is asked for again, unless it left the span: a bar may have been repaired, a cycle settled. */
const tail = (times, from) => Math.max(from, Math.floor(times.length ? times[times.length - 1] : from));

function join(old, fresh, columns, from) {
  const joinsAt = fresh.t.length ? fresh.t[0] : Infinity;
  let first = 0;
  while (first < old.t.length && old.t[first] < from) first += 1;
  let end = old.t.length;
  while (end > first && old.t[end - 1] >= joinsAt) end -= 1;
  const joined = { ...old, from_s: from };
  for (const name of columns) joined[name] = [...old[name].slice(first, end), ...fresh[name]];
  return joined;
}

function thresholds(old, fresh) {
  const from = fresh.thresholds.length ? fresh.thresholds[0].from_s : Infinity;
  const merged = [...old.thresholds.filter((one) => one.from_s < from), ...fresh.thresholds];
  return merged.filter((one, at) => at === 0 || one.threshold !== merged[at - 1].threshold);
}
