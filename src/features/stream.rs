//! The stream: one bar in, one row out.

use serde::{Deserialize, Serialize};

use super::catalogue::WIDTH;
use super::families::Families;
use super::moment::{Closes, Moment};
use crate::bars::Bar;
use crate::lanes::{Lanes, Task};
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
    /// The bar is one that [`Bar::is_sound`] accepts, later than the one before; [`Bars`](crate::bars::Bars) holds no
    /// others.
    #[inline]
    pub fn update(&mut self, bar: &Bar) -> Row {
        let mut row = [f64::NAN; WIDTH];
        self.update_into(bar, &mut row);
        row
    }

    /// [`Stream::update`] into a row of the caller.
    #[inline]
    pub fn update_into(&mut self, bar: &Bar, row: &mut Row) {
        Lanes::widest().run(Step { stream: self, bar, row });
    }
}

/// One bar, compiled for every instruction set: without a fused multiply-add a [`Pair`](crate::rolling::Pair) is slow.
struct Step<'a> {
    stream: &'a mut Stream,
    bar: &'a Bar,
    row: &'a mut Row,
}

impl Task for Step<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Stream { closes, families } = self.stream;
        closes.push(self.bar.close);
        families.step(&Moment::new(self.bar, closes), self.row);
        self.row.iter_mut().for_each(one_nan);
    }
}

/// Gives every NaN the same bits: which ones an operation returns is the processor's choice.
#[inline(always)]
pub(super) fn one_nan(value: &mut f64) {
    *value = if value.is_nan() { f64::NAN } else { *value };
}

impl Default for Stream {
    fn default() -> Self {
        Self::new()
    }
}
