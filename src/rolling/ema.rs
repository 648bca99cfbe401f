//! Exponential mean as its deviation from the newest value.

use serde::{Deserialize, Serialize};

use super::Pair;

/// Exponential moving average with α = 2/(span + 1), seeded by the first value, in deviation form.
///
/// With `d = ema - value` and the value's change Δ, `e' = α·value' + (1-α)·e` reads `d' = (1-α)·(d - Δ)`: no large
/// number enters, so a difference of two averages of one stream is a difference of two small numbers and does not cancel.
///
/// `high` runs the recursion in plain arithmetic and `low` runs it on what `high` rounded away; both forget at the same
/// rate, so an outlier leaves no rounding error behind that is larger than its own remainder.
///
/// Source: the averages of Appel's MACD (1979); the compensation is Ogita, Rump, Oishi, "Accurate sum and dot product"
/// (2005), applied to a first-order recursion.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Ema {
    keep: Pair,
    deviation: Pair,
}

impl Ema {
    /// An average over `span` values (α = 2/(span + 1)), standing on its first value.
    #[must_use]
    pub fn new(span: u32) -> Self {
        Self { keep: Self::keep(span), deviation: Pair::ZERO }
    }

    /// Takes the change from the last value to the next (zero for the very first) and returns the new `ema - value`.
    #[inline(always)]
    pub fn update(&mut self, change: Pair) -> Pair {
        self.deviation = Self::follow(self.deviation, change, self.keep);
        self.deviation
    }

    /// What an average over `span` values keeps of its past at each value: 1 - α = (span - 1)/(span + 1).
    #[must_use]
    pub fn keep(span: u32) -> Pair {
        // Rarely an f64; the pair keeps the tail.
        let span = f64::from(span);
        Pair { high: span - 1.0, low: 0.0 }.over(span + 1.0)
    }

    /// The deviation after one change, from the deviation before it.
    #[inline(always)]
    #[must_use]
    pub fn follow(deviation: Pair, change: Pair, keep: Pair) -> Pair {
        let behind = Pair::difference(deviation.high, change.high);
        let kept = Pair::product(behind.high, keep.high);
        // What this bar's rounding took; `deviation.low` comes last, so that the next bar waits for it least.
        let lost = kept.low + ((behind.low - change.low) * keep.high + behind.high * keep.low);
        Pair { high: kept.high, low: deviation.low * keep.high + lost }
    }
}

#[cfg(test)]
mod tests {
    use super::{Ema, Pair};

    #[test]
    fn constant_values_have_no_deviation() {
        let mut ema = Ema::new(10);
        for _ in 0..100 {
            assert_eq!(ema.update(Pair::ZERO).value().to_bits(), 0.0_f64.to_bits());
        }
    }

    #[test]
    fn one_step_leaves_the_kept_part_behind() {
        // After a step of 1 the average lags by k, k², k³ …, k = 9/11.
        let mut ema = Ema::new(10);
        let mut expected = 1.0;
        for i in 0..60 {
            let change = if i == 0 { Pair { high: 1.0, low: 0.0 } } else { Pair::ZERO };
            expected *= 9.0 / 11.0;
            let lag = -ema.update(change).value();
            assert!((lag - expected).abs() <= 1e-14 * expected, "{lag} {expected}");
        }
    }
}
