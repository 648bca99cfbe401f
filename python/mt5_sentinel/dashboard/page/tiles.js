// The account and the newest decision, each with its words: colour only underlines them.
import { bar, byId, empty, fill, make } from "./elements.js";
import * as words from "./words.js";

// A cycle a minute reads the account; what is older than three was not read by the newest.
const OLD_AFTER_S = 180;

/** The account's tiles and the newest decision of the symbol; `isOld` where the dashboard was not heard for a while. */
export function showTiles(overview, symbol, nowS, isOld) {
  const account = overview.account;
  if (!account || !symbol) {
    fill(byId("tiles"), empty("Nothing has been traded yet: there is no account to show."));
    return;
  }
  const unit = account.currency ?? "";
  const isWrong = isOld || overview.next_cycle_s === null || overview.symbols.some((one) => one.is_open);
  const [money, risk] = [account.equity_s, account.risk_s].map((timeS) => age(timeS, nowS, isOld, isWrong));
  fill(
    byId("tiles"),
    tile("equity", "Equity", words.money(account.equity), unit, dayLimit(account), money.level, null, money.told),
    limited("drawdown", "Drawdown", account.drawdown, account.drawdown_max, unit, money),
    limited("exposure", "Exposure", account.exposure, account.exposure_max, unit, money),
    tile("open", "Open positions", words.whole(account.positions), "", openText(symbol), money.level, null,
      money.isOld ? money.told : ""),
    riskTile(account, risk),
    decisionTile(symbol.last, nowS),
    quotaTile(overview.quota),
  );
}

/** When something was known, in words; an old value warns while there should be a newer one. */
function age(timeS, nowS, isOld, isWrong) {
  if (timeS === null || timeS === undefined) return { told: "", level: null, isOld };
  const ageS = nowS - timeS;
  const isAged = isOld || ageS > OLD_AFTER_S;
  const told = isAged ? `as of ${words.near(timeS, nowS)}, ${words.age(ageS)} ago` : `at ${words.near(timeS, nowS)}`;
  return { told, level: isAged && isWrong ? "warn" : null, isOld: isAged };
}

const dayLimit = (account) => `day's loss limit ${words.money(account.daily_loss_max)}`;

function tile(id, title, value, unit, below, level = null, share = null, aged = "") {
  return make(
    "div",
    { class: "tile", id: `tile-${id}`, "data-level": level },
    make("h3", {}, title),
    make("p", { class: "value" }, make("span", { class: "number" }, value),
      unit ? make("span", { class: "unit" }, unit) : null),
    share === null ? null : bar(share, level ?? "ok"),
    make("p", { class: "below" }, below),
    aged ? make("p", { class: "below aged" }, aged) : null,
  );
}

/** A value against its limit: a bar, and the share in words. */
function limited(id, title, value, limit, unit, known) {
  const aged = known.isOld ? known.told : "";
  if (value === null || !limit) {
    return tile(id, title, words.money(value), unit, "no limit is known", known.level, null, aged);
  }
  const share = value / limit;
  const level = share >= 1 ? "bad" : share >= 0.8 ? "warn" : "ok";
  const told = `${(share * 100).toFixed(1)} % of the limit ${words.money(limit)}`;
  return tile(id, title, words.money(value), unit, told, level === "ok" ? known.level ?? level : level, share, aged);
}

function openText(symbol) {
  const mine = symbol.open_positions;
  if (!mine.length) return `none in ${symbol.symbol}`;
  const lots = mine.reduce((sum, one) => sum + one.lots, 0);
  return `${symbol.symbol}: ${mine.length}, ${words.lots(lots)} lots`;
}

/** An old state is told as what it was: nobody knows whether positions may be opened now. */
function riskTile(account, known) {
  const level = { ACTIVE: "ok", REDUCING: "warn", HALTED: "bad" }[account.risk_state] ?? null;
  const state = words.orDash(account.risk_state);
  const mayOpen = account.risk_state === "ACTIVE" && !known.isOld;
  const because = account.risk_because ?? (mayOpen ? "positions may be opened" : "");
  const isPast = known.isOld && account.risk_state === "ACTIVE";
  return tile("risk", "Risk", isPast ? `was ${state}` : state, "", because || (known.isOld ? "" : "–"),
    isPast ? known.level : level, null, known.isOld ? known.told : "");
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
  if (!quota) return tile("quota", "API units today", "–", "", "not known: bars.db cannot be read", "warn");
  if (!quota.limit) return tile("quota", "API units today", "–", "", "nothing is counted");
  const share = quota.used / quota.limit;
  const level = share >= 1 ? "bad" : share >= 0.8 ? "warn" : "ok";
  const told = `${(share * 100).toFixed(1)} % of ${words.whole(quota.limit)}`;
  return tile("quota", "API units today", words.whole(quota.used), "", told, level, share);
}
