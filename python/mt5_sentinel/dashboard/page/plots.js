// Scores, equity and drawdown over time, by uPlot (a global of its own script). Times are UTC.
import { byId, colour, empty, fill, make, tell } from "./elements.js";
import * as words from "./words.js";

const AXIS_WIDTH = 72;
const PLACES = ["scores", "equity", "drawdown"];
const plots = new Map();
const watched = new Set();
let hover = () => {};

/** Draw the three plots of the span; `onHover(timeS | null)` is told where the pointer is. */
export function showPlots(known, account, newest, onHover) {
  hover = onHover;
  const sizes = new Map(PLACES.map((id) => [id, size(byId(id))])); // all before anything changes: one layout
  const { series, from, to } = known;
  const gap = Math.max(series.step_s * 3, medianStep(series.t) * 3, 180);
  const isCoarse = series.step_s > 0;
  const columns = ["buy", "sell", "hold"].map((name) => (isCoarse ? strongest(series, name) : series[name]));
  const scores = gapped(series.t, [...columns, stepped(series)], gap);
  const hasScores = series.t.some((_, at) => series.confidence[at] !== null);
  put("scores", hasScores ? scores : null, "No row was scored in this range.", [from, to], scoreSeries(isCoarse),
    { kind: isCoarse ? "coarse" : "fine", size: sizes.get("scores") });
  tell(byId("scores-note"), isCoarse && hasScores ? `strongest of each ${words.age(series.step_s)}` : "");
  const money = gapped(series.t, [series.equity], gap);
  const fall = gapped(series.t, [series.drawdown], gap);
  const hasMoney = series.equity.some((value) => value !== null);
  put("equity", hasMoney ? money : null, "The account was not read in this range.", [from, to],
    [line("Equity", "accent")], { split: "equity", size: sizes.get("equity") });
  put("drawdown", hasMoney ? fall : null, "", [from, to], [area("Drawdown", "down")],
    { inverted: true, split: "fall", size: sizes.get("drawdown") });
  describe(series, account, newest);
}

/** Where many cycles stand in one point, lines would only tell the noise: the strongest side is a dot. */
const strongest = (series, name) => series.t.map((_, at) =>
  (series[name][at] !== null && series[name][at] === series.confidence[at] ? series[name][at] : null));

const dots = (label, name) => ({ ...line(label, name), paths: () => null,
  points: { show: true, size: 3, width: 0, fill: () => colour(name) } });

const scoreSeries = (isCoarse) => [...[["BUY", "up"], ["SELL", "down"], ["HOLD", "faint"]].map(([label, name]) =>
  (isCoarse ? dots : line)(label, name)), { ...line("threshold", "accent"),
  dash: [6, 4], paths: window.uPlot.paths.stepped({ align: 1 }) }];

const line = (label, name) => ({ label, stroke: () => colour(name), width: 1.25, points: { show: false } });
const area = (label, name) => ({ ...line(label, name), fill: () => colour(`${name}-soft`) });

function put(id, data, nothing, range, series, shape) {
  const place = byId(id);
  if (data === null) {
    plots.get(id)?.plot.destroy();
    plots.delete(id);
    fill(place, nothing ? empty(nothing) : null);
    return;
  }
  const held = plots.get(id);
  if (held && held.kind === shape.kind) {
    held.range = range;
    held.plot.setData(data);
    return;
  }
  held?.plot.destroy();
  fill(place);
  const kept = { range, kind: shape.kind };
  kept.plot = new window.uPlot(options(place, kept, series, shape), data, place);
  plots.set(id, kept);
  if (!watched.has(place)) new ResizeObserver(() => plots.get(id)?.plot.setSize(size(place))).observe(place);
  watched.add(place);
}

const size = (place) => ({ width: Math.max(200, place.clientWidth), height: Math.max(60, place.clientHeight) });

function options(place, kept, series, { inverted = false, split = "scores", size: { width, height } }) {
  const { fontFamily, fontSize } = getComputedStyle(place);
  const font = `${fontSize} ${fontFamily}`;
  const axis = { stroke: () => colour("quiet"), grid: { stroke: () => colour("line"), width: 1 },
    ticks: { show: false }, font };
  const axisText = (value) => (split === "scores" ? value.toFixed(2) : words.whole(value));
  return {
    width,
    height,
    legend: { show: false },
    padding: [8, 0, 0, 0],
    cursor: { drag: { x: false, y: false }, sync: { key: "time" }, y: false, points: { size: 6 } },
    scales: {
      x: { range: () => kept.range },
      y: inverted ? { dir: -1, range: (_, low, high) => [0, Math.max(1, high * 1.1)] } : {},
    },
    axes: [
      { ...axis, space: 70,
        values: (_, splits, at, space, step) => splits.map((time) => (split === "equity" ? "" : tick(time, step))),
        size: split === "equity" ? 4 : 30 },
      { ...axis, side: 1, size: AXIS_WIDTH, values: (_, splits) => splits.map(axisText), space: 24 },
    ],
    // Ticks of whole hours and days stand at those of UTC, not of this machine's zone.
    tzDate: (time) => new Date(time * 1000 + new Date(time * 1000).getTimezoneOffset() * 60000),
    series: [{}, ...series],
    hooks: { setCursor: [(plot) => pointed(plot, kept)] },
  };
}

