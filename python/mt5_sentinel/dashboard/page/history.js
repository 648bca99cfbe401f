// What is known of the chosen symbol over the chosen range; grown by what is new where that is enough.
import { ask } from "./answers.js";

/** Ranges of all charts: label, seconds. */
export const RANGES = [["1h", 3600], ["6h", 21600], ["1d", 86400], ["7d", 604800], ["30d", 2592000]];

// As many cycles are shown one by one; of more, each of fewer points stands for several.
const POINTS = 1500;
const COARSE_POINTS = 730;
const STAGES_MAX_S = 86400;
const PIXELS_A_CANDLE = 5;
const SERIES = ["t", "sell", "hold", "buy", "confidence", "equity", "drawdown"];
const BARS = ["t", "open", "high", "low", "close", "volume"];

/** The span to show, UTC seconds: up to now, or up to the newest cycle where that is long ago. */
export function span(overview, symbol, rangeS) {
  const newest = symbol.last?.time_s ?? null;
  const isPast = newest !== null && overview.now_s - newest > rangeS;
  const to = Math.ceil(isPast ? newest + symbol.interval_s : overview.now_s);
  return { from: to - rangeS, to, isPast };
}

/** Everything for the charts of one symbol over one span. */
export async function load(symbol, { from, to }) {
  const place = { symbol, from_s: from, to_s: to };
  const [bars, series, trades, stages] = await Promise.all([
    ask("bars", { ...place, points: candlesFit() }),
    ask("series", { ...place, points: points(to - from) }),
    ask("trades", place),
    ask("stages", newest(place)),
  ]);
  return { symbol, from, to, bars, series, trades, stages };
}

/** The same up to a later end: what is new is asked for, and what left the span is dropped. */
export async function advance(known, { from, to }) {
  if (from < known.from) return load(known.symbol, { from, to });
  // What the server gathered into buckets is asked for whole: the newest bucket is not the last word.
  const barsFrom = known.bars.step_s <= known.bars.interval_s ? tail(known.bars.t, from) : from;
  const seriesFrom = known.series.step_s === 0 ? tail(known.series.t, from) : from;
  const place = { symbol: known.symbol, to_s: to };
  const whole = { ...place, from_s: from };
  const [bars, series, trades, stages] = await Promise.all([
    ask("bars", { ...place, from_s: barsFrom, points: candlesFit() }),
    ask("series", { ...place, from_s: seriesFrom, points: points(to - from) }),
    ask("trades", whole),
    ask("stages", newest(whole)),
  ]);
  return {
    symbol: known.symbol,
    from,
    to,
    bars: barsFrom > from ? join(known.bars, bars, BARS, from) : bars,
    series: seriesFrom > from
      ? { ...join(known.series, series, SERIES, from), thresholds: thresholds(known.series, series) }
      : series,
    trades,
    stages,
  };
}

/** Cycles begin once a minute. */
const points = (spanS) => (spanS / 60 > POINTS ? COARSE_POINTS : POINTS);

/** Of a longer span the stages of its newest day: what a month took on average helps nobody now. */
const newest = (place) => ({ ...place, from_s: Math.max(place.from_s, place.to_s - STAGES_MAX_S) });

/** As many candles as can be told apart on this screen. */
function candlesFit() {
  const width = document.getElementById("candles").clientWidth;
  return Math.min(POINTS, Math.max(60, Math.floor(width / PIXELS_A_CANDLE)));
}

/** The last known point is asked for again: a bar may have been repaired, a cycle settled. */
const tail = (times, from) => Math.floor(times.length ? times[times.length - 1] : from);

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
