// Health lights and the account, each with its words: colour only underlines them.
import { bar, byId, empty, fill, make, tell } from "./elements.js";
import * as words from "./words.js";

const SIGNS = { ok: ["✓", "ok"], warn: ["!", "look"], bad: ["✕", "wrong"] };

/** All lights, the worst first; a symbol's lights name it where there are several. */
export function showLights(overview) {
  const rank = { bad: 0, warn: 1, ok: 2 };
  const sorted = [...overview.lights].sort((a, b) => rank[a.level] - rank[b.level]);
  const named = overview.symbols.length > 1;
  fill(byId("lights"), ...sorted.map((light) => lightItem(light, named)));
  const count = (level) => overview.lights.filter((light) => light.level === level).length;
  const verdict = byId("verdict");
  verdict.dataset.level = overview.level;
  const [bad, warn] = [count("bad"), count("warn")];
  const told = [bad ? `${bad} wrong` : null, warn ? `${warn} to look at` : null].filter(Boolean).join(", ");
  tell(verdict, told || (overview.level === "ok" ? "All is well" : "It is not well"));
}

function lightItem(light, named) {
  const [sign, word] = SIGNS[light.level] ?? SIGNS.bad;
  const name = named && light.symbol ? `${light.symbol} ${light.name}` : light.name;
  return make(
    "li",
    { "data-level": light.level },
    make("span", { class: "sign", "aria-hidden": "true" }, sign),
    make("strong", {}, name),
    make("span", { class: "word" }, word),
    make("span", { class: "light-text" }, light.text),
  );
}

/** The account's tiles and the newest decision of the symbol. */
export function showTiles(overview, symbol) {
  const account = overview.account;
  if (!account || !symbol) {
    fill(byId("tiles"), empty("Nothing has been traded yet: there is no account to show."));
    return;
  }
  const unit = account.currency ?? "";
  fill(
    byId("tiles"),
    tile("equity", "Equity", words.money(account.equity), unit, dayLimit(account)),
    limited("drawdown", "Drawdown", account.drawdown, account.drawdown_max, unit),
    limited("exposure", "Exposure", account.exposure, account.exposure_max, unit),
    tile("open", "Open positions", words.whole(account.positions), "", openText(symbol)),
    riskTile(account),
    decisionTile(symbol.last, overview.now_s),
    quotaTile(overview.quota),
  );
}

const dayLimit = (account) => `day's loss limit ${words.money(account.daily_loss_max)}`;

function tile(id, title, value, unit, below, level = null, share = null) {
  return make(
    "div",
    { class: "tile", id: `tile-${id}`, "data-level": level },
    make("h3", {}, title),
    make("p", { class: "value" }, make("span", { class: "number" }, value),
      unit ? make("span", { class: "unit" }, unit) : null),
    share === null ? null : bar(share, level ?? "ok"),
    make("p", { class: "below" }, below),
  );
}

/** A value against its limit: a bar, and the share in words. */
function limited(id, title, value, limit, unit) {
  if (value === null || !limit) return tile(id, title, words.money(value), unit, "no limit is known");
  const share = value / limit;
  const level = share >= 1 ? "bad" : share >= 0.8 ? "warn" : "ok";
  const told = `${(share * 100).toFixed(1)} % of the limit ${words.money(limit)}`;
  return tile(id, title, words.money(value), unit, told, level, share);
}

function openText(symbol) {
  const mine = symbol.open_positions;
  if (!mine.length) return `none in ${symbol.symbol}`;
  const lots = mine.reduce((sum, one) => sum + one.lots, 0);
  return `${symbol.symbol}: ${mine.length}, ${words.money(lots)} lots`;
}

function riskTile(account) {
  const level = { ACTIVE: "ok", REDUCING: "warn", HALTED: "bad" }[account.risk_state] ?? null;
  const because = account.risk_because ?? (account.risk_state === "ACTIVE" ? "positions may be opened" : "");
  return tile("risk", "Risk", words.orDash(account.risk_state), "", because || "–", level);
}

function decisionTile(last, nowS) {
  if (!last) return tile("decision", "Newest cycle", "–", "", "no cycle has ended yet");
  const when = words.near(last.time_s, nowS);
  const failed = last.status === "failed";
  const value = failed ? "FAILED" : last.action ?? words.plain(last.reason);
  const sure = last.confidence === null ? "" : words.confidence(last.confidence);
  return tile("decision", "Newest cycle", value, sure, `${last.reason} · ${when}`, failed ? "bad" : null);
}

function quotaTile(quota) {
  if (!quota || !quota.limit) return tile("quota", "API units today", "–", "", "nothing is counted");
  const share = quota.used / quota.limit;
  const level = share >= 1 ? "bad" : share >= 0.8 ? "warn" : "ok";
  const told = `${(share * 100).toFixed(1)} % of ${words.whole(quota.limit)}`;
  return tile("quota", "API units today", words.whole(quota.used), "", told, level, share);
}
