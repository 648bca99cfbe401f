//! The trading state: when it changes, what it remembers, and what never resets it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(missing_docs, dead_code, reason = "support is shared with other tests and is not an interface")]

#[path = "support/risk_desk.rs"]
mod risk_desk;
#[path = "support/risk_watch.rs"]
mod risk_watch;

use mt5_sentinel::trade::risk::Because::{Cooldown, DailyLoss, Drawdown, KillSwitch};
use mt5_sentinel::trade::risk::State::{Active, Halted, Reducing};
use mt5_sentinel::trade::risk::{Because, Ledger, State, Switch};
use risk_desk::{DAY_S, HOUR_S};
use risk_watch::{DAY, MIDNIGHT_S, Watch};

const ACTIVE: (State, Option<Because>) = (Active, None);

#[test]
fn the_first_sight_is_the_measure() {
    let mut watch = Watch::new();
    assert_eq!(watch.see(10, 1_000.0), ACTIVE);
    let begun = Ledger {
        day: DAY,
        day_start_equity: 1_000.0,
        day_halted: false,
        peak_equity: 1_000.0,
        state: Active,
        because: None,
        since_s: MIDNIGHT_S + 10,
        until_s: None,
    };
    assert_eq!(watch.ledger, Some(begun));
}

#[test]
fn a_loss_warns_reduces_and_halts() {
    let mut watch = Watch::new();
    assert_eq!(watch.warnings(0, 10_000.0), [""; 0]);
    assert_eq!(watch.warnings(60, 9_950.01), [""; 0]);
    assert_eq!(watch.warnings(60, 9_950.0), ["daily_loss_warn"]);
    assert_eq!(watch.warnings(120, 9_920.0), ["daily_loss_warn", "reducing"]);
    assert_eq!(watch.see(180, 9_920.01), ACTIVE, "it ends by itself");
    assert_eq!(watch.see(240, 9_920.0), (Reducing, Some(DailyLoss)));
    assert_eq!(watch.warnings(300, 9_900.0), ["daily_loss_warn", "halted"]);
    assert_eq!(watch.see(360, 10_500.0), (Halted, Some(DailyLoss)), "a recovery does not end it");
    assert_eq!(watch.ledger.unwrap().until_s, Some(MIDNIGHT_S + DAY_S));
    assert_eq!(watch.ledger.unwrap().since_s, MIDNIGHT_S + 300);
    assert_eq!(watch.see(DAY_S - 1, 10_500.0), (Halted, Some(DailyLoss)));
    assert_eq!(watch.see(DAY_S, 10_500.0), ACTIVE, "the next UTC day does");
    assert_eq!(watch.ledger.unwrap().day_start_equity.to_bits(), 10_500.0f64.to_bits());
    assert_eq!(watch.ledger.unwrap().until_s, None);
}

#[test]
fn profits_of_the_day_are_no_cushion_for_drawdown_but_are_for_the_day() {
    let mut watch = Watch::new();
    watch.see(0, 10_000.0);
    assert_eq!(watch.see(60, 10_390.0), ACTIVE);
    assert_eq!(watch.see(120, 9_991.0), ACTIVE, "9 lost today, 399 from the mark");
    assert_eq!(watch.warnings(180, 9_990.0), ["drawdown_warn", "reducing"]);
    assert_eq!(watch.see(180, 9_990.0), (Reducing, Some(Drawdown)));
}

