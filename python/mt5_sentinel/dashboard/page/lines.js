// Lines at the entry, stop and target of what is open, and how far the scale of prices reaches for them.
import * as words from "./words.js";

// Times the height of the candles that scale and lines may take: beyond it the candles would be flat.
const REACH = 5;
// Of bars that do not move, a share of the price stands for their height.
const STILL = 1e-4;

/** The lines of open positions: price, name of the colour, title; a stop or target that is not set has none. */
export const linesOf = (positions) => positions.flatMap((one) => {
  const name = `${one.side} ${words.lots(one.lots)}`;
  return [
    { price: one.price, colour: "accent", title: name, said: `entry of ${name}` },
    { price: one.sl, colour: "down", title: "stop", said: `stop of ${name}` },
    { price: one.tp, colour: "up", title: "target", said: `target of ${name}` },
  ].filter(({ price }) => price !== null && price !== 0);
});

/** The scale that candles from `low` to `high` and the lines near them take, and the lines within and beyond it. */
export function scaleFor(lines, low, high) {
  const height = REACH * Math.max(high - low, Math.abs(high) * STILL);
  const away = ({ price }) => Math.max(low - price, price - high, 0);
  const scale = { low, high };
  const [within, beyond] = [[], []];
  for (const line of [...lines].sort((a, b) => away(a) - away(b))) {
    const [from, to] = [Math.min(scale.low, line.price), Math.max(scale.high, line.price)];
    const isWithin = to - from <= height;
    (isWithin ? within : beyond).push(line);
    if (isWithin) [scale.low, scale.high] = [from, to];
  }
  return { ...scale, within, beyond };
}

/** Where a line lies that the chart does not reach. */
export const beyondSaid = (line, low, digits) => (line.price < low
  ? `↓ ${line.said} ${words.price(line.price, digits)}, below the chart`
  : `↑ ${line.said} ${words.price(line.price, digits)}, above the chart`);
