// The header: mode, symbol, clock, countdown, theme.
import { byId, fill, make, tell } from "./elements.js";
import * as words from "./words.js";

const { remember } = window.sentinelStart;
const MODES = { "dry-run": "DRY RUN", demo: "DEMO", live: "LIVE" };
const THEMES = ["system", "light", "dark"];

let ahead = 0;
let nextCycleS = null;
let isOld = false;

/** The server's time, UTC unix seconds: a wrong clock of this machine misleads nobody. */
export const nowS = () => Date.now() / 1000 + ahead;

/** Take the server's time from an answer. */
export function setClock(serverS) {
  ahead = serverS - Date.now() / 1000;
}

/** Say whether what was told may no longer be so: then no cycle is promised. */
export function setOld(old) {
  isOld = old;
  tick();
}

/** Show the mode, the symbols and when the next cycle is. */
export function showHead(overview, symbol) {
  setClock(overview.now_s);
  nextCycleS = overview.next_cycle_s;
  const mode = byId("mode");
  tell(mode, MODES[overview.mode] ?? "NO MODE");
  mode.dataset.mode = overview.mode ?? "unknown";
  tell(byId("version"), overview.version ? `mt5-sentinel ${overview.version}` : "mt5-sentinel");
  document.title = symbol ? `${symbol.symbol} ${MODES[overview.mode] ?? ""} - mt5-sentinel` : "mt5-sentinel";
  byId("logout").hidden = !overview.has_login;
  showSymbols(overview.symbols, symbol);
  tick();
}

function showSymbols(symbols, chosen) {
  const select = byId("symbol");
  const names = symbols.map((one) => one.symbol);
  if (names.join() !== [...select.options].map((option) => option.value).join()) {
    fill(select, ...names.map((name) => make("option", { value: name }, name)));
  }
  byId("symbol-label").hidden = names.length < 2;
  if (chosen) select.value = chosen.symbol;
  tell(byId("symbol-facts"), chosen ? facts(chosen, names.length < 2) : "");
}

function facts(one, named) {
  const told = [
    named ? one.symbol : null,
    one.interval,
    one.is_open ? "market open" : "market closed",
    `bars: ${one.bars_source} (${one.price_side})`,
    `scored by: ${words.plain(one.scoring)}`,
    `threshold ${words.confidence(one.threshold)}`,
  ];
  return told.filter(Boolean).join(" · ");
}

/** Start the clock, and the buttons that need nothing else. */
export function startHead(onTheme, onSymbol) {
  const theme = byId("theme");
  const show = () => tell(theme, `Theme: ${document.documentElement.dataset.theme ?? "system"}`);
  theme.addEventListener("click", () => {
    const root = document.documentElement;
    const next = THEMES[(THEMES.indexOf(root.dataset.theme ?? "system") + 1) % THEMES.length];
    if (next === "system") delete root.dataset.theme;
    else root.dataset.theme = next;
    remember("theme", next === "system" ? null : next);
    window.showTheme();
    show();
    onTheme();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", onTheme);
  byId("symbol").addEventListener("change", (event) => onSymbol(event.target.value));
  show();
  tick();
  setInterval(tick, 1000);
}

function tick() {
  if (document.hidden) return;
  tell(byId("clock"), words.clock(nowS()));
  const left = nextCycleS === null || isOld ? null : Math.ceil(nextCycleS - nowS());
  tell(byId("next"), left === null ? "" : left >= 0 ? `next cycle in ${words.age(left)}` : "cycle is due");
}
