//! Days as a wrong clock shows them: no order of days forgives a loss.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(missing_docs, dead_code, reason = "support is shared with other tests and is not an interface")]

#[path = "support/dice.rs"]
mod dice;
#[path = "support/risk_desk.rs"]
mod risk_desk;
#[path = "support/risk_watch.rs"]
mod risk_watch;

use std::collections::{BTreeMap, BTreeSet};

use dice::Dice;
use mt5_sentinel::trade::risk::Because::DailyLoss;
use mt5_sentinel::trade::risk::State::{Active, Halted};
use mt5_sentinel::trade::risk::{Because, State, Switch};
use risk_desk::{DAY_S, HOUR_S, settings};
use risk_watch::Watch;

const ACTIVE: (State, Option<Because>) = (Active, None);
const HALT: (State, Option<Because>) = (Halted, Some(DailyLoss));

/// Equity that the day's loss is counted from.
fn start_of(watch: &Watch) -> f64 {
    watch.ledger.unwrap().day_start_equity
}

#[test]
fn a_step_forward_and_back_keeps_the_halt_and_the_loss() {
    for ahead in [1, 2, 365] {
        let mut watch = Watch::new();
        watch.see(0, 10_000.0);
        assert_eq!(watch.see(60, 9_890.0), HALT);
        watch.see(ahead * DAY_S + 120, 9_890.0);
        watch.see((ahead + 1) * DAY_S + 120, 9_890.0);
        assert_eq!(watch.see(180, 9_950.0), HALT, "{ahead} days ahead and back");
        assert_eq!(start_of(&watch).to_bits(), 10_000.0f64.to_bits());
    }
}

#[test]
fn the_true_next_day_is_measured_from_its_own_start() {
    let mut watch = Watch::new();
    watch.see(0, 10_000.0);
    watch.see(DAY_S + 60, 9_950.0);
    watch.see(120, 9_950.0);
    assert_eq!(watch.see(DAY_S, 10_050.0), ACTIVE);
    assert_eq!(start_of(&watch).to_bits(), 10_050.0f64.to_bits(), "not from what the false one began with");
    assert_eq!(watch.see(DAY_S + HOUR_S, 9_950.0), HALT);
}

#[test]
fn a_year_ahead_does_not_become_the_measure_of_the_days_until_then() {
    let mut watch = Watch::new();
    watch.see(0, 10_000.0);
    watch.see(365 * DAY_S, 10_000.0);
    assert_eq!(watch.see(365 * DAY_S + 60, 9_900.0), HALT);
    assert_eq!(watch.see(120, 9_900.0), HALT);
    assert_eq!(watch.see(DAY_S, 9_890.0), ACTIVE);
    assert_eq!(start_of(&watch).to_bits(), 9_890.0f64.to_bits());
}

#[test]
fn a_day_that_was_never_seen_and_lies_behind_is_as_strict_as_the_one_it_follows() {
    let mut watch = Watch::new();
    watch.see(2 * DAY_S, 10_000.0);
    watch.see(2 * DAY_S + 60, 9_890.0);
    assert_eq!(watch.see(DAY_S + 60, 9_990.0), HALT);
    assert_eq!(watch.see(2 * DAY_S + 60, 9_990.0), HALT);
}

/// The true time runs on while the clock may show other days. On a day that the clock shows, nothing may be opened once
/// the equity has fallen by the limit from where it was when the clock came to that day, at whichever time it came.
#[test]
fn no_walk_of_the_clock_forgives_a_loss() {
    let mut halts_met_again = 0;
    for seed in 0..3_000 {
        let mut dice = Dice(seed);
        let mut watch = Watch::new();
        let (mut true_s, mut equity, mut shown) = (0, 10_000.0f64, None);
        let (mut starts, mut fallen) = (BTreeMap::new(), BTreeSet::new());
        for _ in 0..60 {
            true_s += dice.of(&[60, HOUR_S, 8 * HOUR_S]);
            equity += dice.of(&[-40.0, -20.0, 0.0, 15.0, 38.0]);
            let clock_s = true_s + dice.of(&[0, 0, 0, 1, 2, -1, -3, 9]) * DAY_S;
            let day = clock_s.div_euclid(DAY_S);
            let start = starts.entry(day).or_insert(equity);
            if shown.replace(day) != Some(day) {
                *start = equity.max(*start);
                halts_met_again += u32::from(fallen.contains(&day));
            }
            if *start - equity >= settings().daily_loss_max {
                fallen.insert(day);
            }
            let (state, _) = watch.see(clock_s, equity);
            assert!(!fallen.contains(&day) || state == Halted, "{seed}: day {day} at {equity}: {:?}", watch.ledger);
            if dice.of(&[false, false, true]) {
                watch.switch = dice.of(&[Switch::Off, Switch::Halt]);
                watch.resume(equity);
            }
        }
    }
    assert!(halts_met_again > 1_000, "{halts_met_again}");
}
