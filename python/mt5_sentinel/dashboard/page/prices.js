// How many digits the prices of a symbol have: one number for all of them, so that they can be compared.

// More significant digits has no quote; what has was calculated, and its last digits are of no trade.
const QUOTED = 9;
// Of a price that was calculated so many significant digits are shown.
const CALCULATED = 6;
const DIGITS_MAX = 10;
// Of the last bits of a number, which arithmetic may have touched.
const NOISE = 4e-15;

/** Digits after the point that show all prices whole: of open positions and, where it is the symbol's, of the range. */
export function digitsOf(symbol, shown) {
  const known = shown?.symbol === symbol.symbol ? shown : null;
  let [digits, isCalculated, largest] = [0, false, 0];
  const look = (price) => {
    if (price === null || price === undefined || price === 0) return;
    const found = quoted(price);
    if (found === null) isCalculated = true;
    else digits = Math.max(digits, found);
    largest = Math.max(largest, Math.abs(price));
  };
  for (const one of symbol.open_positions) [one.price, one.sl, one.tp].forEach(look);
  for (const one of known?.trades.closed ?? []) [one.price, one.closed_price].forEach(look);
  for (const name of known ? ["open", "high", "low", "close"] : []) known.bars[name].forEach(look);
  if (isCalculated) digits = Math.max(digits, CALCULATED - 1 - Math.floor(Math.log10(largest)));
  return Math.min(DIGITS_MAX, digits);
}

/** Digits after the point of a price that somebody quoted; null of one that was calculated. */
function quoted(price) {
  const [mantissa, exponent] = price.toExponential(QUOTED - 1).split("e");
  const near = Number(`${mantissa}e${exponent}`);
  if (Math.abs(near - price) > Math.abs(price) * NOISE) return null;
  const fraction = mantissa.replace(/^-?\d\.?/, "").replace(/0+$/, "");
  return Math.max(0, fraction.length - Number(exponent));
}
