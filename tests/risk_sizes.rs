//! Where stops lie, and how many lots follow from them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(missing_docs, dead_code, reason = "support is shared with other tests and is not an interface")]

#[path = "support/risk_desk.rs"]
mod risk_desk;

use mt5_sentinel::trade::Side::{Buy, Sell};
use mt5_sentinel::trade::risk::{Sizing, StopMode};
use mt5_sentinel::trade::{BrokerFacts, Side, SymbolFacts};
use risk_desk::{Desk, bars};

/// EURUSD as brokers tell it, changed.
fn facts(change: impl FnOnce(&mut BrokerFacts)) -> SymbolFacts {
    let mut told = BrokerFacts {
        point: 1e-5,
        tick_size: 1e-5,
        tick_value: 1.0,
        contract_size: 100_000.0,
        volume_min: 0.01,
        volume_step: 0.01,
        volume_max: 100.0,
        stops_level_points: 0.0,
    };
    change(&mut told);
    SymbolFacts::from_broker(told, "USD").unwrap()
}

fn broker(change: impl FnOnce(&mut BrokerFacts)) -> Desk {
    Desk::with(|desk| drop(desk.facts.insert("EURUSD".into(), facts(change))))
}

/// Sized by risk, with room for it.
fn risked(equity: f64, share: f64, stop_pips: f64, change: impl FnOnce(&mut BrokerFacts)) -> Desk {
    let mut desk = broker(change);
    (desk.set.sizing, desk.set.risk_per_trade, desk.set.stop_pips) = (Sizing::Risk, share, stop_pips);
    (desk.set.volume_lots_max, desk.book.account.equity) = (100.0, equity);
    desk.marks = (equity, equity);
    desk.set.exposure_symbol_max = 1e9;
    desk.set.exposure_group_max = 1e9;
    desk.set.exposure_total_max = 1e9;
    desk
}

fn exactly(found: f64, wanted: f64) {
    assert_eq!(found.to_bits(), wanted.to_bits(), "{found} instead of {wanted}");
}

fn levels(desk: &Desk, side: Side) -> (f64, Option<f64>) {
    let entry = desk.entry(side);
    (entry.sl, entry.tp)
}

#[test]
fn pips_are_ten_points_from_the_price_the_order_trades_at() {
    let desk = Desk::quiet();
    assert_eq!(levels(&desk, Buy), (1.0971, Some(1.1046)), "from the ask, 1.1001");
    assert_eq!(levels(&desk, Sell), (1.103, Some(1.0955)), "from the bid, 1.1");
    exactly(desk.entry(Buy).price, 1.1001);
    exactly(desk.entry(Sell).price, 1.1);
    let none = Desk::with(|desk| desk.set.target_pips = 0.0);
    assert_eq!((levels(&none, Buy).1, levels(&none, Sell).1), (None, None));
    let yen = Desk::with(|desk| {
        desk.symbol = "USDJPY".into();
        (desk.quote.bid, desk.quote.ask) = (150.0, 150.01);
    });
    assert_eq!(levels(&yen, Buy), (149.71, Some(150.46)));
}

#[test]
fn average_true_ranges_come_from_the_bars() {
    let desk = |range: f64| {
        Desk::with(|desk| {
            desk.set.stop_mode = StopMode::Atr;
            desk.bars = bars(400, range);
        })
    };
    assert_eq!(levels(&desk(0.002), Buy), (1.0961, Some(1.1061)));
    assert_eq!(levels(&desk(0.002), Sell), (1.104, Some(1.094)));
    let none = Desk::with(|desk| (desk.set.stop_mode, desk.set.target_atr) = (StopMode::Atr, 0.0));
    assert_eq!(levels(&none, Buy).1, None);
    assert_eq!(desk(0.0).code(), "refused_no_stop", "a range of zero");
    let few = Desk::with(|desk| (desk.set.stop_mode, desk.bars) = (StopMode::Atr, bars(294, 0.002)));
    assert_eq!(few.code(), "refused_no_stop", "too few bars for a settled average");
    assert_eq!(Desk::with(|desk| desk.bars = bars(400, 0.0)).code(), "approved", "pips ask no bars");
}

#[test]
fn stops_are_rounded_towards_the_price_and_on_the_tick() {
    let mut desk = broker(|told| (told.tick_size, told.tick_value) = (5e-5, 5.0));
    (desk.set.stop_pips, desk.set.target_pips) = (30.3, 45.7);
    // The ask is 1.1001: 1.09707 and 1.10467; the bid 1.1: 1.10303 and 1.09543.
    assert_eq!(levels(&desk, Buy), (1.0971, Some(1.10465)));
    assert_eq!(levels(&desk, Sell), (1.103, Some(1.09545)));
    for tenths in 10..2_000_u32 {
        let pips = f64::from(tenths) / 10.0;
        let desk = Desk::with(|desk| (desk.set.stop_pips, desk.set.target_pips) = (pips, pips));
        let points = i64::from(tenths);
        let near = |points: i64| points as f64 / 100_000.0;
        assert_eq!(levels(&desk, Buy), (near(110_010 - points), Some(near(110_010 + points))), "{pips}");
        assert_eq!(levels(&desk, Sell), (near(110_000 + points), Some(near(110_000 - points))), "{pips}");
    }
}

