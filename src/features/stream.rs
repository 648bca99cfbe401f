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
#[allow(clippy::unsafe_derive_deserialize, reason = "what is unsafe depends on the processor, not on the state")]
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
        let mut row = [f64::NAN; WIDTH];
        self.update_into(bar, &mut row);
        row
    }

    /// [`Stream::update`] into a row of the caller.
    #[inline]
    pub fn update_into(&mut self, bar: &Bar, row: &mut Row) {
        #[cfg(target_arch = "x86_64")]
        if std::arch::is_x86_feature_detected!("fma") {
            // SAFETY: the instructions the function is compiled for are there.
            return unsafe { self.step_with_fma(bar, row) };
        }
        self.step(bar, row);
    }

    /// The step compiled for processors with fused multiply-add; elsewhere each one is a call of a library function.
    /// Both round once, so the bits are the same.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "fma")]
    fn step_with_fma(&mut self, bar: &Bar, row: &mut Row) {
        self.step(bar, row);
    }

    #[inline(always)]
    #[allow(clippy::inline_always, reason = "it is to be compiled for the instructions of its caller")]
    fn step(&mut self, bar: &Bar, row: &mut Row) {
        self.closes.push(bar.close);
        self.families.step(&Moment::new(bar, &self.closes), row);
    }
}

impl Default for Stream {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::{Bar, Stream, WIDTH};

    #[test]
    fn with_and_without_fused_instructions_the_bits_are_the_same() {
        let (mut plain, mut fused) = (Stream::new(), Stream::new());
        for i in 0..2_000_u32 {
            let close = 1.2 + (f64::from(i) * 0.7).sin() / 3.0 + f64::from(i) * 1e-5;
            let bar =
                Bar { time: i64::from(i) * 60, open: close, high: close * 1.1, low: close / 1.1, close, volume: close };
            let mut row = [0.0; WIDTH];
            plain.step(&bar, &mut row);
            let same =
                row.iter().zip(fused.update(&bar)).all(|(a, b)| a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan());
            assert!(same, "bar {i}");
        }
    }
}
