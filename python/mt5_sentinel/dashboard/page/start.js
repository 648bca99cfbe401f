// What the page begins with: asked for at once, while the rest of the page is still on its way. No module, for these
// wait for each other; what modules need of it is the global `sentinelStart`.
window.sentinelStart = (function () {
  "use strict";

  // Ranges of all charts: label, seconds.
  const RANGES = [["1h", 3600], ["6h", 21600], ["1d", 86400], ["7d", 604800], ["30d", 2592000]];
  // Cycles of one answer.
  const CYCLES = 50;
  // Longer than the longest range takes on a slow machine.
  const ANSWER_WITHIN_S = 20;
  // As many cycles are shown one by one; of more, each of fewer points stands for several.
  const POINTS = 1500;
  const COARSE_POINTS = 730;
  const PIXELS_A_CANDLE = 5;
  // Where the board gets columns beside the charts, by screens.css, and what share of the window these then leave.
  const COLUMNS = [["(min-width: 2200px)", 0.5], ["(min-width: 1100px)", 0.63]];

  /** Cycles begin once a minute. */
  const points = (spanS) => (spanS / 60 > POINTS ? COARSE_POINTS : POINTS);

  /** As many candles as can be told apart on this screen; told by the window, for there is no chart yet. */
  function candlesFit() {
    const share = COLUMNS.find(([query]) => matchMedia(query).matches)?.[1] ?? 0.93;
    return Math.min(POINTS, Math.max(60, Math.floor((innerWidth * share) / PIXELS_A_CANDLE)));
  }

  /** Seconds of a range by its label. */
  const rangeS = (range) => RANGES.find(([name]) => name === range)[1];

  /** What `/api/start` is asked for. */
  const beginning = (wanted, range) => ({ wanted, last_s: rangeS(range), points: points(rangeS(range)),
    bars: candlesFit(), limit: CYCLES });

  /** The address of a question (null is left out). */
  function address(name, parameters) {
    const query = new URLSearchParams(Object.entries(parameters).filter(([, value]) => value !== null)).toString();
    return query ? `/api/${name}?${query}` : `/api/${name}`;
  }

  /** Ask this address; it fails with a `TimeoutError` where the whole answer is not there in time. */
  const get = (url, options = {}) => fetch(url, { ...options, signal: AbortSignal.timeout(ANSWER_WITHIN_S * 1000) });

  /** Keep a choice in this browser; null forgets it. */
  function remember(name, value) {
    try {
      if (value === null) localStorage.removeItem(name);
      else localStorage.setItem(name, value);
    } catch {
      // Storage may be forbidden; the choice then lasts as long as the page.
    }
  }

  /** A choice kept earlier, or null. */
  function remembered(name) {
    try {
      return localStorage.getItem(name);
    } catch {
      return null;
    }
  }

  const asked = new URLSearchParams(location.search);
  // The symbol and the range to begin with: of the address, or as chosen last.
  const wanted = [asked.get("symbol"), remembered("symbol")].find((name) => name && name.length <= 64) ?? null;
  const range = [asked.get("range"), remembered("range"), "1d"]
    .find((name) => RANGES.some(([known]) => known === name));

  const first = address("start", beginning(wanted, range));
  let pending = get(first);
  pending.catch(() => {}); // who takes it tells what went wrong

  /** The answer that is under way to this address; null where there is none, for it is taken once. */
  function taken(url) {
    if (url !== first) return null;
    const answer = pending;
    pending = null;
    return answer;
  }

  return { ANSWER_WITHIN_S, CYCLES, RANGES, address, beginning, candlesFit, get, points, range, rangeS, remember, taken,
    wanted };
})();
