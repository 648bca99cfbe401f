//! Many pairs at once, as one array of the highs and one of the lows: the same steps for several in one instruction.
//!
//! Sums run in [`LANES`] interleaved chains, and each chain adds what it rounded away beside its sum: Sum2 of Ogita, Rump
//! and Oishi, "Accurate sum and dot product" (2005). The order is fixed, so the bits are the same on every processor.

use super::Pair;

/// Chains of a sum or an extreme.
const LANES: usize = 4;

/// `LEN` pairs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pairs<const LEN: usize> {
    /// The rounded numbers.
    pub high: [f64; LEN],
    /// What is missing from each.
    pub low: [f64; LEN],
}

impl<const LEN: usize> Pairs<LEN> {
    /// `values` as pairs.
    #[inline(always)]
    #[must_use]
    pub const fn exact(values: [f64; LEN]) -> Self {
        Self { high: values, low: [0.0; LEN] }
    }

    /// The pair at a place below `LEN`.
    #[inline(always)]
    #[must_use]
    pub fn at(&self, place: usize) -> Pair {
        Pair { high: self.high[place], low: self.low[place] }
    }

    #[inline(always)]
    fn put(&mut self, place: usize, pair: Pair) {
        self.high[place] = pair.high;
        self.low[place] = pair.low;
    }

    /// Each less `other`, normal (see [`Pair::normal`]).
    #[inline(always)]
    #[must_use]
    pub fn less(mut self, other: Pair) -> Self {
        for place in 0..LEN {
            self.put(place, self.at(place).minus(other).normal());
        }
        self
    }

    /// Each times its neighbour in `others`, both normal; relative error about 2⁻¹⁰⁰.
    #[inline(always)]
    #[must_use]
    pub fn times(mut self, others: &Self) -> Self {
        for place in 0..LEN {
            let (a, b) = (self.at(place), others.at(place));
            let product = Pair::product(a.high, b.high);
            let rest = product.low + (a.high * b.low + a.low * b.high);
            // The rest is some last bits of the product: the shorter sum is exact (Dekker).
            let high = product.high + rest;
            self.put(place, Pair { high, low: rest - (high - product.high) });
        }
        self
    }

    /// Each times its neighbour in `factors`, normal; relative error about 2⁻¹⁰⁴.
    #[inline(always)]
    #[must_use]
    pub fn multiplied(mut self, factors: &[f64; LEN]) -> Self {
        for (place, factor) in factors.iter().enumerate() {
            self.put(place, self.at(place).multiplied(*factor));
        }
        self
    }

    /// Each without its sign.
    #[inline(always)]
    #[must_use]
    pub fn magnitudes(mut self) -> Self {
        for place in 0..LEN {
            self.put(place, self.at(place).magnitude());
        }
        self
    }

    /// Sum of all.
    #[inline(always)]
    #[must_use]
    pub fn total(&self) -> Pair {
        total(&self.high, &self.low)
    }
}

/// Sum of pairs given as highs and lows, normal; zero of none.
#[inline(always)]
#[must_use]
pub fn total(high: &[f64], low: &[f64]) -> Pair {
    let (mut sums, mut rests) = ([0.0; LANES], [0.0; LANES]);
    let ((highs, last_highs), (lows, last_lows)) = (high.as_chunks::<LANES>(), low.as_chunks::<LANES>());
    for (highs, lows) in highs.iter().zip(lows) {
        for lane in 0..LANES {
            let sum = Pair::sum(sums[lane], highs[lane]);
            sums[lane] = sum.high;
            rests[lane] += sum.low + lows[lane];
        }
    }
    for (lane, (high, low)) in last_highs.iter().zip(last_lows).enumerate() {
        let sum = Pair::sum(sums[lane], *high);
        sums[lane] = sum.high;
        rests[lane] += sum.low + low;
    }
    joined(sums, rests)
}

/// Sum of plain numbers as [`total`] forms it.
#[inline(always)]
#[must_use]
pub fn total_exact(values: &[f64]) -> Pair {
    let (mut sums, mut rests) = ([0.0; LANES], [0.0; LANES]);
    let (chunks, last) = values.as_chunks::<LANES>();
    for chunk in chunks {
        for lane in 0..LANES {
            let sum = Pair::sum(sums[lane], chunk[lane]);
            sums[lane] = sum.high;
            rests[lane] += sum.low;
        }
    }
    for (lane, value) in last.iter().enumerate() {
        let sum = Pair::sum(sums[lane], *value);
        sums[lane] = sum.high;
        rests[lane] += sum.low;
    }
    joined(sums, rests)
}

