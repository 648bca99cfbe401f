//! A number kept as two: what an operation returned, and what it rounded away.
//!
//! Source: the error-free transformations of Knuth (TAOCP 2, 4.2.2) and Dekker (1971).

use serde::{Deserialize, Serialize};

/// The unevaluated sum `high + low`; `low` holds what rounding took from `high`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Pair {
    /// The rounded number.
    pub high: f64,
    /// What is missing from it; of the order of its last bit.
    pub low: f64,
}

impl Pair {
    /// Zero.
    pub const ZERO: Self = Self { high: 0.0, low: 0.0 };
    /// Nothing known yet; passes through every operation.
    pub const NAN: Self = Self { high: f64::NAN, low: f64::NAN };

    /// `a + b` without loss.
    #[inline(always)]
    #[must_use]
    pub fn sum(a: f64, b: f64) -> Self {
        let high = a + b;
        let b_seen = high - a;
        let a_seen = high - b_seen;
        Self { high, low: (a - a_seen) + (b - b_seen) }
    }

    /// `a - b` without loss.
    #[inline(always)]
    #[must_use]
    pub fn difference(a: f64, b: f64) -> Self {
        Self::sum(a, -b)
    }

    /// `a · b` without loss (the residual needs one fused multiply-add).
    #[inline(always)]
    #[must_use]
    pub fn product(a: f64, b: f64) -> Self {
        let high = a * b;
        Self { high, low: a.mul_add(b, -high) }
    }

    /// `self + other`, relative error about 2⁻¹⁰⁴ of the larger of the two.
    #[inline(always)]
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        let sum = Self::sum(self.high, other.high);
        Self { high: sum.high, low: sum.low + (self.low + other.low) }
    }

    /// `self - other`, relative error about 2⁻¹⁰⁴ of the larger of the two.
    #[inline(always)]
    #[must_use]
    pub fn minus(self, other: Self) -> Self {
        let difference = Self::difference(self.high, other.high);
        Self { high: difference.high, low: difference.low + (self.low - other.low) }
    }

    /// `self / divisor`, relative error about 2⁻¹⁰³.
    #[inline(always)]
    #[must_use]
    pub fn over(self, divisor: f64) -> Self {
        self.over_known(divisor, 1.0 / divisor)
    }

    /// [`Pair::over`] where `inverse = 1.0 / divisor` is known already.
    #[inline(always)]
    #[must_use]
    pub fn over_known(self, divisor: f64, inverse: f64) -> Self {
        // `high` need not be the nearest quotient: `low` holds whatever it misses.
        let high = self.high * inverse;
        let remainder = (-high).mul_add(divisor, self.high);
        Self { high, low: (remainder + self.low) * inverse }
    }

    /// `self · power`, exact when `power` is a power of two.
    #[inline(always)]
    #[must_use]
    pub fn scaled(self, power: f64) -> Self {
        Self { high: self.high * power, low: self.low * power }
    }

    /// The pair as one number.
    #[inline(always)]
    #[must_use]
    pub fn value(self) -> f64 {
        self.high + self.low
    }
}

#[cfg(test)]
mod tests {
    use super::Pair;

    const LAST_BIT: f64 = f64::EPSILON;

    #[test]
    fn sum_and_difference_lose_nothing() {
        assert_eq!(Pair::sum(1.0, LAST_BIT / 4.0), Pair { high: 1.0, low: LAST_BIT / 4.0 });
        assert_eq!(Pair::difference(1e16, 1.5), Pair { high: 1e16 - 2.0, low: 0.5 });
        assert_eq!(Pair::sum(1.5, -1e16), Pair { high: -1e16 + 2.0, low: -0.5 });
    }

    #[test]
    fn product_keeps_its_residual() {
        let near_one = 1.0 + LAST_BIT;
        // (1 + e)² = 1 + 2e + e²
        assert_eq!(Pair::product(near_one, near_one), Pair { high: 1.0 + 2.0 * LAST_BIT, low: LAST_BIT * LAST_BIT });
    }

    #[test]
    fn quotient_times_divisor_returns() {
        let third = Pair { high: 1.0, low: 0.0 }.over(3.0);
        // 3·high misses 1 by exactly what 3·low gives back.
        let back = Pair::product(third.high, 3.0).minus(Pair { high: 1.0, low: 0.0 }).value() + 3.0 * third.low;
        assert!(back.abs() < 1e-31, "{back:e}");
        assert!(third.low != 0.0);
    }

    #[test]
    fn unknown_stays_unknown() {
        let one = Pair { high: 1.0, low: 0.0 };
        for pair in [Pair::NAN.plus(one), one.minus(Pair::NAN), Pair::NAN.over(2.0), Pair::NAN.scaled(4.0)] {
            assert!(pair.value().is_nan());
        }
    }
}
