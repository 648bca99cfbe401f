//! Window variances on the ladder of the sums: s2 → s4 → s8 → s10 → s20.
//!
//! Neighbouring windows of n and m values merge by `Q = Q₁ + Q₂ + (S₁ - ρ·S₂)² · m/(n(n+m))` with ρ = n/m,
//! where S is a sum of values and Q a sum of squared deviations. Every term is ≥ 0, so nothing cancels. The sums are
//! pairs: values that hardly differ (a steady trend) keep all digits of their difference.
//!
//! Source: Chan, Golub and Le Veque, "Updating formulae and a pairwise algorithm for computing sample variances" (1979).

use serde::{Deserialize, Serialize};

use super::{Pair, Ring};

/// Ladder of variances over the last values of a stream.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Spreads {
    previous: Part,
    twos: Ring<Part, 16>,
    fours: Ring<Part, 8>,
    tens: Ring<Part, 16>,
}

/// Sample variances (n - 1) of the last 10 and 20 values, each NaN until that many have come; in the values' unit².
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Variances {
    /// Variance of the last 10.
    pub last_10: f64,
    /// Variance of the last 20.
    pub last_20: f64,
}

/// One window: the sum of its values and the sum of their squared distances from their mean.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Part {
    /// Sum of the values.
    pub sum: Pair,
    /// Sum of squared deviations from the mean.
    pub squares: f64,
}

impl Part {
    const UNKNOWN: Self = Self { sum: Pair::NAN, squares: f64::NAN };

    /// The window of one value.
    #[inline(always)]
    #[must_use]
    pub fn one(value: Pair) -> Self {
        Self { sum: value, squares: 0.0 }
    }

    /// Two windows of `SIZE` values each as one (`SIZE` a power of two, or 10).
    #[inline(always)]
    #[must_use]
    pub fn doubled<const SIZE: u32>(self, other: Self) -> Self {
        self.merge(other, 1.0, 1.0 / f64::from(2 * SIZE))
    }

    /// A window of eight values and one of two as one of ten.
    #[inline(always)]
    #[must_use]
    pub fn ten(eight: Self, two: Self) -> Self {
        eight.merge(two, 4.0, 1.0 / 40.0)
    }

    /// Sample variance (n - 1) of a window of `SIZE` values, in the values' unit².
    #[inline(always)]
    #[must_use]
    pub fn variance<const SIZE: u32>(self) -> f64 {
        self.squares * (1.0 / f64::from(SIZE - 1))
    }

    /// This window and its neighbour as one; `ratio` is n/m (a power of two), `share` is m/(n(n+m)).
    #[inline(always)]
    fn merge(self, other: Self, ratio: f64, share: f64) -> Self {
        let gap = self.sum.minus(other.sum.scaled(ratio)).value();
        Self { sum: self.sum.plus(other.sum), squares: self.squares + other.squares + gap * gap * share }
    }
}

impl Spreads {
    /// A ladder that has seen nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            previous: Part::UNKNOWN,
            twos: Ring::filled(Part::UNKNOWN),
            fours: Ring::filled(Part::UNKNOWN),
            tens: Ring::filled(Part::UNKNOWN),
        }
    }

    /// Takes the next value.
    #[inline(always)]
    pub fn update(&mut self, value: Pair) -> Variances {
        let one = Part::one(value);
        let two = one.doubled::<1>(self.previous);
        self.previous = one;
        self.twos.push(two);
        let four = two.doubled::<2>(self.twos.ago(2));
        self.fours.push(four);
        let eight = four.doubled::<4>(self.fours.ago(4));
        let ten = Part::ten(eight, self.twos.ago(8));
        self.tens.push(ten);
        let twenty = ten.doubled::<10>(self.tens.ago(10));
        Variances { last_10: ten.variance::<10>(), last_20: twenty.variance::<20>() }
    }
}

impl Default for Spreads {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::{Pair, Spreads};

    fn exactly(value: f64) -> Pair {
        Pair { high: value, low: 0.0 }
    }

    #[test]
    fn known_answers_once_full() {
        // 1..n has sample variance n(n+1)/12.
        let mut spreads = Spreads::new();
        for i in 1..=40_i32 {
            let variances = spreads.update(exactly(f64::from(i)));
            assert_eq!(variances.last_10.is_nan(), i < 10);
            assert_eq!(variances.last_20.is_nan(), i < 20);
            if i >= 20 {
                assert!((variances.last_10 - 110.0 / 12.0).abs() < 1e-14);
                assert!((variances.last_20 - 35.0).abs() < 1e-14);
            }
        }
    }

    #[test]
    fn equal_values_have_no_spread() {
        let mut spreads = Spreads::new();
        let last = (0..50).map(|_| spreads.update(exactly(0.1))).last();
        assert_eq!(last.map(|v| (v.last_10, v.last_20)), Some((0.0, 0.0)));
    }

    #[test]
    fn digits_below_the_last_bit_still_count() {
        // Values 1 ± 1e-20: invisible in an f64, their sample variance is 1e-40·n/(n-1).
        let mut spreads = Spreads::new();
        let last = (0..40)
            .map(|i| spreads.update(Pair { high: 1.0, low: if i % 2 == 0 { 1e-20 } else { -1e-20 } }))
            .last()
            .map(|v| (v.last_10 / 1e-40 * 9.0 / 10.0, v.last_20 / 1e-40 * 19.0 / 20.0));
        let Some((ten, twenty)) = last else { return };
        assert!((ten - 1.0).abs() < 1e-12 && (twenty - 1.0).abs() < 1e-12, "{ten} {twenty}");
    }
}
