//! The only shape in which a model's answer reaches a decision.

use crate::{Error, Result};

/// How far from 1 the three scores may sum.
const SUM_TOLERANCE: f64 = 1e-3;

/// Probabilities of one row, dimensionless: each in 0..=1, together 1 within 1e-3.
///
/// An answer of another length is refused, never padded: the largest of one value is always the first class, and a
/// system that took it sold every minute.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Scores {
    /// Probability of the class `sell`.
    pub sell: f64,
    /// Probability of the class `hold`.
    pub hold: f64,
    /// Probability of the class `buy`.
    pub buy: f64,
}

impl Scores {
    /// Takes a model's linked answer for one row, in the order sell, hold, buy.
    ///
    /// # Errors
    /// [`Error::BadScores`] naming what came: another number of values, a value that is not finite or outside 0..=1,
    /// or a sum further than 1e-3 from 1.
    pub fn from_slice(values: &[f64]) -> Result<Self> {
        let refuse = |problem| Err(Error::BadScores { problem });
        let &[sell, hold, buy] = values else {
            let plural = if values.len() == 1 { "value" } else { "values" };
            return refuse(format!("{} {plural} came, 3 are needed [sell, hold, buy]", values.len()));
        };
        for (name, value) in [("sell", sell), ("hold", hold), ("buy", buy)] {
            if !(0.0..=1.0).contains(&value) {
                return refuse(format!("`{name}` is {value}, a probability in 0..=1 is needed"));
            }
        }
        let sum = sell + hold + buy;
        if (sum - 1.0).abs() > SUM_TOLERANCE {
            return refuse(format!("[{sell}, {hold}, {buy}] sum to {sum}, 1 within {SUM_TOLERANCE} is needed"));
        }
        Ok(Self { sell, hold, buy })
    }

    /// Largest absolute difference of a class's probability, dimensionless, 0..=1.
    #[must_use]
    pub fn distance(self, other: Self) -> f64 {
        let pairs = self.to_array().into_iter().zip(other.to_array());
        pairs.map(|(one, another)| (one - another).abs()).fold(0.0, f64::max)
    }

    /// The values in class order: sell, hold, buy.
    #[must_use]
    pub fn to_array(self) -> [f64; 3] {
        [self.sell, self.hold, self.buy]
    }
}
