//! The last values of a stream, whole, and what a fresh pass over them tells.
//!
//! Every pass runs from the newest value to the oldest and starts from nothing, so its bits depend on the values alone
//! and not on when the stream began.

use serde::{Deserialize, Serialize};

use super::Pair;

/// The last `LEN` values.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Window<T, const LEN: usize> {
    #[serde(with = "super::array", bound(serialize = "T: Serialize", deserialize = "T: Deserialize<'de>"))]
    values: [T; LEN],
    // Any number is a place: it is reduced where it is used, so stored bytes cannot point outside.
    newest: usize,
}

impl<T: Copy, const LEN: usize> Window<T, LEN> {
    /// A window whose every place holds `value`, as if it had been pushed for ever.
    #[must_use]
    pub const fn filled(value: T) -> Self {
        Self { values: [value; LEN], newest: 0 }
    }

    /// Appends `value`; the oldest is forgotten.
    #[inline]
    pub fn push(&mut self, value: T) {
        self.newest = (self.newest % LEN + 1) % LEN;
        self.values[self.newest] = value;
    }

    /// The value pushed `age` pushes before the newest; `age` is below `LEN`.
    #[inline]
    #[must_use]
    pub fn ago(&self, age: usize) -> T {
        debug_assert!(age < LEN, "a window of {LEN} has forgotten what is {age} pushes old");
        self.values[(self.newest % LEN + LEN - age) % LEN]
    }

    /// All values, newest first.
    #[inline]
    pub fn iter(&self) -> impl Iterator<Item = T> + '_ {
        (0..LEN).map(|age| self.ago(age))
    }
}

impl<const LEN: usize> Window<f64, LEN> {
    /// Largest value; NaN while any value is NaN.
    #[inline]
    #[must_use]
    pub fn highest(&self) -> f64 {
        self.iter().fold(f64::NEG_INFINITY, |top, value| if value > top || value.is_nan() { value } else { top })
    }

    /// Smallest value; NaN while any value is NaN.
    #[inline]
    #[must_use]
    pub fn lowest(&self) -> f64 {
        self.iter().fold(f64::INFINITY, |bottom, value| if value < bottom || value.is_nan() { value } else { bottom })
    }
}

impl<const LEN: usize> Window<Pair, LEN> {
    /// Sum of the newest `count` values, at most `LEN`; NaN while any of them is.
    #[inline]
    #[must_use]
    pub fn sum_of(&self, count: usize) -> Pair {
        Pair::total(self.iter().take(count))
    }

    /// Sum of all values.
    #[inline]
    #[must_use]
    pub fn sum(&self) -> Pair {
        self.sum_of(LEN)
    }

    /// Plain mean of all values; exactly the value when all are equal.
    #[inline]
    #[must_use]
    pub fn mean(&self) -> Pair {
        self.deviations().mean
    }

    /// The values as distances from their mean.
    #[inline]
    #[must_use]
    pub fn deviations(&self) -> Deviations<LEN> {
        // Distances from the newest first: equal values give zeros that no rounding touches.
        let newest = self.ago(0);
        let mut from_mean: [Pair; LEN] = std::array::from_fn(|age| self.ago(age).minus(newest).normal());
        let offset = Pair::total(from_mean).over(LEN as f64);
        for deviation in &mut from_mean {
            *deviation = deviation.minus(offset).normal();
        }
        Deviations { mean: newest.plus(offset), from_mean }
    }
}

/// A window's mean, and its values less that mean, newest first; in the unit of the values.
#[derive(Debug, Clone)]
pub struct Deviations<const LEN: usize> {
    /// Plain mean.
    pub mean: Pair,
    /// Each value less the mean, newest first.
    pub from_mean: [Pair; LEN],
}

impl<const LEN: usize> Deviations<LEN> {
    /// Sum of the deviations' `power`-th powers, `power` at least 1.
    #[inline]
    #[must_use]
    pub fn power_sum(&self, power: u32) -> Pair {
        let raise = |value: Pair| (1..power).fold(value, |raised, _| raised.times(value));
        Pair::total(self.from_mean.iter().map(|&deviation| raise(deviation)))
    }

    /// Sum of the deviations' magnitudes.
    #[inline]
    #[must_use]
    pub fn magnitude_sum(&self) -> Pair {
        Pair::total(self.from_mean.iter().map(|deviation| deviation.magnitude()))
    }

    /// Sum of products of deviations `lag` apart.
    #[inline]
    #[must_use]
    pub fn lagged_product_sum(&self, lag: usize) -> Pair {
        Pair::total(self.from_mean.iter().zip(self.from_mean.iter().skip(lag)).map(|(&a, &b)| a.times(b)))
    }

    /// Standard deviation with divisor `LEN - less` (0: of a population, 1: of a sample).
    #[inline]
    #[must_use]
    pub fn standard_deviation(&self, less: usize) -> Pair {
        self.power_sum(2).over((LEN - less) as f64).root()
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "these values are exact")]
mod tests {
    use super::{Pair, Window};

    fn pairs(values: &[f64]) -> Window<Pair, 4> {
        let mut window = Window::filled(Pair::NAN);
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
        assert_eq!(window.iter().collect::<Vec<_>>(), [0.5, 4.0, 5.0]);
        assert_eq!((window.highest(), window.lowest()), (5.0, 0.5));
    }

    #[test]
    fn moments_of_known_values() {
        assert!(pairs(&[1.0, 2.0, 3.0]).mean().value().is_nan());
        let window = pairs(&[9.0, 1.0, 2.0, 4.0, 5.0]);
        let deviations = window.deviations();
        assert_eq!((window.sum().value(), window.sum_of(2).value()), (12.0, 9.0));
        assert_eq!(deviations.mean.value(), 3.0);
        assert_eq!((deviations.power_sum(2).value(), deviations.power_sum(3).value()), (10.0, 0.0));
        assert_eq!(deviations.magnitude_sum().value(), 6.0);
        // Newest first 2, 1, -1, -2.
        assert_eq!((deviations.lagged_product_sum(1).value(), deviations.lagged_product_sum(3).value()), (3.0, -4.0));
        assert_eq!(deviations.standard_deviation(0).squared().value(), 2.5);
    }

    #[test]
    fn equal_values_deviate_by_nothing() {
        let deviations = pairs(&[0.1; 4]).deviations();
        assert!(deviations.from_mean.iter().all(|deviation| *deviation == Pair::ZERO));
        assert_eq!(deviations.mean, Pair::exact(0.1));
    }

    #[test]
    fn an_outlier_leaves_with_the_window() {
        let after = pairs(&[1e300, 1.0, 2.0, 4.0, 5.0]).deviations();
        let never = pairs(&[1.0, 2.0, 4.0, 5.0]).deviations();
        assert_eq!(after.from_mean, never.from_mean);
    }
}
