//! Floor 0: windows over a stream of numbers, O(1) a bar, with nothing carried that could drift.
//!
//! | file | promise |
//! |---|---|
//! | [`Ring`] | the last few values, by age |
//! | [`Pair`] | a number with its own rounding error beside it |
//! | [`Sums`] | sums of the last 10, 14 and 20 values, built by doubling |
//! | [`Spreads`] | variances of the last 10 and 20 values, on the same ladder |
//! | [`Ema`] | an exponential mean, held as its distance from the newest value |
//!
//! Windows start filled with NaN, and NaN passes through every sum: a window is finite exactly when it is full, and
//! warm-up needs no counter.

pub mod array;
mod ema;
mod pair;
mod ring;
mod spreads;
mod sums;

pub use ema::Ema;
pub use pair::Pair;
pub use ring::Ring;
pub use spreads::{Spreads, Variances};
pub use sums::{Sums, Totals};