#[test]
fn a_drawdown_halts_until_resume() {
    let mut watch = Watch::new();
    watch.see(0, 10_400.0);
    watch.see(DAY_S, 9_950.0);
    assert_eq!(watch.see(DAY_S + 60, 9_900.0), (Halted, Some(Drawdown)));
    for days in 1..20 {
        assert_eq!(watch.see(days * DAY_S, 11_000.0), (Halted, Some(Drawdown)), "no day and no gain end it");
    }
    watch.resume(9_900.0);
    assert_eq!(watch.see(20 * DAY_S, 9_900.0), ACTIVE);
    assert_eq!(watch.ledger.unwrap().peak_equity.to_bits(), 9_900.0f64.to_bits(), "the mark starts anew");
    assert_eq!(watch.see(20 * DAY_S + 60, 9_500.0).1, Some(DailyLoss));
    watch.see(21 * DAY_S, 9_450.0);
    assert_eq!(watch.see(21 * DAY_S + 60, 9_400.0), (Halted, Some(Drawdown)), "and is measured from");
}

#[test]
fn resume_does_not_forgive_the_day() {
    let mut watch = Watch::new();
    watch.see(0, 10_000.0);
    assert_eq!(watch.see(60, 9_900.0), (Halted, Some(DailyLoss)));
    watch.resume(9_900.0);
    assert_eq!(watch.see(120, 9_900.0), (Halted, Some(DailyLoss)));
    watch.resume(f64::NAN);
    assert!(watch.ledger.unwrap().peak_equity.is_finite());
}

#[test]
fn halt_and_resume_give_nothing_back() {
    let mut watch = Watch::new();
    watch.see(0, 10_300.0);
    watch.see(DAY_S, 10_000.0);
    watch.see(DAY_S + 60, 9_895.0);
    assert_eq!(watch.see(DAY_S + 120, 9_960.0), (Halted, Some(DailyLoss)));
    let mut halted_and_resumed = |after_s, equity| {
        watch.switch = Switch::Halt;
        watch.see(DAY_S + after_s, equity);
        watch.switch = Switch::Off;
        watch.resume(equity);
        let ledger = watch.ledger.unwrap();
        ((ledger.state, ledger.because, ledger.until_s), watch.see(DAY_S + after_s, equity), watch.ledger)
    };
    let halt = (Halted, Some(DailyLoss));
    let until_s = Some(MIDNIGHT_S + 2 * DAY_S);
    let (resumed, seen, ledger) = halted_and_resumed(180, 9_960.0);
    assert_eq!((resumed, seen), ((Halted, Some(DailyLoss), until_s), halt), "the day's loss recovered, its halt stays");
    assert_eq!(ledger.unwrap().peak_equity.to_bits(), 10_300.0f64.to_bits(), "no drawdown halted, none is forgiven");
    halted_and_resumed(240, 9_899.0);
    assert_eq!(halted_and_resumed(300, 9_960.0).1, halt, "not even where the drawdown hid it");
}

#[test]
fn a_drawdown_that_hid_the_halt_of_the_day_leaves_it_when_it_ends() {
    let mut watch = Watch::new();
    watch.see(0, 10_450.0);
    watch.see(DAY_S, 10_000.0);
    assert_eq!(watch.see(DAY_S + 60, 9_900.0), (Halted, Some(Drawdown)));
    watch.resume(10_000.0);
    let resumed = watch.ledger.unwrap();
    assert_eq!(
        (resumed.state, resumed.because, resumed.until_s),
        (Halted, Some(DailyLoss), Some(MIDNIGHT_S + 2 * DAY_S))
    );
    assert_eq!(watch.see(DAY_S + 120, 10_000.0), (Halted, Some(DailyLoss)));
    assert_eq!(watch.see(2 * DAY_S, 10_000.0), ACTIVE);
}

#[test]
fn resume_ends_no_pause_and_no_kill_switch_ends_a_drawdown() {
    let mut watch = Watch::new();
    watch.closed = (1..=4).map(|minute| (MIDNIGHT_S + minute * 60, -1.0)).collect();
    let pause = watch.see(300, 10_000.0);
    watch.resume(10_000.0);
    let ledger = watch.ledger.unwrap();
    assert_eq!((ledger.state, ledger.because), pause);
    assert_eq!((pause, ledger.until_s), ((Reducing, Some(Cooldown)), Some(MIDNIGHT_S + 240 + 240 * 60)));
    watch.closed.clear();
    watch.see(360, 10_400.0);
    assert_eq!(watch.see(DAY_S, 9_960.0), (Reducing, Some(Drawdown)));
    watch.switch = Switch::Halt;
    watch.see(DAY_S + 60, 9_960.0);
    watch.switch = Switch::Off;
    watch.resume(9_960.0);
    assert_eq!(watch.see(DAY_S + 120, 9_960.0), (Reducing, Some(Drawdown)), "it was the kill switch that was resumed");
    watch.resume(9_960.0);
    assert_eq!(watch.see(DAY_S + 180, 9_960.0), ACTIVE);
}

