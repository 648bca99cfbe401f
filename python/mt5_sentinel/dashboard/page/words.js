// Numbers and times as people read them; the same digits everywhere. Times are UTC unix seconds.

const UNKNOWN = "–";

const fixed = (digits) => {
  const format = new Intl.NumberFormat("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return (value) => (value === null || value === undefined ? UNKNOWN : format.format(value));
};

export const money = fixed(2);
export const confidence = fixed(4);
export const whole = fixed(0);

/** A price with as many digits as those of its symbol have. */
export const price = (value, digits) => (value === null || value === undefined ? UNKNOWN : value.toFixed(digits));

const volume = new Intl.NumberFormat("en-US", { maximumFractionDigits: 8 });

/** Lots as they are: no digit is added, none is lost. */
export const lots = (value) => (value === null || value === undefined ? UNKNOWN : volume.format(value));

/** A feature's value: six significant digits, large ones in thousands. */
export const feature = (value) => {
  if (value === null || value === undefined) return UNKNOWN;
  if (value !== 0 && (Math.abs(value) >= 1e6 || Math.abs(value) < 1e-4)) return value.toExponential(3);
  return String(Number(value.toPrecision(6)));
};

/** Seconds as a duration: 0.8 ms, 12.4 ms, 1.25 s. */
export const took = (seconds) => {
  if (seconds === null || seconds === undefined) return UNKNOWN;
  if (seconds < 0.001) return `${(seconds * 1000).toFixed(2)} ms`;
  if (seconds < 1) return `${(seconds * 1000).toFixed(1)} ms`;
  return `${seconds.toFixed(2)} s`;
};

/** An age in the largest two units. */
export const age = (seconds) => {
  if (seconds === null || seconds === undefined) return UNKNOWN;
  const s = Math.max(0, Math.round(seconds));
  if (s < 120) return `${s} s`;
  if (s < 7200) return two(s, 60, "min", 1, "s");
  if (s < 172800) return two(s, 3600, "h", 60, "min");
  return two(s, 86400, "d", 3600, "h");
};

function two(s, large, largeName, small, smallName) {
  const rest = Math.floor((s % large) / small);
  return `${Math.floor(s / large)} ${largeName}${rest ? ` ${rest} ${smallName}` : ""}`;
}

/** How many of something. */
export const count = (number, noun) => `${whole(number)} ${noun}${number === 1 ? "" : "s"}`;

const iso = (s) => new Date(s * 1000).toISOString();
export const clock = (s) => (s === null || s === undefined ? UNKNOWN : iso(s).slice(11, 19));
export const minute = (s) => (s === null || s === undefined ? UNKNOWN : iso(s).slice(11, 16));
export const day = (s) => (s === null || s === undefined ? UNKNOWN : iso(s).slice(0, 10));
export const moment = (s) => (s === null || s === undefined ? UNKNOWN : `${day(s)} ${clock(s)}`);

/** The time alone where it is of today, with its day otherwise. */
export const near = (s, nowS) => (day(s) === day(nowS) || day(s) === UNKNOWN ? clock(s)
  : `${iso(s).slice(5, 10)} ${clock(s)}`);

/** A code of the program as words. */
export const plain = (code) => (code === null || code === undefined ? UNKNOWN : code.replaceAll("_", " "));

export const orDash = (text) => (text === null || text === undefined || text === "" ? UNKNOWN : String(text));
