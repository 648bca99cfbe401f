// Candles with decisions and trades on them, by lightweight-charts (a global of its own script).
import { byId, colour, fill, make, tell } from "./elements.js";
import { nothingSaid, pastSaid } from "./history.js";
import { beyondSaid, linesOf, scaleFor } from "./lines.js";
import { barAt, legend, markers, marksSaid } from "./marks.js";
import * as words from "./words.js";

let chart = null;
let candles = null;
let marks = null;
let lines = [];
let drawn = null;
let digits = 0;
let scale = null;

/** Draw the bars of the span, its trades, and the lines of what is open; prices are told with so many digits. */
export function showCandles(known, symbol, toDigits, onHover) {
  drawn = { known, symbol };
  const { bars } = known;
  digits = toDigits;
  const place = byId("candles");
  if (!bars.t.length) {
    dispose();
    place.replaceChildren(make("p", { class: "empty" }, bars.error ?? nothingSaid(symbol)));
    describe(place, known, symbol);
    return;
  }
  if (chart === null) create(place, onHover);
  const rows = bars.t.map((time, at) => ({
    time, open: bars.open[at], high: bars.high[at], low: bars.low[at], close: bars.close[at],
  }));
  candles.applyOptions({ priceFormat: { type: "price", precision: digits, minMove: 10 ** -digits } });
  candles.setData(rows);
  marks.setMarkers(markers(known));
  drawLines(symbol, bars);
  chart.timeScale().fitContent();
  describe(place, known, symbol);
  readout(null);
}

/** Make the chart before there is anything to draw, while the data are on their way. */
export function prepareCandles(onHover) {
  if (chart === null) create(byId("candles"), onHover);
}

function create(place, onHover) {
  const { createChart, CandlestickSeries, createSeriesMarkers } = window.LightweightCharts;
  place.replaceChildren();
  chart = createChart(place, options());
  candles = chart.addSeries(CandlestickSeries, { ...colours(), autoscaleInfoProvider: reaching });
  marks = createSeriesMarkers(candles, []);
  chart.subscribeCrosshairMove((move) => {
    if (drawn === null) return;
    readout(move.seriesData.get(candles) ?? null);
    if (move.sourceEvent) onHover(move.time ?? null);
  });
}

function dispose() {
  chart?.remove();
  [chart, candles, marks, lines, scale] = [null, null, null, [], null];
}

/** Show where another chart points; null where nowhere. */
export function pointAt(timeS) {
  if (chart === null || drawn === null) return;
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
  if (drawn === null) return;
  marks.setMarkers(markers(drawn.known));
  drawLines(drawn.symbol, drawn.known.bars);
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

function drawLines(symbol, bars) {
  for (const line of lines) candles.removePriceLine(line);
  const all = linesOf(symbol.open_positions);
  scale = scaleFor(all, Math.min(...bars.low), Math.max(...bars.high));
  lines = all.map(({ price, colour: name, title }) => candles.createPriceLine({ price, color: colour(name), title,
    lineWidth: 1, lineStyle: 2, axisLabelVisible: true }));
}

/** The scale of the candles in sight, widened to the lines that are near enough. */
function reaching(original) {
  const found = original();
  if (!found?.priceRange || scale === null) return found;
  const { minValue, maxValue } = found.priceRange;
  const near = scale.within.map(({ price }) => price);
  const priceRange = { minValue: Math.min(minValue, ...near), maxValue: Math.max(maxValue, ...near) };
  return { ...found, priceRange };
}

function readout(row) {
  const { bars } = drawn.known;
  const last = bars.t.length - 1;
  const one = row ?? { time: bars.t[last], open: bars.open[last], high: bars.high[last], low: bars.low[last],
    close: bars.close[last] };
  const [o, h, l, c] = [one.open, one.high, one.low, one.close].map((price) => words.price(price, digits));
  tell(byId("candles-note"), `${words.moment(one.time).slice(0, 16)}  O ${o}  H ${h}  L ${l}  C ${c}`);
}

function describe(place, known, symbol) {
  const { bars, trades, from, to, isPast } = known;
  const last = bars.t.length - 1;
  const said = last < 0 ? "no bars" : `${bars.t.length} candles, newest close ${
    words.price(bars.close[last], digits)} at ${words.moment(bars.t[last])} UTC`;
  place.setAttribute("aria-label", `Price of ${symbol.symbol} from ${words.moment(from)} to ${words.moment(to)} UTC: ${
    said}; ${marksSaid(trades)}.`);
  fill(
    byId("candles-legend"),
    ...legend(trades),
    ...(scale?.beyond ?? []).map((line) =>
      make("span", { class: "beyond" }, beyondSaid(line, scale.low, digits))),
    isPast ? make("span", { class: "past" }, pastSaid(known, symbol)) : null,
  );
  if (last < 0) tell(byId("candles-note"), "");
}
