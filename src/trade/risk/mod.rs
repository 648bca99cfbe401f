//! The one gate between a decision and an order: the same for live, paper and backtest.
//!
//! [`approve`] turns the wish to be on a side into exits, which always may go, and a [`Verdict`] on the entry. What it
//! judges by is [`Limits`] (settings), [`Ledger`] (what is remembered) and [`Around`] (what is true now).

mod approve;
mod exits;
mod exposure;
mod hours;
mod ledger;
mod limits;
mod news;
mod pair;
mod refusal;
mod size;
mod slippage;
mod steps;
mod stops;

pub use approve::{Around, Entry, Ruling, Verdict, Wish, approve};
pub use exits::{Exit, Purpose, due_exits};
pub use exposure::{Pending, open_worth};
pub use hours::Hours;
pub use ledger::{Because, Day, Ledger, Observed, State, advance, resume};
pub use limits::{LimitSettings, Limits, Sizing, StopMode};
pub use news::News;
pub use refusal::Refusal;
pub use slippage::slippage_beyond;
pub use stops::{Stops, stops};

/// What the kill switch, a file, says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Switch {
    /// There is no such file.
    #[default]
    Off,
    /// Nothing is opened.
    Halt,
    /// Nothing is opened, and own positions are closed.
    Flatten,
}
