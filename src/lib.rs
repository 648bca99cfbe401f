//! mt5-sentinel's deterministic core: bytes of market data in, a trading decision out.
//!
//! Floors (imports point down only; `tests/tidy.rs` checks it):
//!
//! | floor | module | promise |
//! |---|---|---|
//! | 4 | `python` | the only module that knows Python exists (feature `python`) |
//! | 3 | [`trade`] | scores → intent → ruling → paper fills; pure state machines |
//! | 2 | [`features`], [`scorer`] | bars → 22 columns; columns → class scores |
//! | 1 | [`bars`] | bytes → rows → clean, deduplicated bars |
//! | 0 | [`rolling`], [`lanes`], [`error`] | O(1) windows; instruction sets; the one error type |
//!
//! Nothing below floor 4 reads a clock, draws a random number, logs, or touches a file.

pub mod bars;
pub mod error;
pub mod features;
pub mod lanes;
pub mod rolling;
pub mod scorer;
pub mod trade;

#[cfg(feature = "python")]
mod python;

pub use error::{Error, Result};