/// The sum of the chains.
#[inline(always)]
fn joined(sums: [f64; LANES], rests: [f64; LANES]) -> Pair {
    let lane = |lane: usize| Pair { high: sums[lane], low: rests[lane] };
    let (even, odd) = (lane(0).plus(lane(2)), lane(1).plus(lane(3)));
    even.plus(odd).normal()
}

/// The largest number; NaN when any is NaN, minus infinity of none.
#[inline(always)]
#[must_use]
pub fn highest(values: &[f64]) -> f64 {
    let (chunks, last) = values.as_chunks::<LANES>();
    let mut tops = [f64::NEG_INFINITY; LANES];
    for chunk in chunks {
        for lane in 0..LANES {
            tops[lane] = higher(tops[lane], chunk[lane]);
        }
    }
    for (top, value) in tops.iter_mut().zip(last) {
        *top = higher(*top, *value);
    }
    higher(higher(tops[0], tops[1]), higher(tops[2], tops[3]))
}

/// The smallest number; NaN when any is NaN, infinity of none.
#[inline(always)]
#[must_use]
pub fn lowest(values: &[f64]) -> f64 {
    let (chunks, last) = values.as_chunks::<LANES>();
    let mut bottoms = [f64::INFINITY; LANES];
    for chunk in chunks {
        for lane in 0..LANES {
            bottoms[lane] = lower(bottoms[lane], chunk[lane]);
        }
    }
    for (bottom, value) in bottoms.iter_mut().zip(last) {
        *bottom = lower(*bottom, *value);
    }
    lower(lower(bottoms[0], bottoms[1]), lower(bottoms[2], bottoms[3]))
}

#[inline(always)]
fn higher(top: f64, value: f64) -> f64 {
    if value > top || value.is_nan() { value } else { top }
}

#[inline(always)]
fn lower(bottom: f64, value: f64) -> f64 {
    if value < bottom || value.is_nan() { value } else { bottom }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "these values are exact")]
mod tests {
    use super::{Pair, Pairs, highest, lowest, total, total_exact};

    #[test]
    fn sums_of_every_length_are_whole() {
        let values: Vec<f64> = (0..23).map(|i| 3_f64.powi(i)).collect();
        for count in 0..=values.len() {
            let direct: f64 = values[..count].iter().sum();
            assert_eq!(total_exact(&values[..count]), Pair::exact(direct));
            assert_eq!(total(&values[..count], &vec![0.0; count]), Pair::exact(direct));
            assert_eq!(total(&vec![0.0; count], &values[..count]).value(), direct);
        }
    }

    #[test]
    fn sums_keep_what_is_small_beside_what_cancels() {
        let values = [1e20, 1e-3, 7.0, -1e20, 2e-3, -7.0];
        assert!((total_exact(&values).value() - 3e-3).abs() < 1e-12 * 3e-3);
        assert!((total(&values, &[1e-5; 6]).value() - 3.06e-3).abs() < 1e-12 * 3e-3);
    }

    #[test]
    fn extremes_of_every_length() {
        let values = [3.0, 1.0, 2.0, 5.0, 4.0, 0.5, 6.0, -1.0, 7.0];
        for count in 1..=values.len() {
            let part = &values[..count];
            assert_eq!(highest(part), part.iter().copied().fold(f64::NEG_INFINITY, f64::max));
            assert_eq!(lowest(part), part.iter().copied().fold(f64::INFINITY, f64::min));
            for unknown in 0..count {
                let mut part = part.to_vec();
                part[unknown] = f64::NAN;
                assert!(highest(&part).is_nan() && lowest(&part).is_nan(), "{unknown} of {count}");
            }
        }
    }

    #[test]
    fn each_step_is_that_of_one_pair() {
        let pairs = Pairs { high: [1.1, -7.3, 1e-5], low: [3e-18, -2e-17, 1e-22] };
        let other = Pair { high: 0.3, low: 1e-18 };
        let (less, squares) = (pairs.less(other), pairs.times(&pairs));
        for place in 0..3 {
            assert_eq!(less.at(place), pairs.at(place).minus(other).normal());
            let miss = squares.at(place).minus(pairs.at(place).squared()).value();
            assert!(miss.abs() <= 1e-30 * squares.at(place).value());
            assert!(pairs.magnitudes().at(place).value() > 0.0);
            let tripled = pairs.multiplied(&[3.0; 3]).at(place).minus(pairs.at(place).times(Pair::exact(3.0)));
            assert!(tripled.value().abs() <= 1e-29 * pairs.at(place).value().abs());
        }
    }
}
