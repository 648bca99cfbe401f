//! One account that is looked at time and again, with a journal's memory of its days.

use std::collections::BTreeMap;

use mt5_sentinel::trade::risk::{Because, Day, Ledger, Limits, Observed, State, Switch, advance, resume};

use super::risk_desk::{DAY_S, settings};

/// Midnight UTC.
pub const DAY: i64 = 20_000;
pub const MIDNIGHT_S: i64 = DAY * DAY_S;

/// One account, observed time and again.
#[derive(Debug)]
pub struct Watch {
    pub limits: Limits,
    pub ledger: Option<Ledger>,
    pub closed: Vec<(i64, f64)>,
    pub switch: Switch,
    /// What the journal remembers of each day.
    pub days: BTreeMap<i64, Day>,
}

impl Watch {
    pub fn new() -> Self {
        let limits = Limits::new(settings()).unwrap();
        Self { limits, ledger: None, closed: Vec::new(), switch: Switch::Off, days: BTreeMap::new() }
    }

    pub fn see(&mut self, after_s: i64, equity: f64) -> (State, Option<Because>) {
        self.warnings(after_s, equity);
        let ledger = self.ledger.unwrap();
        (ledger.state, ledger.because)
    }

    pub fn warnings(&mut self, after_s: i64, equity: f64) -> Vec<&'static str> {
        let now_s = MIDNIGHT_S + after_s;
        let known = self.days.get(&now_s.div_euclid(DAY_S)).copied();
        let seen = Observed { now_s, known, equity, closed: &self.closed, switch: self.switch };
        let (ledger, warnings) = advance(self.ledger.as_ref(), &seen, &self.limits);
        self.ledger = ledger;
        self.note();
        warnings
    }

    pub fn resume(&mut self, equity: f64) {
        self.ledger = self.ledger.map(|ledger| resume(&ledger, equity, MIDNIGHT_S));
        self.note();
    }

    fn note(&mut self) {
        if let Some(ledger) = self.ledger {
            self.days.insert(ledger.day, Day { start_equity: ledger.day_start_equity, halted: ledger.day_halted });
        }
    }
}
