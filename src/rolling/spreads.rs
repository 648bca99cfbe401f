//! Window variances on the ladder of the sums: 2 → 4 → 8 → 10 → 20 values.
//!
//! Neighbouring windows of n and m values merge by `Q = Q₁ + Q₂ + (S₁ - ρ·S₂)² · m/(n(n+m))` with ρ = n/m,
//! where S is a sum of values and Q a sum of squared deviations. Every term is ≥ 0, so nothing cancels.
//!
//! The sums themselves, which may hide the digits in which values differ (a steady trend), are never formed: each
//! `S₁ - ρ·S₂` is a sum of differences of neighbouring values, and a difference of two [`Pair`]s keeps its digits.
//!
//! Source: Chan, Golub and Le Veque, "Updating formulae and a pairwise algorithm for computing sample variances" (1979).

use serde::{Deserialize, Serialize};

use super::{Pair, Ring};

/// Ladder of variances over the last values of a stream.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Spreads {
    previous: Pair,
    gaps: Ring<f64, 4>,
    rises: Ring<f64, 16>,
    spans: Ring<f64, 16>,
    twos: Ring<f64, 16>,
    fours: Ring<f64, 8>,
    tens: Ring<f64, 16>,
}

/// Sample variances (n - 1) of the last 10 and 20 values, each NaN until that many have come; in the values' unit².
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Variances {
    /// Variance of the last 10.
    pub last_10: f64,
    /// Variance of the last 20.
    pub last_20: f64,
}

/// The rungs: what each level is made of. Differences are in the values' unit, sums of squared deviations in its square.
pub mod rungs {
    use super::Pair;

    /// A value less the one before it.
    #[inline(always)]
    #[must_use]
    pub fn gap(now: Pair, before: Pair) -> f64 {
        // Where the high parts are near each other their difference is exact; elsewhere its rounding is all that is lost.
        (now.high - before.high) + (now.low - before.low)
    }

    /// Sum of the last two values less the sum of the two before: from the gap now, one ago and two ago.
    #[inline(always)]
    #[must_use]
    pub fn rise(gaps: [f64; 3]) -> f64 {
        (gaps[0] + gaps[1]) + (gaps[1] + gaps[2])
    }

    /// Sum of the last two values less that of the two ten ago: from the rises 0, 2, 4, 6 and 8 ago.
    #[inline(always)]
    #[must_use]
    pub fn span(rises: [f64; 5]) -> f64 {
        ((rises[0] + rises[2]) + (rises[4] + rises[1])) + rises[3]
    }

    /// Squared deviations of two values, from their gap.
    #[inline(always)]
    #[must_use]
    pub fn two(gap: f64) -> f64 {
        gap * gap * 0.5
    }

    /// Of four: the twos now and two ago, and the rise.
    #[inline(always)]
    #[must_use]
    pub fn four(twos: [f64; 2], rise: f64) -> f64 {
        (twos[0] + twos[1]) + rise * rise * 0.25
    }

    /// Of ten: the fours now and four ago, the two of eight ago, and the rises 0, 2, 4 and 6 ago.
    #[inline(always)]
    #[must_use]
    pub fn ten(fours: [f64; 2], two: f64, rises: [f64; 4]) -> f64 {
        let fours_apart = (rises[0] + rises[1]) + (rises[1] + rises[2]);
        let eight = (fours[0] + fours[1]) + fours_apart * fours_apart * 0.125;
        // The sum of eight less four times the sum of the two before: 1, 2, 3 and 4 rises.
        let near = rises[2] + rises[3];
        let apart = ((rises[0] + rises[1]) + near) + (rises[1] + near) + (near + rises[3]);
        (eight + two) + apart * apart * (1.0 / 40.0)
    }

    /// Of twenty: the tens now and ten ago, and the spans 0, 2, 4, 6 and 8 ago.
    #[inline(always)]
    #[must_use]
    pub fn twenty(tens: [f64; 2], spans: [f64; 5]) -> f64 {
        let apart = span(spans);
        (tens[0] + tens[1]) + apart * apart * 0.05
    }

    /// Sample variance of `SIZE` values from their squared deviations.
    #[inline(always)]
    #[must_use]
    pub fn variance<const SIZE: u32>(squares: f64) -> f64 {
        squares * (1.0 / f64::from(SIZE - 1))
    }
}

/// The values of a ring at several ages; written out, because `array::map` is not always inlined.
macro_rules! ages {
    ($ring:expr, $($age:literal),+) => { [$($ring.ago($age)),+] };
}

impl Spreads {
    /// A ladder that has seen nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            previous: Pair::NAN,
            gaps: Ring::filled(f64::NAN),
            rises: Ring::filled(f64::NAN),
            spans: Ring::filled(f64::NAN),
            twos: Ring::filled(f64::NAN),
            fours: Ring::filled(f64::NAN),
            tens: Ring::filled(f64::NAN),
        }
    }

    /// Takes the next value.
    #[inline(always)]
    pub fn update(&mut self, value: Pair) -> Variances {
        let gap = rungs::gap(value, self.previous);
        self.previous = value;
        self.gaps.push(gap);
        self.rises.push(rungs::rise(ages!(self.gaps, 0, 1, 2)));
        self.twos.push(rungs::two(gap));
        let rises = ages!(self.rises, 0, 2, 4, 6, 8);
        self.fours.push(rungs::four(ages!(self.twos, 0, 2), rises[0]));
        self.spans.push(rungs::span(rises));
        let rises = ages!(self.rises, 0, 2, 4, 6);
        self.tens.push(rungs::ten(ages!(self.fours, 0, 4), self.twos.ago(8), rises));
        let twenty = rungs::twenty(ages!(self.tens, 0, 10), ages!(self.spans, 0, 2, 4, 6, 8));
        Variances { last_10: rungs::variance::<10>(self.tens.ago(0)), last_20: rungs::variance::<20>(twenty) }
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