#[test]
fn a_stop_keeps_the_brokers_distance_and_the_spread() {
    // 300 points of distance and 10 of spread: the least is 310 points, ten more than configured.
    let mut desk = broker(|told| told.stops_level_points = 300.0);
    (desk.set.volume_lots, desk.set.target_pips) = (0.1, 10.0);
    assert_eq!(levels(&desk, Buy), (1.097, Some(1.1032)), "the target is moved out too");
    assert_eq!(levels(&desk, Sell), (1.1031, Some(1.0969)));
    let ruling = desk.rule(Buy);
    assert_eq!(ruling.warnings, ["stop_widened"]);
    exactly(ruling.entry.approved().unwrap().lots, 0.09);
    desk.set.volume_lots = 0.01;
    assert_eq!(desk.code(), "refused_volume", "what a wider stop would put at risk is not rounded up");
    let exact =
        Desk::with(|desk| drop(desk.facts.insert("EURUSD".into(), facts(|told| told.stops_level_points = 290.0))));
    assert_eq!((exact.rule(Buy).warnings.len(), levels(&exact, Buy).0.to_bits()), (0, 1.0971f64.to_bits()));
    let mut odd = broker(|told| (told.stops_level_points, told.tick_size, told.tick_value) = (300.0, 5e-5, 5.0));
    (odd.quote.ask, odd.set.volume_lots) = (1.10013, 0.1);
    assert_eq!(levels(&odd, Buy).0.to_bits(), 1.097f64.to_bits(), "313 points, away from the price on the tick");
}

#[test]
fn a_distance_that_is_none_opens_nothing() {
    let with = |pips: f64| Desk::with(|desk| (desk.set.stop_pips, desk.set.target_pips) = (pips, 0.0));
    assert_eq!(with(12_000.0).code(), "refused_no_stop", "the stop would lie below zero");
    let beyond = Desk::with(|desk| desk.set.target_pips = 12_000.0);
    assert_eq!(beyond.rule(Sell).entry.refusal().unwrap().0.code(), "refused_no_stop");
    let mut coarse = broker(|told| (told.tick_size, told.tick_value) = (0.5, 50_000.0));
    (coarse.quote.bid, coarse.quote.ask) = (1.0, 1.0);
    assert_eq!(coarse.code(), "refused_no_stop", "less than a tick");
}

#[test]
fn risk_per_trade_gives_the_lots() {
    // 30 pips at 10 dollars a pip and lot lose 300 a lot; half a percent of 10,000 is 50.
    exactly(risked(10_000.0, 0.005, 30.0, |_| ()).entry(Buy).lots, 0.16);
    exactly(risked(10_000.0, 0.005, 30.0, |_| ()).entry(Sell).lots, 0.16);
    exactly(risked(10_000.0, 0.005, 50.0, |_| ()).entry(Buy).lots, 0.1);
    exactly(risked(10_000.0, 0.005, 30.0, |told| told.volume_step = 0.05).entry(Buy).lots, 0.15);
    exactly(
        risked(10_000.0, 0.005, 30.0, |told| (told.volume_step, told.volume_min) = (0.1, 0.1)).entry(Buy).lots,
        0.1,
    );
    exactly(risked(1e6, 0.1, 30.0, |told| told.volume_max = 33.335).entry(Buy).lots, 33.33);
    let mut capped = risked(1e6, 0.1, 30.0, |_| ());
    capped.set.volume_lots_max = 0.07;
    exactly(capped.entry(Buy).lots, 0.07);
    assert_eq!(risked(599.0, 0.005, 30.0, |_| ()).code(), "refused_volume", "0.00998 lots are not rounded up");
    assert_eq!(risked(600.0, 0.005, 30.0, |_| ()).code(), "approved");
    assert_eq!(risked(10_000.0, 0.005, 30.0, |told| told.volume_min = 0.2).code(), "refused_volume");
    let tiny = risked(100.0, 0.005, 30.0, |told| (told.volume_min, told.volume_step) = (0.001, 0.001));
    assert_eq!(tiny.code(), "refused_volume", "the protocol carries no thousandths");
}

#[test]
fn a_widened_stop_makes_a_risked_volume_smaller() {
    let desk = risked(10_000.0, 0.005, 30.0, |told| told.stops_level_points = 490.0);
    let entry = desk.entry(Buy);
    exactly(entry.sl, 1.0951);
    exactly(entry.lots, 0.1);
}

#[test]
fn decimals_cost_no_step() {
    for hundredths in 1..=1_000_u32 {
        let lots = f64::from(hundredths) / 100.0;
        let mut fixed = Desk::with(|desk| (desk.set.volume_lots, desk.set.volume_lots_max) = (lots, lots));
        fixed.set.exposure_symbol_max = 1e9;
        fixed.set.exposure_group_max = 1e9;
        fixed.set.exposure_total_max = 1e9;
        exactly(fixed.entry(Buy).lots, lots);
        let mut by_risk = risked(lots * 300.0 / 0.005, 0.005, 30.0, |_| ());
        exactly(by_risk.entry(Sell).lots, lots);
        by_risk.set.volume_lots_max = lots;
        by_risk.book.account.equity *= 3.0;
        exactly(by_risk.entry(Sell).lots, lots);
    }
}

#[test]
fn an_account_in_the_base_currency_counts_at_the_stop() {
    let mut desk = risked(10_000.0, 0.005, 30.0, |_| ());
    desk.symbol = "USDJPY".into();
    (desk.quote.bid, desk.quote.ask) = (150.0, 150.0);
    // 0.3 yen a unit, 30,000 yen a lot, at 149.7 yen to the dollar: 200.40 dollars a lot.
    exactly(desk.entry(Buy).lots, 0.24);
}
