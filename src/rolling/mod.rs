//! Floor 0: windows over a stream of numbers, O(1) a bar, with nothing carried that could drift.
//!
//! | file | promise |
//! |---|---|
//! | [`Ring`] | the last few values, by age |
//! | [`Pair`] | a number with its own rounding error beside it |
//! | [`Sums`] | sums of the last 10, 14 and 20 values, built by doubling |
//! | [`Spreads`] | variances of the last 10 and 20 values, on the same ladder |
//! | [`Ema`], [`PlainEma`] | an exponential mean, held as its distance from the newest value |
//! | [`by_inverse`] | a quotient by a divisor whose inverse is known |
//! | [`Pairs`] | many pairs, a step for several in one instruction; sums and extremes |
//! | [`Window`], [`PairWindow`] | the last values, whole; sums, extremes and deviations by a fresh pass |
//! | [`Smoothed`] | a recursive mean seeded by the plain mean of its first values |
//!
//! Windows start filled with NaN, and NaN passes through every sum: a window is finite exactly when it is full, and
//! warm-up needs no counter.
//!
//! What the batch kernel uses is inlined for certain: it is compiled once per instruction set, and a function that
//! stays outside would be compiled for the oldest processor.

pub mod array;
mod ema;
mod pair;
mod pair_algebra;
pub mod pairs;
mod quotient;
mod ring;
mod smoothed;
mod spreads;
mod sums;
mod window;

pub use ema::{Ema, PlainEma};
pub use pair::Pair;
pub use pairs::Pairs;
pub use quotient::by_inverse;
pub use ring::Ring;
pub use smoothed::Smoothed;
pub use spreads::{Spreads, Variances, rungs};
pub use sums::{Sums, Totals};
pub use window::{Deviations, PairWindow, Window};
