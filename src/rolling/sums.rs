//! Window sums by doubling: s2 → s4 → s8 → s10 → s20, and s14 = s8 + s4 + s2.
//!
//! Nothing is subtracted and nothing outlives its window, so there is no drift and no memory of an outlier, and the
//! summation tree of a window does not depend on when the stream began.

use serde::{Deserialize, Serialize};

use super::Ring;

/// Ladder of sums over the last values of a stream.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Sums {
    previous: f64,
    twos: Ring<f64, 16>,
    fours: Ring<f64, 16>,
    tens: Ring<f64, 16>,
}

/// Sums of the last 10, 14 and 20 values, each NaN until that many have come; in the unit of the values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Totals {
    /// Sum of the last 10.
    pub last_10: f64,
    /// Sum of the last 14.
    pub last_14: f64,
    /// Sum of the last 20.
    pub last_20: f64,
}

impl Sums {
    /// A ladder that has seen nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            previous: f64::NAN,
            twos: Ring::filled(f64::NAN),
            fours: Ring::filled(f64::NAN),
            tens: Ring::filled(f64::NAN),
        }
    }

    /// Takes the next value; for values of one sign every sum is within 6 roundings (7e-16 relative) of exact.
    #[inline(always)]
    pub fn update(&mut self, value: f64) -> Totals {
        let two = value + self.previous;
        self.previous = value;
        self.twos.push(two);
        let four = two + self.twos.ago(2);
        self.fours.push(four);
        let eight = four + self.fours.ago(4);
        let ten = eight + self.twos.ago(8);
        self.tens.push(ten);
        Totals {
            last_10: ten,
            last_14: eight + self.fours.ago(8) + self.twos.ago(12),
            last_20: ten + self.tens.ago(10),
        }
    }
}

impl Default for Sums {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::Sums;

    #[test]
    fn each_window_is_the_sum_of_its_values_once_full() {
        let mut sums = Sums::new();
        // Powers of three: a value left out or taken twice cannot cancel against another.
        let values: Vec<u64> = (0..30).map(|i| 3_u64.pow(i)).collect();
        for (i, &value) in values.iter().enumerate() {
            let totals = sums.update(value as f64);
            for (total, width) in [(totals.last_10, 10), (totals.last_14, 14), (totals.last_20, 20)] {
                if i + 1 < width {
                    assert!(total.is_nan(), "window of {width} is not full at value {i}");
                } else {
                    let direct: u64 = values[i + 1 - width..=i].iter().sum();
                    assert_eq!(total.to_bits(), (direct as f64).to_bits(), "window of {width} at value {i}");
                }
            }
        }
    }
}
