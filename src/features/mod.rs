//! Floor 2: bars → one row of 22 columns a bar, the feature contract `sentinel-v1`.
//!
//! One [`CATALOGUE`] row per column says what it is; one family file per theme says how one bar moves it. The
//! [`Stream`] is the only arithmetic; [`batch`] and [`latest`] fold it, so all three agree bit for bit.
//! Values are NaN until a window is full, never back-filled, never padded.
//!
//! A new column goes to the end: a row in `SPECS` and a line in `step` of the last family (or a new family at the end
//! of the list in `families.rs`), and its definition in the tests' reference.

mod batch;
mod catalogue;
mod families;
mod family;
mod kernel;
mod moment;
mod spec;
mod stream;

mod averages;
mod calendar;
mod candle;
mod momentum;
mod oscillators;
mod returns;
mod volatility;
mod volume;

pub use batch::{batch, batch_into, batch_on, latest};
pub use catalogue::{CATALOGUE, WIDTH, fingerprint, names, needed_bars};
pub use kernel::Lanes;
pub use spec::{Spec, Unit};
pub use stream::{Row, Stream};
