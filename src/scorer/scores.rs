//! Class probabilities that a decision may be based on.
use crate::{Error, Result};

/// Probabilities in the fixed class order [SELL, HOLD, BUY].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scores {
    /// P(sell).
    pub sell: f64,
    /// P(hold).
    pub hold: f64,
    /// P(buy).
    pub buy: f64,
}

impl Scores {
    /// Checks and takes.
    pub fn from_slice(values: &[f64]) -> Result<Self> {
        match values {
            [sell, hold, buy] => Ok(Self { sell: *sell, hold: *hold, buy: *buy }),
            _ => Err(Error::BadScores { problem: format!("{} values", values.len()) }),
        }
    }
}
