//! A recursive mean whose start is the plain mean of its first values.

use serde::{Deserialize, Serialize};

use super::Pair;

/// `m' = m + (x - m)·weight`, seeded by the plain mean of the first `seed` values; NaN until then.
///
/// Wilder's smoothing has weight 1/n and seed n; an exponential average over a span has weight 2/(span + 1). The mean is
/// a [`Pair`], so a difference of two such means, or of two neighbouring values of one, keeps its digits.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Smoothed {
    /// The weight is `numerator / divisor`; the numerator is a power of two.
    numerator: f64,
    divisor: f64,
    seed: u32,
    seen: u32,
    /// Sum of the values while they are fewer than `seed`, then the mean.
    state: Pair,
}

impl Smoothed {
    /// Wilder's smoothing over `length` values, seeded by the mean of the first `length`.
    #[must_use]
    pub fn wilder(length: u32) -> Self {
        Self { numerator: 1.0, divisor: f64::from(length), seed: length, seen: 0, state: Pair::ZERO }
    }

    /// Exponential average over `span`, seeded by the mean of the first `seed` values (1: by the first).
    #[must_use]
    pub fn exponential(span: u32, seed: u32) -> Self {
        Self { numerator: 2.0, divisor: f64::from(span) + 1.0, seed, seen: 0, state: Pair::ZERO }
    }

    /// Takes the next value and returns the mean; a NaN (a column in warm-up) is not counted.
    #[inline(always)]
    pub fn update(&mut self, value: Pair) -> Pair {
        if value.high.is_nan() {
            return Pair::NAN;
        }
        if self.seen >= self.seed {
            let step = value.minus(self.state).scaled(self.numerator).over(self.divisor);
            self.state = self.state.plus(step).normal();
            return self.state;
        }
        self.seen += 1;
        self.state = self.state.plus(value).normal();
        if self.seen < self.seed {
            return Pair::NAN;
        }
        self.state = self.state.over(f64::from(self.seed)).normal();
        self.state
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "these values are exact")]
mod tests {
    use super::{Pair, Smoothed};

    #[test]
    fn seed_is_the_mean_and_each_step_goes_the_weight() {
        let mut wilder = Smoothed::wilder(4);
        let mut span = Smoothed::exponential(3, 2);
        let inputs = [f64::NAN, 1.0, 3.0, 5.0, 7.0, 8.0];
        let means = inputs.map(|value| wilder.update(Pair::exact(value)).value());
        assert!(means[..4].iter().all(|mean| mean.is_nan()));
        assert_eq!(means[4..], [4.0, 5.0]);
        let means = inputs.map(|value| span.update(Pair::exact(value)).value());
        assert!(means[..2].iter().all(|mean| mean.is_nan()));
        assert_eq!(means[2..], [2.0, 3.5, 5.25, 6.625]);
    }

    #[test]
    fn seed_of_one_is_the_first_value() {
        let mut mean = Smoothed::exponential(10, 1);
        assert_eq!(mean.update(Pair::exact(0.1)), Pair::exact(0.1));
        for _ in 0..1_000 {
            assert_eq!(mean.update(Pair::exact(0.1)).value(), 0.1);
        }
    }
}