#[test]
fn a_clock_that_goes_back_resets_no_loss() {
    let mut watch = Watch::new();
    watch.see(0, 10_000.0);
    watch.see(60, 9_900.0);
    for back_s in [1, HOUR_S, DAY_S, 400 * DAY_S] {
        assert_eq!(watch.see(-back_s, 9_900.0), (Halted, Some(DailyLoss)), "{back_s} s back");
    }
    assert_eq!(watch.see(120, 9_900.0), (Halted, Some(DailyLoss)), "nor does its return");
    assert_eq!(watch.ledger.unwrap().day_start_equity.to_bits(), 10_000.0f64.to_bits());
}

#[test]
fn the_kill_switch_halts_while_it_is_on_and_hides_no_graver_halt() {
    let mut watch = Watch::new();
    watch.see(0, 10_000.0);
    watch.switch = Switch::Halt;
    assert_eq!(watch.warnings(60, 10_000.0), ["halted", "kill_switch"]);
    assert_eq!(watch.see(DAY_S, 10_000.0), (Halted, Some(KillSwitch)), "a day does not end it");
    assert_eq!(watch.see(DAY_S + 1, 9_900.0), (Halted, Some(DailyLoss)));
    assert_eq!(watch.see(DAY_S + 2, 10_000.0), (Halted, Some(DailyLoss)));
    assert_eq!(watch.see(2 * DAY_S, 10_000.0), (Halted, Some(KillSwitch)));
    watch.resume(10_000.0);
    assert_eq!(watch.see(2 * DAY_S, 10_000.0), (Halted, Some(KillSwitch)), "the file is still there");
    watch.switch = Switch::Off;
    assert_eq!(watch.see(2 * DAY_S, 10_000.0), ACTIVE);
}

#[test]
fn a_pause_is_remembered_with_its_end() {
    let mut watch = Watch::new();
    watch.closed = (1..=4).map(|minute| (MIDNIGHT_S + minute * 60, -1.0)).collect();
    assert_eq!(watch.see(300, 10_000.0), (Reducing, Some(Cooldown)));
    let end_s = 240 + 240 * 60;
    assert_eq!(watch.ledger.unwrap().until_s, Some(MIDNIGHT_S + end_s));
    assert_eq!(watch.see(end_s - 1, 10_000.0), (Reducing, Some(Cooldown)));
    assert_eq!(watch.see(end_s, 10_000.0), ACTIVE);
}

#[test]
fn equity_that_is_no_number_changes_nothing() {
    let mut watch = Watch::new();
    assert_eq!(watch.warnings(0, f64::NAN), ["equity_unusable"]);
    assert_eq!(watch.ledger, None);
    watch.see(0, 10_000.0);
    let before = watch.ledger;
    for equity in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert_eq!(watch.warnings(DAY_S, equity), ["equity_unusable"]);
        assert_eq!(watch.ledger, before);
    }
}

#[test]
fn names_of_another_program_are_the_gravest() {
    for state in [Active, Reducing, Halted] {
        assert_eq!(State::named(state.name()), state);
    }
    for because in [DailyLoss, Drawdown, Cooldown, KillSwitch] {
        assert_eq!(Because::named(because.name()), because);
    }
    assert_eq!((State::named("?"), Because::named("?")), (Halted, Drawdown));
}
