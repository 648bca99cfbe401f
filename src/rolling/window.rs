//! The last values of a stream, whole, and what a fresh pass over them tells.
//!
//! Every pass starts from nothing and takes the values by age, so its bits depend on the values alone and not on when
//! the stream began.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::pairs::{self, Pairs};
use super::{Pair, array};

/// The last `LEN` values.
///
/// Each is kept twice, `LEN` places apart, so that they always stand in one piece, newest first. Stored as just that.
#[derive(Debug, Clone)]
pub struct Window<T, const LEN: usize> {
    twice: [[T; LEN]; 2],
    /// Place of the newest, below `LEN`.
    newest: usize,
}

impl<T: Copy, const LEN: usize> Window<T, LEN> {
    /// A window whose every place holds `value`, as if it had been pushed for ever.
    #[must_use]
    pub const fn filled(value: T) -> Self {
        Self { twice: [[value; LEN]; 2], newest: 0 }
    }

    /// Appends `value`; the oldest is forgotten.
    #[inline(always)]
    pub fn push(&mut self, value: T) {
        self.newest = if self.newest == 0 { LEN - 1 } else { self.newest - 1 };
        self.twice[0][self.newest] = value;
        self.twice[1][self.newest] = value;
    }

    /// All values, newest first.
    #[inline(always)]
    #[must_use]
    pub fn values(&self) -> &[T; LEN] {
        let behind = self.twice.as_flattened().get(self.newest..);
        // There are always that many: the newest stands in the first half.
        behind.and_then(<[T]>::first_chunk).unwrap_or(&self.twice[0])
    }

    /// The value pushed `age` pushes before the newest; `age` is below `LEN`.
    #[inline(always)]
    #[must_use]
    pub fn ago(&self, age: usize) -> T {
        self.values()[age]
    }
}

impl<T: Copy + Serialize, const LEN: usize> Serialize for Window<T, LEN> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        array::serialize(self.values(), serializer)
    }
}

impl<'de, T: Copy + Deserialize<'de>, const LEN: usize> Deserialize<'de> for Window<T, LEN> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        array::deserialize(deserializer).map(|values| Self { twice: [values; 2], newest: 0 })
    }
}

impl<const LEN: usize> Window<f64, LEN> {
    /// Largest value; NaN while any value is NaN.
    #[inline(always)]
    #[must_use]
    pub fn highest(&self) -> f64 {
        pairs::highest(self.values())
    }

    /// Smallest value; NaN while any value is NaN.
    #[inline(always)]
    #[must_use]
    pub fn lowest(&self) -> f64 {
        pairs::lowest(self.values())
    }

    /// Sum of all values, without loss until it is rounded to a pair.
    #[inline(always)]
    #[must_use]
    pub fn sum(&self) -> Pair {
        pairs::total_exact(self.values())
    }

    /// The values as distances from their mean.
    #[inline(always)]
    #[must_use]
    pub fn deviations(&self) -> Deviations<LEN> {
        let newest = self.ago(0);
        let mut distances = Pairs::exact(*self.values());
        for (high, low) in distances.high.iter_mut().zip(&mut distances.low) {
            let distance = Pair::difference(*high, newest);
            (*high, *low) = (distance.high, distance.low);
        }
        Deviations::around_mean(Pair::exact(newest), distances)
    }
}

/// The last `LEN` pairs.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PairWindow<const LEN: usize> {
    high: Window<f64, LEN>,
    low: Window<f64, LEN>,
}

impl<const LEN: usize> PairWindow<LEN> {
    /// A window that has seen nothing.
    #[must_use]
    pub const fn empty() -> Self {
        Self { high: Window::filled(f64::NAN), low: Window::filled(f64::NAN) }
    }

    /// Appends `value`; the oldest is forgotten.
    #[inline(always)]
    pub fn push(&mut self, value: Pair) {
        self.high.push(value.high);
        self.low.push(value.low);
    }

    /// The value pushed `age` pushes before the newest; `age` is below `LEN`.
    #[inline(always)]
    #[must_use]
    pub fn ago(&self, age: usize) -> Pair {
        Pair { high: self.high.ago(age), low: self.low.ago(age) }
    }

    /// All values, newest first.
    #[inline(always)]
    #[must_use]
    pub fn values(&self) -> Pairs<LEN> {
        Pairs { high: *self.high.values(), low: *self.low.values() }
    }

    /// Sum of the newest `COUNT` values, at most `LEN`; NaN while any of them is.
    #[inline(always)]
    #[must_use]
    pub fn sum_of<const COUNT: usize>(&self) -> Pair {
        const { assert!(COUNT <= LEN, "the window has forgotten some of them") };
        pairs::total(&self.high.values()[..COUNT], &self.low.values()[..COUNT])
    }

    /// Sum of all values; NaN while any is.
    #[inline(always)]
    #[must_use]
    pub fn sum(&self) -> Pair {
        self.sum_of::<LEN>()
    }

    /// Plain mean of all values; exactly the value when all are equal.
    #[inline(always)]
    #[must_use]
    pub fn mean(&self) -> Pair {
        let newest = self.ago(0);
        newest.plus(self.values().less(newest).total().over(LEN as f64))
    }

