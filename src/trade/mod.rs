//! Floor 3: scores → decision → ruling → paper fill. Pure state machines; every money rule is written here, once.

mod book;
mod decide;
mod paper;
mod quote;
mod reconcile;
pub mod risk;
mod symbol;

pub use book::{Account, Book, Position};
pub use decide::{Action, Decision, Policy, Reason, Situation, decide};
pub use paper::{
    Deal, DealBy, Denial, Entry, Exit, Levels, OldFill, Opening, PaperAccount, PaperTerms, PlayedBar, Recording,
};
pub use quote::{Quote, QuoteSide};
pub use reconcile::{
    Accounted, ClosedPart, Difference, Kept, Kind, Rule, account_for, check_execution, lots_left, reconcile,
};
pub use symbol::{BrokerFacts, SymbolFacts};

/// Direction of an order or a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Long.
    Buy,
    /// Short.
    Sell,
}

impl Side {
    /// The other direction.
    #[must_use]
    pub fn opposite(self) -> Self {
        match self {
            Self::Buy => Self::Sell,
            Self::Sell => Self::Buy,
        }
    }

    /// +1 for long, -1 for short.
    #[must_use]
    pub fn sign(self) -> f64 {
        match self {
            Self::Buy => 1.0,
            Self::Sell => -1.0,
        }
    }
}
