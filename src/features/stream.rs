//! The stream: one bar in, one row out. The only place where features are computed.

use serde::{Deserialize, Serialize};

use super::catalogue::WIDTH;
use super::families::Families;
use super::moment::{Closes, Moment};
use crate::bars::Bar;
use crate::rolling::Ring;

/// One value per column of the [`CATALOGUE`](super::CATALOGUE), in its order and units; NaN in warm-up.
pub type Row = [f64; WIDTH];

/// Features of a stream of clean bars of one symbol and one interval.
///
/// Its size does not depend on how many bars it has seen; a clone continues independently.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Stream {
    closes: Closes,
    families: Families,
}

impl Stream {
    /// A stream that has seen no bar.
    #[must_use]
    pub fn new() -> Self {
        Self { closes: Ring::filled(f64::NAN), families: Families::new() }
    }

    /// Takes the next bar, oldest first, and returns its row.
    ///
    /// The bar is one that [`Bar::is_possible`] accepts, later than the one before; [`Bars`](crate::bars::Bars) holds
    /// no others. Absurd prices (beyond 1e300) overflow to infinity or NaN.
    #[inline]
    pub fn update(&mut self, bar: &Bar) -> Row {
        self.closes.push(bar.close);
        let mut row = [f64::NAN; WIDTH];
        self.families.step(&Moment::new(bar, &self.closes), &mut row);
        row
    }
}

impl Default for Stream {
    fn default() -> Self {
        Self::new()
    }
}
