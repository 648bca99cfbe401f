//! Scores → one decision per closed bar.

use super::Side;
use crate::bars::FreshBar;
use crate::scorer::Scores;
use crate::{Error, Result};

/// A price learned longer ago than this is not traded at, seconds: two cycles.
const PRICE_AGE_S_MAX: i64 = 120;

/// What a decision says to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Be short.
    Sell,
    /// Do nothing.
    Hold,
    /// Be long.
    Buy,
}

/// Why a decision says so; each is a journal reason code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// Confidence is above the threshold and the position is not on that side: trade.
    Signal,
    /// This bar was decided in an earlier cycle.
    AlreadyDecided,
    /// The newest price is too old to trade at.
    PriceOld,
    /// HOLD has the highest score.
    ModelHold,
    /// SELL and BUY share the highest score.
    Tie,
    /// The highest score is not strictly above the threshold.
    BelowThreshold,
    /// The position is on that side already.
    AlreadyPositioned,
}

impl Reason {
    /// The code written to the journal and to metrics.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Signal => "signal",
            Self::AlreadyDecided => "already_decided",
            Self::PriceOld => "price_old",
            Self::ModelHold => "model_hold",
            Self::Tie => "tie",
            Self::BelowThreshold => "below_threshold",
            Self::AlreadyPositioned => "already_positioned",
        }
    }

    /// Whether the bar is settled by this, so that later cycles leave it alone.
    #[must_use]
    pub fn settles_bar(self) -> bool {
        !matches!(self, Self::AlreadyDecided | Self::PriceOld)
    }
}

/// The rules of deciding.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Policy {
    threshold: f64,
}

impl Policy {
    /// `threshold` in 0..1, compared strictly.
    ///
    /// # Errors
    /// [`Error::BadSetting`] for another threshold.
    pub fn new(threshold: f64) -> Result<Self> {
        if !(0.0..1.0).contains(&threshold) {
            let problem = format!("{threshold} is not in 0..1");
            return Err(Error::BadSetting { field: "threshold", problem });
        }
        Ok(Self { threshold })
    }
}

/// What a decision is made on, beside scores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Situation {
    /// The newest closed bar, which the gate let through: what is stale or forming cannot get here.
    pub bar: FreshBar,
    /// When the newest price was learned, UTC seconds.
    pub price_s: i64,
    /// Open time of the bar decided last, UTC seconds, if any.
    pub decided_bar_s: Option<i64>,
    /// Side of the open position, if any.
    pub position: Option<Side>,
}

/// What to do, how sure the model is, and why.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Decision {
    /// BUY or SELL only when `reason` is [`Reason::Signal`].
    pub action: Action,
    /// Highest of the three probabilities.
    pub confidence: f64,
    /// Why.
    pub reason: Reason,
}

impl Decision {
    /// The side to trade, if any.
    #[must_use]
    pub fn side(&self) -> Option<Side> {
        match self.action {
            Action::Buy => Some(Side::Buy),
            Action::Sell => Some(Side::Sell),
            Action::Hold => None,
        }
    }
}

/// Decides: trade the class with the highest score only if that class is not HOLD, its score is strictly above the
/// threshold, the bar is undecided, the position is not on that side already, and the price is of these minutes.
#[must_use]
pub fn decide(scores: &Scores, now: &Situation, policy: &Policy) -> Decision {
    let confidence = scores.sell.max(scores.hold).max(scores.buy);
    let (action, reason) = verdict(scores, confidence, now, policy.threshold);
    Decision { action, confidence, reason }
}

