//! Why a paper broker takes no order, with the codes a terminal would give.

/// A refusal; nothing was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denial {
    /// Return code of a terminal for the same refusal.
    pub retcode: i32,
    /// Code for the journal.
    pub reason: &'static str,
    /// The sentence for people.
    pub problem: String,
}

impl Denial {
    /// 10004: the price slipped further than the order allows.
    pub(super) fn requote(problem: String) -> Self {
        Self { retcode: 10004, reason: "requote", problem }
    }

    /// 10013: no such symbol or position, or the order does not fit it.
    pub(super) fn invalid(problem: String) -> Self {
        Self { retcode: 10013, reason: "invalid_request", problem }
    }

    /// 10014: a volume the symbol or the position does not have.
    pub(super) fn volume(problem: String) -> Self {
        Self { retcode: 10014, reason: "invalid_volume", problem }
    }

    /// 10015: no price an order could be filled at.
    pub(super) fn price(problem: String) -> Self {
        Self { retcode: 10015, reason: "invalid_price", problem }
    }

    /// 10016: a stop or target on the wrong side of the price, or too near.
    pub(super) fn stops(problem: String) -> Self {
        Self { retcode: 10016, reason: "invalid_stops", problem }
    }

    /// 10018: no price is known since the account was opened here.
    pub(super) fn no_price(symbol: &str) -> Self {
        let problem = format!("no price of {symbol:.32} is known yet");
        Self { retcode: 10018, reason: "no_price", problem }
    }

    /// 10019: the free margin does not carry the position.
    pub(super) fn no_money(problem: String) -> Self {
        Self { retcode: 10019, reason: "no_money", problem }
    }
}
