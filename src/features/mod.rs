//! Floor 2: bars → one row of columns a bar. The 22 of the contract `sentinel-v1` are the default; more stand in the
//! extended catalogue and are chosen by name.
//!
//! One row of [`CATALOGUE`] or [`EXTENDED`] per column says what it is; one family file per theme says how one bar moves
//! it. [`Stream`] (the 22) and [`ColumnStream`] (any [`Selection`]) step the families. Many bars of the 22 go through
//! `kernel/`: the families' formulas again, arranged for many bars an instruction; of other columns, through a fold of
//! the stream. All agree bit for bit. Values are NaN until a window is full, never back-filled, never padded.
//!
//! `sentinel-v1` is frozen. A new column is extended: a row in `SPECS` and a line in `step` of its family in
//! `extended/` (a new family also has a line in `extended/mod.rs`, at the end), and its definition in the tests'
//! reference.

mod batch;
mod catalogue;
mod column_stream;
mod families;
mod family;
mod kernel;
mod legacy;
mod moment;
mod saved;
mod selected;
mod selection;
mod spec;
mod stream;
mod window;

mod averages;
mod calendar;
mod candle;
mod extended;
mod momentum;
mod oscillators;
mod returns;
mod volatility;
mod volume;

pub use batch::{batch, batch_into, batch_on, batch_parallel, latest};
pub use catalogue::{CATALOGUE, EXTENDED, EXTENDED_WIDTH, WIDTH, fingerprint, names, needed_bars};
pub use column_stream::ColumnStream;
pub use kernel::useful_threads;
pub use legacy::{LEGACY_WIDTH, legacy_into};
pub use selected::{batch_selected, batch_selected_into, batch_selected_parallel, latest_selected};
pub use selection::Selection;
pub use spec::{NEVER, Spec, Unit};
pub use stream::{Row, Stream};
pub use window::{RowLayout, latest_rows, needed_bars_for};