fn verdict(scores: &Scores, confidence: f64, now: &Situation, threshold: f64) -> (Action, Reason) {
    let side = if scores.buy > scores.sell { Side::Buy } else { Side::Sell };
    let reason = if now.decided_bar_s.is_some_and(|decided| decided >= now.bar.open_s()) {
        Reason::AlreadyDecided
    } else if scores.hold >= confidence {
        Reason::ModelHold
    } else if scores.buy >= scores.sell && scores.sell >= scores.buy {
        Reason::Tie
    } else if confidence <= threshold {
        Reason::BelowThreshold
    } else if now.position == Some(side) {
        Reason::AlreadyPositioned
    } else if now.bar.now_s() - now.price_s > PRICE_AGE_S_MAX {
        Reason::PriceOld
    } else {
        Reason::Signal
    };
    match (reason, side) {
        (Reason::Signal, Side::Buy) => (Action::Buy, reason),
        (Reason::Signal, Side::Sell) => (Action::Sell, reason),
        _ => (Action::Hold, reason),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
    use super::*;
    use crate::bars::{Calendar, Session, fresh};

    /// The bar of 01:00 on a Tuesday, at second 58 after its end.
    const OPEN_S: i64 = 1_660_006_800;

    fn now() -> Situation {
        let calendar = Calendar::new(Session::Fx, &[]).unwrap();
        let bar = fresh(&calendar, OPEN_S, OPEN_S + 3_658, 3_600, 900).unwrap();
        Situation { bar, price_s: OPEN_S + 3_658, decided_bar_s: None, position: None }
    }

    fn decided(sell: f64, hold: f64, buy: f64, now: &Situation) -> (Action, Reason) {
        let scores = Scores::from_slice(&[sell, hold, buy]).unwrap();
        let decision = decide(&scores, now, &Policy::new(0.6).unwrap());
        (decision.action, decision.reason)
    }

    #[test]
    fn a_confident_class_trades() {
        assert_eq!(decided(0.1, 0.2, 0.7, &now()), (Action::Buy, Reason::Signal));
        assert_eq!(decided(0.7, 0.2, 0.1, &now()), (Action::Sell, Reason::Signal));
    }

    #[test]
    fn confidence_must_be_strictly_above_the_threshold() {
        assert_eq!(decided(0.1, 0.3, 0.6, &now()), (Action::Hold, Reason::BelowThreshold));
        let just_above = f64::from_bits(0.6f64.to_bits() + 1);
        assert_eq!(decided(0.1, 0.3, just_above, &now()), (Action::Buy, Reason::Signal));
    }

    #[test]
    fn hold_and_ties_never_trade() {
        assert_eq!(decided(0.1, 0.8, 0.1, &now()), (Action::Hold, Reason::ModelHold));
        let scores = Scores::from_slice(&[0.45, 0.1, 0.45]).unwrap();
        let decision = decide(&scores, &now(), &Policy::new(0.4).unwrap());
        assert_eq!((decision.action, decision.reason), (Action::Hold, Reason::Tie));
    }

    #[test]
    fn the_same_signal_is_not_given_again_every_minute() {
        let later = Situation { decided_bar_s: Some(OPEN_S), ..now() };
        assert_eq!(decided(0.1, 0.2, 0.7, &later), (Action::Hold, Reason::AlreadyDecided));
        let next_bar = Situation { decided_bar_s: Some(OPEN_S - 3_600), ..now() };
        assert_eq!(decided(0.1, 0.2, 0.7, &next_bar), (Action::Buy, Reason::Signal));
    }

    #[test]
    fn an_old_price_is_not_traded_at_and_leaves_the_bar_undecided() {
        let old = |age_s: i64| Situation { price_s: now().bar.now_s() - age_s, ..now() };
        assert_eq!(decided(0.1, 0.2, 0.7, &old(120)), (Action::Buy, Reason::Signal));
        assert_eq!(decided(0.1, 0.2, 0.7, &old(121)), (Action::Hold, Reason::PriceOld));
        assert_eq!(decided(0.1, 0.8, 0.1, &old(121)), (Action::Hold, Reason::ModelHold));
        assert!(!Reason::PriceOld.settles_bar());
    }

    #[test]
    fn a_position_on_that_side_is_left_alone_and_the_other_side_reverses() {
        let long = Situation { position: Some(Side::Buy), ..now() };
        assert_eq!(decided(0.1, 0.2, 0.7, &long), (Action::Hold, Reason::AlreadyPositioned));
        assert_eq!(decided(0.7, 0.2, 0.1, &long), (Action::Sell, Reason::Signal));
    }

    #[test]
    fn a_threshold_outside_its_meaning_is_refused() {
        for threshold in [-0.1, 1.0, f64::NAN, f64::INFINITY] {
            assert!(Policy::new(threshold).is_err(), "{threshold}");
        }
    }
}
