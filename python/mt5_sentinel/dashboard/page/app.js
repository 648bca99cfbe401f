// The page: asks for everything once, then for what is new each time the stream tells of a cycle.
import { Trouble, Unanswered, ask, checkSession } from "./answers.js";
import { pointAt, prepareCandles, recolourCandles, showCandles } from "./candles.js";
import { addNewer, addOlder, showCycles, shownCycles } from "./cycles.js";
import { byId, fill, forgetColours, make, tell } from "./elements.js";
import { showFeatures } from "./features.js";
import { nowS, setOld, showHead, startHead } from "./head.js";
import { advance, basis, begun, rangesFit, span } from "./history.js";
import { showLights } from "./lights.js";
import { follow } from "./live.js";
import { pointPlots, recolourPlots, showPlots } from "./plots.js";
import { showClosed, showPositions } from "./positions.js";
import { digitsOf } from "./prices.js";
import { showStages } from "./stages.js";
import { showTiles } from "./tiles.js";
import { watchWide } from "./wide.js";
import * as words from "./words.js";

const { CYCLES, RANGES, beginning, range, rangeS, remember, wanted } = window.sentinelStart;
const OVERVIEW_EVERY_S = 25;
const OLD_AFTER_S = 90;
const AGED_EVERY_MS = 10_000;
const GATHER_MS = 150;

const state = {
  wanted,
  range,
  overview: null,
  symbol: null,
  known: null,
  readAt: 0,
  connection: "wait",
  isAnswered: true,
  isBehind: false,
};

/** Data is asked for while the charts' scripts still load: both have run when the document's content is loaded. */
const libraries = window.LightweightCharts && window.uPlot
  ? Promise.resolve()
  : new Promise((done) => document.addEventListener("DOMContentLoaded", done, { once: true }));

/** Show what goes wrong in words, and take it away once it works. */
async function attempt(work) {
  const trouble = byId("trouble");
  try {
    await work();
    trouble.hidden = true;
    setAnswered(true);
    return true;
  } catch (error) {
    const isOurs = error instanceof Trouble;
    tell(trouble, isOurs ? error.message : `This page has a fault; load it again. ${error.message}`);
    trouble.hidden = false;
    if (!isOurs) console.error(error);
    state.isBehind = true;
    setAnswered(!(error instanceof Unanswered));
    return false;
  }
}

async function readOverview() {
  showOverview(await ask("overview"));
}

function showOverview(overview) {
  state.overview = overview;
  state.readAt = performance.now();
  const { symbols } = state.overview;
  state.symbol = symbols.find((one) => one.symbol === state.wanted) ?? symbols[0] ?? null;
  showHead(state.overview, state.symbol);
  showHealth();
  showPositions(state.symbol, state.overview.now_s, state.symbol && digitsOf(state.symbol, state.known));
  showFeatures(state.symbol);
}

/** Lights and account, told as what they were while the dashboard is not heard. */
function showHealth() {
  if (state.overview === null) return;
  const isOld = connection() === "broken" || performance.now() - state.readAt > OLD_AFTER_S * 1000;
  setOld(isOld);
  showLights(state.overview, isOld);
  showTiles(state.overview, state.symbol, nowS(), isOld);
}

/** Everything anew: the first time, and for another symbol or range. */
async function readAll() {
  const { overview, shown } = await ask("start", beginning(state.wanted, state.range));
  state.isBehind = false;
  showOverview(overview);
  document.querySelector(".board").hidden = shown === null;
  if (shown === null) return undefined;
  const fit = rangesFit(state.symbol);
  if (!fit.includes(state.range)) {
    state.range = fit[0];
    showRanges();
    return readAll();
  }
  showRanges();
  state.known = begun(overview, state.symbol, shown);
  showCycles(shown.cycles, overview.now_s);
  byId("older").hidden = shown.cycles.length < CYCLES;
  await libraries;
  return draw();
}

/** Whether the charts are of something else than what is traded now: paper money, another interval, other bars. */
const isOther = () =>
  state.symbol === null || state.known === null || state.known.basis !== basis(state.overview, state.symbol);

/** The head alone, while no cycle ends. */
async function readHead() {
  await readOverview();
  return isOther() ? readAll() : undefined;
}

