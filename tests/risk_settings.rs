//! Settings of risk that cannot be meant are refused with a message each.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(missing_docs, dead_code, reason = "support is shared with other tests and is not an interface")]

#[path = "support/risk_desk.rs"]
mod risk_desk;

use mt5_sentinel::trade::risk::{LimitSettings, Limits, Refusal, Sizing};
use risk_desk::settings;

/// What is told about a change of the defaults; empty where it is accepted.
fn told(change: impl FnOnce(&mut LimitSettings)) -> String {
    let mut set = settings();
    change(&mut set);
    Limits::new(set).err().map_or_else(String::new, |error| error.to_string())
}

#[test]
fn the_defaults_agree() {
    assert_eq!(told(|_| {}), "");
}

#[test]
fn each_contradiction_is_named_with_both_settings() {
    type Change = fn(&mut LimitSettings);
    let cases: [(Change, Change, &str, &str); 7] = [
        (|set| set.volume_lots = 0.1, |set| set.volume_lots = 0.11, "volume_lots", "volume_lots_max = 0.1"),
        (|set| set.positions_symbol_max = 5, |set| set.positions_symbol_max = 6, "positions_symbol_max", "= 5"),
        (
            |set| set.exposure_symbol_max = 50_000.0,
            |set| set.exposure_symbol_max = 50_001.0,
            "exposure_symbol_max",
            "exposure_group_max = 50000",
        ),
        (
            |set| set.exposure_group_max = 100_000.0,
            |set| set.exposure_group_max = 100_001.0,
            "exposure_group_max",
            "exposure_total_max = 100000",
        ),
        (|set| set.daily_loss_max = 500.0, |set| set.daily_loss_max = 501.0, "daily_loss_max", "drawdown_max = 500"),
        (|set| set.loss_warn_share = 0.8, |set| set.loss_warn_share = 0.81, "loss_warn_share", "loss_reduce_share"),
        (
            |set| set.orders_per_minute_max = 40,
            |set| set.orders_per_minute_max = 41,
            "orders_per_minute_max",
            "orders_per_day_max = 40",
        ),
    ];
    for (equal, above, field, other) in cases {
        assert_eq!(told(equal), "", "{field} may be as high");
        let message = told(above);
        assert!(message.starts_with(&format!("setting `{field}`: ")) && message.contains(other), "{message}");
    }
}

#[test]
fn values_outside_their_meaning_are_named() {
    type Change = fn(&mut LimitSettings, f64);
    let positive: [(&str, Change); 11] = [
        ("volume_lots", |set, value| set.volume_lots = value),
        ("volume_lots_max", |set, value| set.volume_lots_max = value),
        ("stop_atr", |set, value| set.stop_atr = value),
        ("stop_pips", |set, value| set.stop_pips = value),
        ("exposure_symbol_max", |set, value| set.exposure_symbol_max = value),
        ("exposure_group_max", |set, value| set.exposure_group_max = value),
        ("exposure_total_max", |set, value| set.exposure_total_max = value),
        ("daily_loss_max", |set, value| set.daily_loss_max = value),
        ("drawdown_max", |set, value| set.drawdown_max = value),
        ("signal_age_max_s", |set, value| set.signal_age_max_s = value),
        ("spread_points_max", |set, value| set.spread_points_max = value),
    ];
    let shares: [(&str, Change); 3] = [
        ("risk_per_trade", |set, value| set.risk_per_trade = value),
        ("loss_warn_share", |set, value| set.loss_warn_share = value),
        ("loss_reduce_share", |set, value| set.loss_reduce_share = value),
    ];
    let not_negative: [(&str, Change); 4] = [
        ("target_atr", |set, value| set.target_atr = value),
        ("target_pips", |set, value| set.target_pips = value),
        ("cooldown_minutes", |set, value| set.cooldown_minutes = value),
        ("weekend_flat_minutes", |set, value| set.weekend_flat_minutes = value),
    ];
    let all = |cases: &[(&str, Change)], values: &[f64]| {
        for (field, change) in cases {
            for &value in values {
                let message = told(|set| change(set, value));
                assert!(message.contains(&format!("setting `{field}`: ")), "{field} = {value}: {message:?}");
            }
        }
    };
    all(&positive, &[0.0, -1.0, f64::NAN, f64::INFINITY]);
    all(&shares, &[0.0, -1.0, f64::NAN, 1.01]);
    all(&not_negative, &[-1.0, f64::NAN, f64::INFINITY]);
    let counts: [fn(&mut LimitSettings); 5] = [
        |set| set.positions_symbol_max = 0,
        |set| set.positions_max = 0,
        |set| set.losses_in_a_row_max = 0,
        |set| set.orders_per_minute_max = 0,
        |set| set.orders_per_day_max = 0,
    ];
    assert!(counts.into_iter().all(|change| told(change).contains("0 is too few")));
    assert!(told(|set| set.volume_lots_max = 100.01).contains("volume_lots_max"));
}

#[test]
fn a_fixed_volume_is_on_the_protocols_step_and_a_risked_one_is_none() {
    assert!(told(|set| set.volume_lots = 0.015).contains("no multiple of 0.01"));
    for hundredths in 1..=10_000_u32 {
        let lots = f64::from(hundredths) / 100.0;
        assert_eq!(told(|set| (set.volume_lots, set.volume_lots_max) = (lots, 100.0)), "", "{lots}");
    }
    assert_eq!(told(|set| (set.sizing, set.volume_lots) = (Sizing::Risk, 0.5)), "");
}

#[test]
fn all_mistakes_are_told_at_once() {
    let message = told(|set| {
        set.daily_loss_max = 900.0;
        set.trading_hours = vec!["sometimes".into()];
        set.exposure_groups = vec!["EURUSD".into(), "EURUSD+GBPUSD".into(), "EURUSD+EURUSD.s".into(), "+".into()];
    });
    for part in ["`daily_loss_max`", "\"sometimes\"", "\"EURUSD\" is no group", "EURUSD+EURUSD.s", "\"+\""] {
        assert!(message.contains(part), "{part}: {message}");
    }
    assert!(!message.contains("EURUSD+GBPUSD\" is"), "{message}");
}

#[test]
fn every_refusal_stands_in_the_documentation() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/RISK.md")).unwrap();
    let rows: Vec<&str> = page.lines().filter(|line| line.starts_with("| `refused_")).collect();
    let wanted = |refusal: &Refusal| format!("| `{}` | {} |", refusal.code(), refusal.meaning());
    assert_eq!(rows, Refusal::ALL.iter().map(wanted).collect::<Vec<_>>());
}
