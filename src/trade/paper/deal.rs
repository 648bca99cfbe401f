//! What happened to a paper account, as facts: the account is the fold of its deals.

use crate::trade::Side;

/// What a deal did to a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    /// Opened it.
    In,
    /// Closed it, or a part of it.
    Out,
    /// Moved its stop and target; no volume changed hands.
    Levels,
}

impl Entry {
    /// The word in the file.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::In => "in",
            Self::Out => "out",
            Self::Levels => "levels",
        }
    }

    /// The entry of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::In, Self::Out, Self::Levels].into_iter().find(|entry| entry.name() == name)
    }
}

/// Why a deal was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DealBy {
    /// An order asked for it.
    Order,
    /// The price reached the position's stop.
    StopLoss,
    /// The price reached its target.
    TakeProfit,
    /// The equity no longer carried the margin.
    StopOut,
}

impl DealBy {
    /// The word in the file and on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Order => "order",
            Self::StopLoss => "stop_loss",
            Self::TakeProfit => "take_profit",
            Self::StopOut => "stop_out",
        }
    }

    /// The cause of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::Order, Self::StopLoss, Self::TakeProfit, Self::StopOut].into_iter().find(|by| by.name() == name)
    }
}

/// One fact; times are UTC seconds, volumes lots, prices price units, money account currency.
#[derive(Debug, Clone, PartialEq)]
pub struct Deal {
    /// Place in the account's history, from 1 without gaps.
    pub seq: i64,
    /// Position it is about; one that opens has its own `seq` here.
    pub ticket: i64,
    /// Order that asked for it, if one did.
    pub req_id: Option<String>,
    /// Symbol.
    pub symbol: String,
    /// Direction of the deal itself: a long position is closed by a sale. Of the position, where levels moved.
    pub side: Side,
    /// What it did.
    pub entry: Entry,
    /// Volume; where levels moved, that of the position.
    pub lots: f64,
    /// Price; where levels moved, that of the position.
    pub price: f64,
    /// When. A stop or target that a bar reached counts at the bar's open, or when it was set, if
    /// that was later.
    pub time_s: i64,
    /// Stop from now on.
    pub sl: Option<f64>,
    /// Target from now on.
    pub tp: Option<f64>,
    /// Number of the program that opened the position.
    pub magic: i64,
    /// What it realised, whole hundredths.
    pub profit: f64,
    /// Margin that an opening bound; 0 for others.
    pub margin: f64,
    /// Why it was made.
    pub by: DealBy,
}