/** What is new since the last reading. */
async function readNew() {
  await readOverview();
  if (isOther()) return readAll();
  const [{ symbol }, newSpan] = [state.symbol, span(state.overview, state.symbol, rangeS(state.range))];
  if (newSpan.from < state.known.from) return readAll();
  const [known, newest] = await Promise.all([
    advance(state.known, newSpan),
    ask("cycles", { symbol, limit: CYCLES }),
  ]);
  if (symbol !== state.symbol.symbol) return undefined;
  state.known = { ...known, isPast: newSpan.isPast };
  addNewer(newest.cycles, state.overview.now_s);
  state.isBehind = false;
  return draw();
}

function draw() {
  const digits = digitsOf(state.symbol, state.known);
  showPositions(state.symbol, state.overview.now_s, digits);
  showClosed(state.known.trades, state.overview.now_s, digits);
  showCandles(state.known, state.symbol, digits, pointPlots);
  showPlots(state.known, state.overview.account, state.symbol.last, pointAt);
  showStages(state.known.stages);
}

function startRanges() {
  fill(byId("ranges"), ...RANGES.map(([name]) => {
    const button = make("button", { type: "button", "data-range": name }, name);
    button.addEventListener("click", () => chooseRange(name));
    return button;
  }));
  showRanges();
}

function showRanges() {
  const fit = state.symbol === null ? [] : rangesFit(state.symbol);
  for (const button of byId("ranges").children) {
    button.setAttribute("aria-pressed", String(button.dataset.range === state.range));
    button.hidden = state.symbol !== null && !fit.includes(button.dataset.range);
  }
}

function chooseRange(name) {
  state.range = name;
  remember("range", name);
  showRanges();
  inTurn(readAll);
}

let last = Promise.resolve();
let waiting = 0;

/** One reading after the other: answers never overtake each other. */
function inTurn(work) {
  waiting += 1;
  last = last.then(() => attempt(work)).finally(() => { waiting -= 1; });
  return last;
}

let gathered = 0;

/** Cycles of several symbols end together: they are read once. */
function cycleEnded() {
  if (gathered) return;
  gathered = setTimeout(() => inTurn(() => {
    gathered = 0;
    return readNew();
  }), GATHER_MS);
}

/** Once in a while the head is asked for; what could not be read when it was due, with the next beat. */
function beaten() {
  if (waiting > 0) return;
  if (state.isBehind) inTurn(readNew);
  else if (performance.now() - state.readAt > OVERVIEW_EVERY_S * 1000) inTurn(readHead);
}

/** How the page is connected: a stream that is heard is worth nothing while questions go unanswered. */
const connection = () => (state.connection === "live" && !state.isAnswered ? "broken" : state.connection);

function setAnswered(isAnswered) {
  const changes = state.isAnswered !== isAnswered;
  state.isAnswered = isAnswered;
  if (changes) showConnection();
}

function setConnection(told) {
  state.connection = told;
  showConnection();
  if (told === "broken") checkSession();
}

function showConnection() {
  const place = byId("connection");
  const now = connection();
  place.dataset.state = now;
  const of = state.overview ? `, data of ${words.moment(state.overview.now_s).slice(0, 16)} UTC` : "";
  tell(place, { live: "Connected", broken: `Not connected${of}`, rest: "At rest" }[now] ?? "Connecting");
  showHealth();
}

function startButtons() {
  startRanges();
  watchWide();
  startHead(
    () => {
      forgetColours();
      recolourCandles();
      recolourPlots();
    },
    (symbol) => {
      state.wanted = symbol;
      remember("symbol", symbol);
      inTurn(readAll);
    },
  );
  byId("older").addEventListener("click", () => inTurn(async () => {
    const before = shownCycles().at(-1)?.id ?? null;
    const { cycles } = await ask("cycles", { symbol: state.symbol.symbol, limit: CYCLES, before_id: before });
    addOlder(cycles, nowS());
    byId("older").hidden = cycles.length < CYCLES;
  }));
}

const frame = () => new Promise((done) => requestAnimationFrame(() => done()));

startButtons();
libraries.then(() => prepareCandles(pointPlots));
await inTurn(readAll);
follow({
  onCycle: cycleEnded,
  onBeat: beaten,
  onState: setConnection,
  onAgain: () => inTurn(readNew),
});
setInterval(() => document.hidden || showHealth(), AGED_EVERY_MS);
await frame();
await frame();
performance.mark("sentinel-ready");
document.documentElement.dataset.ready = "yes";