    /// The values as distances from their mean.
    #[inline(always)]
    #[must_use]
    pub fn deviations(&self) -> Deviations<LEN> {
        let newest = self.ago(0);
        Deviations::around_mean(newest, self.values().less(newest))
    }
}

/// A window's mean, and its values less that mean, newest first; in the unit of the values.
#[derive(Debug, Clone)]
pub struct Deviations<const LEN: usize> {
    /// Plain mean.
    pub mean: Pair,
    /// Each value less the mean, newest first, normal.
    pub from_mean: Pairs<LEN>,
}

impl<const LEN: usize> Deviations<LEN> {
    /// From the newest value and all distances from it: equal values give zeros that no rounding touches.
    #[inline(always)]
    fn around_mean(newest: Pair, distances: Pairs<LEN>) -> Self {
        let offset = distances.total().over(LEN as f64);
        Self { mean: newest.plus(offset), from_mean: distances.less(offset) }
    }

    /// The deviations' squares.
    #[inline(always)]
    #[must_use]
    pub fn squares(&self) -> Pairs<LEN> {
        self.from_mean.times(&self.from_mean)
    }

    /// Sum of products of deviations `LAG` apart.
    #[inline(always)]
    #[must_use]
    pub fn lagged_product_sum<const LAG: usize>(&self) -> Pair {
        let mut products = Pairs::exact([0.0; LEN]);
        products.high[LAG..].copy_from_slice(&self.from_mean.high[..LEN - LAG]);
        products.low[LAG..].copy_from_slice(&self.from_mean.low[..LEN - LAG]);
        products.times(&self.from_mean).total()
    }

    /// Standard deviation with divisor `LEN - less` (0: of a population, 1: of a sample).
    #[inline(always)]
    #[must_use]
    pub fn standard_deviation(&self, less: usize) -> Pair {
        self.squares().total().over((LEN - less) as f64).root()
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "these values are exact")]
mod tests {
    use super::{Pair, PairWindow, Pairs, Window};

    fn pairs(values: &[f64]) -> PairWindow<4> {
        let mut window = PairWindow::empty();
        for &value in values {
            window.push(Pair::exact(value));
        }
        window
    }

    #[test]
    fn values_by_age_and_extremes() {
        let mut window = Window::<f64, 3>::filled(f64::NAN);
        for (bar, value) in [3.0, 1.0, 2.0, 5.0, 4.0, 0.5].into_iter().enumerate() {
            window.push(value);
            assert_eq!(window.highest().is_nan(), bar < 2);
            assert_eq!(window.lowest().is_nan(), bar < 2);
        }
        assert_eq!(*window.values(), [0.5, 4.0, 5.0]);
        assert_eq!((window.highest(), window.lowest()), (5.0, 0.5));
    }

    #[test]
    fn moments_of_known_values() {
        assert!(pairs(&[1.0, 2.0, 3.0]).mean().value().is_nan());
        let window = pairs(&[9.0, 1.0, 2.0, 4.0, 5.0]);
        let deviations = window.deviations();
        assert_eq!((window.sum().value(), window.sum_of::<2>().value()), (12.0, 9.0));
        assert_eq!((deviations.mean.value(), window.mean().value()), (3.0, 3.0));
        let squares = deviations.squares();
        assert_eq!((squares.total().value(), squares.times(&deviations.from_mean).total().value()), (10.0, 0.0));
        assert_eq!(deviations.from_mean.magnitudes().total().value(), 6.0);
        // Newest first 2, 1, -1, -2.
        assert_eq!(
            (deviations.lagged_product_sum::<1>().value(), deviations.lagged_product_sum::<3>().value()),
            (3.0, -4.0)
        );
        assert_eq!(deviations.standard_deviation(0).squared().value(), 2.5);
    }

    #[test]
    fn equal_values_deviate_by_nothing() {
        let deviations = pairs(&[0.1; 4]).deviations();
        assert_eq!(deviations.from_mean, Pairs::exact([0.0; 4]));
        assert_eq!(deviations.mean, Pair::exact(0.1));
    }

    #[test]
    fn an_outlier_leaves_with_the_window() {
        let after = pairs(&[1e300, 1.0, 2.0, 4.0, 5.0]).deviations();
        let never = pairs(&[1.0, 2.0, 4.0, 5.0]).deviations();
        assert_eq!(after.from_mean, never.from_mean);
    }

    #[test]
    fn plain_numbers_deviate_as_pairs_do() {
        let mut window = Window::<f64, 4>::filled(f64::NAN);
        let values = [1.1, 2.3, 1e-7, 4.4, 1.7];
        for value in values {
            window.push(value);
        }
        let (plain, paired) = (window.deviations(), pairs(&values).deviations());
        assert_eq!((plain.mean, plain.from_mean), (paired.mean, paired.from_mean));
        assert_eq!(window.sum(), pairs(&values).sum());
    }

    #[test]
    fn a_stored_window_continues() -> Result<(), serde_json::Error> {
        let mut window = Window::<u32, 40>::filled(0);
        (1..=57).for_each(|value| window.push(value));
        let mut stored: Window<u32, 40> = serde_json::from_str(&serde_json::to_string(&window)?)?;
        assert_eq!(stored.values(), window.values());
        (58..200).for_each(|value| {
            window.push(value);
            stored.push(value);
            assert_eq!(stored.values(), window.values());
        });
        Ok(())
    }
}
