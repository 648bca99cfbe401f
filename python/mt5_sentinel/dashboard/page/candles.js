// Candles with decisions and trades on them, by lightweight-charts (a global of its own script).
import { byId, colour, fill, make, tell } from "./elements.js";
import * as words from "./words.js";

// Beyond so many positions, closings and untraded decisions would hide the candles; the server then tells none.
const CROWD = 100;

let chart = null;
let candles = null;
let marks = null;
let lines = [];
let drawn = null;

/** Draw the bars of the span, its trades, and the lines of what is open. */
export function showCandles(known, symbol, onHover) {
  drawn = { known, symbol };
  const { bars } = known;
  const place = byId("candles");
  if (!bars.t.length) {
    dispose();
    place.replaceChildren(make("p", { class: "empty" }, "The cache holds no bars of this range."));
    describe(place, known, symbol);
    return;
  }
  if (chart === null) create(place, onHover);
  const rows = bars.t.map((time, at) => ({
    time, open: bars.open[at], high: bars.high[at], low: bars.low[at], close: bars.close[at],
  }));
  const digits = words.priceDigits(rows[rows.length - 1].close);
  candles.applyOptions({ priceFormat: { type: "price", precision: digits, minMove: 10 ** -digits } });
  candles.setData(rows);
  marks.setMarkers(markers(known));
  drawLines(symbol);
  chart.timeScale().fitContent();
  describe(place, known, symbol);
  readout(null);
}

function create(place, onHover) {
  const { createChart, CandlestickSeries, createSeriesMarkers } = window.LightweightCharts;
  place.replaceChildren();
  chart = createChart(place, options());
  candles = chart.addSeries(CandlestickSeries, colours());
  marks = createSeriesMarkers(candles, []);
  chart.subscribeCrosshairMove((move) => {
    readout(move.seriesData.get(candles) ?? null);
    if (move.sourceEvent) onHover(move.time ?? null);
  });
}

function dispose() {
  chart?.remove();
  [chart, candles, marks, lines] = [null, null, null, []];
}

/** Show where another chart points; null where nowhere. */
export function pointAt(timeS) {
  if (chart === null) return;
  const { bars } = drawn.known;
  const at = timeS === null ? -1 : barAt(bars.t, timeS);
  if (at < 0) chart.clearCrosshairPosition();
  else chart.setCrosshairPosition(bars.close[at], bars.t[at], candles);
}

/** Take the colours of the theme. */
export function recolourCandles() {
  if (chart === null) return;
  chart.applyOptions(options());
  candles.applyOptions(colours());
  marks.setMarkers(markers(drawn.known));
  drawLines(drawn.symbol);
}

function options() {
  const line = colour("line");
  const { fontFamily, fontSize } = getComputedStyle(byId("candles"));
  return {
    autoSize: true,
    layout: { background: { color: "transparent" }, textColor: colour("quiet"), attributionLogo: false,
      fontFamily, fontSize: Math.round(Number.parseFloat(fontSize)) },
    grid: { vertLines: { color: line }, horzLines: { color: line } },
    rightPriceScale: { borderColor: line, minimumWidth: 72 },
    timeScale: { borderColor: line, timeVisible: true, secondsVisible: false, minBarSpacing: 0.05,
      lockVisibleTimeRangeOnResize: true },
    crosshair: { mode: 0 },
    // The wheel belongs to the page: a chart that eats it traps who scrolls.
    handleScroll: { mouseWheel: false, vertTouchDrag: false },
    handleScale: { mouseWheel: false },
  };
}

function colours() {
  const [up, down] = [colour("up"), colour("down")];
  return { upColor: up, downColor: down, wickUpColor: up, wickDownColor: down, borderVisible: false,
    lastValueVisible: true, priceLineVisible: false };
}

/** Index of the bar that holds this time; -1 where the span holds none. */
function barAt(times, timeS) {
  if (!times.length || timeS < times[0]) return -1;
  let [low, high] = [0, times.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (times[middle] <= timeS) low = middle;
    else high = middle - 1;
  }
  return low;
}

function markers({ bars, trades }) {
  const count = trades.positions.length;
  const few = count <= 12;
  const size = few ? 1 : count <= 60 ? 0.8 : 0.4;
  const found = [];
  for (const one of trades.positions) {
    add(found, bars, one.opened_s, one.side === "BUY" ? entry("up", "belowBar", "arrowUp", few ? "BUY" : "", size)
      : entry("down", "aboveBar", "arrowDown", few ? "SELL" : "", size));
    if (one.closed_s !== null && count <= CROWD) add(found, bars, one.closed_s, exit(one, few, size * 0.7));
  }
  // A decision that was not traded is worth one small mark a bar and side.
  const seen = new Set();
  for (const one of count <= CROWD ? trades.decisions : []) {
    if (one.outcome === "filled") continue;
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

function drawLines(symbol) {
  for (const line of lines) candles.removePriceLine(line);
  lines = [];
  for (const one of symbol.open_positions) {
    const add = (price, name, title) => {
      if (price === null || price === 0) return;
      lines.push(candles.createPriceLine({ price, color: colour(name), title, lineWidth: 1, lineStyle: 2,
        axisLabelVisible: true }));
    };
    add(one.price, "accent", `${one.side} ${words.money(one.lots)}`);
    add(one.sl, "down", "stop");
    add(one.tp, "up", "target");
  }
}

function readout(row) {
  const { bars } = drawn.known;
  const last = bars.t.length - 1;
  const one = row ?? { time: bars.t[last], open: bars.open[last], high: bars.high[last], low: bars.low[last],
    close: bars.close[last] };
  const [o, h, l, c] = [one.open, one.high, one.low, one.close].map(words.price);
  tell(byId("candles-note"), `${words.moment(one.time).slice(0, 16)}  O ${o}  H ${h}  L ${l}  C ${c}`);
}

function describe(place, { bars, trades, from, to, isPast }, symbol) {
  const [last, count] = [bars.t.length - 1, trades.positions.length];
  const said = last < 0 ? "no bars" : `${bars.t.length} candles, newest close ${words.price(bars.close[last])} at ${
    words.moment(bars.t[last])} UTC`;
  place.setAttribute("aria-label", `Price of ${symbol.symbol} from ${words.moment(from)} to ${words.moment(to)} UTC: ${
    said}; ${count} positions${count > CROWD ? "" : `, ${trades.decisions.length} decisions`}.`);
  const key = (sign, kind, text) =>
    make("span", { class: "key" }, make("span", { class: kind, "aria-hidden": "true" }, sign), ` ${text}`);
  const untraded = trades.decisions.filter((one) => one.outcome !== "filled").length;
  fill(
    byId("candles-legend"),
    key("▲", "buy", "BUY opened"),
    key("▼", "sell", "SELL opened"),
    ...(count > CROWD ? [] : [key("■", "buy", "closed with profit"), key("■", "sell", "closed with loss"),
      key("●", "quiet", `decided, not traded (${untraded})`)]),
    make("span", {}, `${words.count(count, "position")} in this range${
      count > CROWD ? "; their closings are shown in shorter ranges" : ""}`),
    isPast ? make("span", { class: "past" }, `No cycle in the last span: shown up to ${words.moment(to)}`) : null,
  );
  if (last < 0) tell(byId("candles-note"), "");
}
