//! Bars gathered into buckets of UTC time, without look-ahead.

use serde::{Deserialize, Serialize};

use crate::bars::Bar;
use crate::rolling::Pair;

/// Prices of one bucket.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Bucket {
    pub high: f64,
    pub low: f64,
    pub close: f64,
}

/// The bucket that is being filled, and the number it has.
///
/// The bucket of the history's first bar may have lost its beginning and counts for nothing: it is `None`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Buckets {
    seconds: i64,
    number: Option<i64>,
    filling: Option<Bucket>,
}

impl Buckets {
    /// Buckets of `seconds`, aligned to 1970-01-01 00:00 UTC.
    pub(super) const fn of(seconds: i64) -> Self {
        Self { seconds, number: None, filling: None }
    }

    /// Takes a bar; returns the bucket before when this bar is the first of a later one.
    #[inline(always)]
    pub(super) fn update(&mut self, bar: &Bar) -> Option<Bucket> {
        let number = bar.time.div_euclid(self.seconds);
        let fresh = Bucket { high: bar.high, low: bar.low, close: bar.close };
        match self.number.replace(number) {
            None => None,
            Some(before) if before == number => {
                self.filling = self.filling.map(|bucket| Bucket {
                    high: bucket.high.max(bar.high),
                    low: bucket.low.min(bar.low),
                    close: bar.close,
                });
                None
            }
            Some(_) => self.filling.replace(fresh),
        }
    }

    /// The bucket so far, the newest bar included.
    pub(super) const fn so_far(&self) -> Option<Bucket> {
        self.filling
    }
}

/// `to / from - 1`.
#[inline(always)]
pub(super) fn change(to: Pair, from: Pair) -> f64 {
    to.minus(from).divided_by(from).value()
}