function tick(timeS, stepS) {
  const isMidnight = Math.round(timeS) % 86400 === 0;
  return stepS >= 86400 || isMidnight ? words.day(timeS).slice(5) : words.minute(timeS);
}

function pointed(plot, kept) {
  if (plot !== plots.get("scores")?.plot && plot !== plots.get("equity")?.plot) return;
  const at = plot.cursor.idx;
  const isOurs = plot.cursor.event !== null && plot.cursor.event !== undefined;
  if (isOurs) hover(plot.cursor.left < 0 || at === null ? null : plot.data[0][at]);
  readout(plot === plots.get("scores")?.plot ? "scores" : "equity", at);
  return kept;
}

/** Show where the candles point; null where nowhere. */
export function pointPlots(timeS) {
  for (const { plot } of plots.values()) {
    plot.setCursor({ left: timeS === null ? -10 : plot.valToPos(timeS, "x"), top: 10 }, false);
  }
  for (const id of ["scores", "equity"]) {
    const held = plots.get(id);
    if (held) readout(id, timeS === null ? null : held.plot.valToIdx(timeS));
  }
}

/** Take the colours of the theme. */
export function recolourPlots() {
  for (const { plot } of plots.values()) plot.redraw(false, true);
}

let latest = null;

function readout(id, at) {
  const held = plots.get(id);
  if (!held || latest === null) return;
  const data = held.plot.data;
  const when = at === null || at === undefined ? "" : `${words.moment(data[0][at]).slice(0, 16)}  `;
  const pick = (column) => (at === null || at === undefined ? null : data[column][at]);
  const of = (column, name) => (when ? pick(column) : latest[name]);
  if (id === "scores") {
    const told = [["BUY", of(1, "buy"), "buy"], ["SELL", of(2, "sell"), "sell"], ["HOLD", of(3, "hold"), "quiet"],
      ["threshold", of(4, "threshold"), "accent"]];
    fill(byId("scores-now"), when, ...told.map(([name, value, kind]) =>
      make("span", { class: kind }, `${name} ${words.confidence(value)}`)));
    return;
  }
  const fall = plots.get("drawdown")?.plot.data[1];
  const drawdown = when ? fall?.[at] : latest.drawdown;
  fill(byId("equity-now"), when, make("span", { class: "accent" }, `equity ${words.money(of(1, "equity"))}`),
    make("span", { class: "sell" }, `drawdown ${words.money(drawdown)}`));
}

function describe(series, account, newest) {
  const last = (name) => series[name].findLast((value) => value !== null) ?? null;
  const held = series.thresholds.at(-1)?.threshold ?? null;
  const [nowSell, nowHold, nowBuy] = newest?.scores ?? [last("sell"), last("hold"), last("buy")];
  latest = { buy: nowBuy, sell: nowSell, hold: nowHold, equity: account?.equity ?? last("equity"),
    drawdown: account?.drawdown ?? last("drawdown"), threshold: held };
  const { buy, sell, hold, equity, drawdown } = latest;
  byId("scores").setAttribute("aria-label", `Scores over time, newest: BUY ${words.confidence(buy)}, SELL ${
    words.confidence(sell)}, HOLD ${words.confidence(hold)}; threshold ${words.confidence(held)}.`);
  const unit = account?.currency ?? "";
  byId("money").setAttribute("aria-label", `Equity over time, newest ${words.money(equity)} ${unit}; drawdown ${
    words.money(drawdown)} ${unit}.`);
  for (const id of ["scores", "equity"]) if (plots.has(id)) readout(id, null);
    else tell(byId(`${id}-now`), "");
}

/** The threshold at each point; null before the first is known. */
function stepped({ t, thresholds }) {
  let at = -1;
  return t.map((time) => {
    while (at + 1 < thresholds.length && thresholds[at + 1].from_s <= time) at += 1;
    return at < 0 ? null : thresholds[at].threshold;
  });
}

function medianStep(times) {
  if (times.length < 3) return 60;
  const steps = times.slice(1).map((time, at) => time - times[at]).sort((a, b) => a - b);
  return steps[steps.length >> 1];
}

/** Columns for uPlot, with a hole where there was no cycle for longer than `gapS`. */
function gapped(times, columns, gapS) {
  const data = [[], ...columns.map(() => [])];
  times.forEach((time, at) => {
    if (at > 0 && time - times[at - 1] > gapS) {
      data[0].push(times[at - 1] + 1);
      for (let column = 1; column < data.length; column += 1) data[column].push(null);
    }
    data[0].push(time);
    columns.forEach((values, column) => data[column + 1].push(values[at]));
  });
  return data;
}
