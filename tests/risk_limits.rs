//! Every limit at its exact boundary: what is allowed just there, and refused just beyond.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(missing_docs, dead_code, reason = "support is shared with other tests and is not an interface")]

#[path = "support/risk_desk.rs"]
mod risk_desk;

use mt5_sentinel::bars::{Calendar, Session};
use mt5_sentinel::trade::Side::{Buy, Sell};
use mt5_sentinel::trade::risk::{Exit, Purpose, Refusal, Switch, Verdict, slippage_beyond};
use mt5_sentinel::trade::{BrokerFacts, SymbolFacts};
use risk_desk::{DAY_S, Desk, HOUR_S, MAGIC, NOW_S, pair, pending, position};

#[test]
fn a_quiet_desk_opens() {
    for side in [Buy, Sell] {
        let ruling = Desk::quiet().rule(side);
        let entry = ruling.entry.approved().unwrap();
        assert_eq!((entry.side, entry.lots.to_bits(), entry.deviation_points), (side, 0.01f64.to_bits(), 20));
        assert_eq!((ruling.exits.len(), ruling.warnings.len()), (0, 0));
    }
}

#[test]
fn every_halt_refuses() {
    assert_eq!(Desk::with(|desk| desk.halted = true).code(), "refused_halted");
    assert_eq!(Desk::with(|desk| desk.switch = Switch::Halt).code(), "refused_kill_switch");
    assert_eq!(Desk::with(|desk| desk.switch = Switch::Flatten).code(), "refused_kill_switch");
    assert_eq!(Desk::with(|desk| desk.book.halted = true).code(), "refused_gateway_halted");
}

#[test]
fn losses_refuse_from_their_limit_on() {
    let at = |equity: f64, marks: (f64, f64)| {
        Desk::with(|desk| (desk.book.account.equity, desk.marks) = (equity, marks)).code()
    };
    let day = |loss: f64| at(10_000.0 - loss, (10_000.0, 10_000.0));
    assert_eq!([day(79.99), day(80.0), day(99.99)], ["approved", "refused_reducing", "refused_reducing"]);
    assert_eq!([day(100.0), day(100.01)], ["refused_daily_loss"; 2]);
    let fall = |loss: f64| at(10_000.0, (10_000.0, 10_000.0 + loss));
    assert_eq!([fall(399.99), fall(400.0), fall(499.99)], ["approved", "refused_reducing", "refused_reducing"]);
    assert_eq!([fall(500.0), fall(500.01)], ["refused_drawdown"; 2]);
    for equity in [f64::NAN, f64::INFINITY, 0.0, -1.0] {
        let refused = at(equity, (10_000.0, 10_000.0));
        assert!(refused == "refused_equity", "{equity}: {refused}");
    }
}

#[test]
fn losing_trades_in_a_row_pause() {
    let paused = |ago_s: i64, profits: &[f64]| {
        Desk::with(|desk| {
            let last_s = NOW_S - ago_s;
            desk.closed = (last_s - 10..).zip(profits.iter().copied()).collect();
            desk.closed.last_mut().unwrap().0 = last_s;
        })
        .code()
    };
    let lost = [-1.0, -1.0, -1.0, -1.0];
    assert_eq!([paused(0, &lost), paused(240 * 60 - 1, &lost)], ["refused_cooldown"; 2]);
    assert_eq!(paused(240 * 60, &lost), "approved");
    assert_eq!(paused(0, &lost[1..]), "approved");
    assert_eq!(paused(0, &[-1.0, -1.0, 0.0, -1.0, -1.0]), "approved");
    assert_eq!(paused(0, &[-1.0, -1.0, -1.0, -1.0, 5.0]), "refused_cooldown", "a win after it does not end the pause");
    let ended = |then: &[(i64, f64)]| {
        Desk::with(|desk| {
            desk.closed = (0..4).map(|at| (NOW_S - 100_000 + at, -1.0)).collect();
            desk.closed.extend_from_slice(then);
        })
        .code()
    };
    assert_eq!(ended(&[(NOW_S, -1.0); 3]), "approved", "a pause uses up its losses");
    assert_eq!(ended(&[(NOW_S, -1.0); 4]), "refused_cooldown");
}

#[test]
fn openings_are_counted_by_minute_and_day() {
    let at = |ago_s: i64, count: usize| Desk::with(|desk| desk.openings_s = vec![NOW_S - ago_s; count]).code();
    assert_eq!(
        [at(0, 3), at(0, 4), at(59, 4), at(60, 4)],
        ["approved", "refused_orders_minute", "refused_orders_minute", "approved"]
    );
    let midnight_ago_s = NOW_S.rem_euclid(DAY_S);
    assert_eq!([at(midnight_ago_s, 39), at(midnight_ago_s, 40)], ["approved", "refused_orders_day"]);
    assert_eq!(at(midnight_ago_s + 1, 400), "approved", "yesterday's do not count");
    assert_eq!(at(-HOUR_S, 4), "refused_orders_minute", "one that lies ahead, for the clock went back, counts");
}

#[test]
fn a_signal_has_an_age() {
    let aged = |age_s: i64| Desk::with(|desk| desk.bar_open_s = NOW_S - age_s - HOUR_S).code();
    assert_eq!([aged(58), aged(1_200), aged(1_201)], ["approved", "approved", "refused_signal_age"]);
}

#[test]
fn spread_and_quote() {
    let quoted = |bid: f64, ask: f64| Desk::with(|desk| (desk.quote.bid, desk.quote.ask) = (bid, ask)).code();
    assert_eq!([quoted(1.1, 1.1003), quoted(1.1, 1.10031)], ["approved", "refused_spread"]);
    for (bid, ask) in [(0.0, 0.0), (f64::NAN, 1.1), (1.1, f64::NAN), (1.1, f64::INFINITY), (1.1, 1.0999), (-1.0, 1.1)] {
        assert_eq!(quoted(bid, ask), "refused_quote", "{bid} {ask}");
    }
    assert_eq!(quoted(1.1, 1.1), "approved");
    assert_eq!(quoted(1.25, 1.2503), "approved", "30 points and what subtracting adds");
    let eighths = |ask: f64| {
        Desk::with(|desk| {
            let told = BrokerFacts { point: 0.125, tick_size: 0.125, tick_value: 1.0, ..*pair("EURUSD").broker() };
            desk.facts.insert("EURUSD".into(), SymbolFacts::from_broker(told, "USD").unwrap());
            (desk.quote.bid, desk.quote.ask, desk.set.spread_points_max) = (1_000.0, ask, 2.0);
        })
        .code()
    };
    assert_eq!([eighths(1_000.25), eighths(1_000.375)], ["approved", "refused_spread"]);
}

#[test]
fn positions_of_the_symbol() {
    let with = |count: i64, side, magic| {
        Desk::with(|desk| {
            desk.set.positions_symbol_max = 2;
            desk.book.positions = (0..count).map(|at| position(at + 1, "EURUSD", side, 0.01, magic)).collect();
        })
        .code()
    };
    assert_eq!([with(1, Buy, MAGIC), with(2, Buy, MAGIC)], ["approved", "refused_positions_symbol"]);
    assert_eq!(with(2, Sell, MAGIC), "approved", "those on the other side are closed first");
    assert_eq!(with(2, Buy, 0), "approved", "those of other people count for the account only");
    let pends = |count: usize| {
        Desk::with(|desk| {
            desk.pending = (0..count).map(|at| pending(&at.to_string(), "EURUSD", 0.01, None, None)).collect();
        })
        .code()
    };
    assert_eq!([pends(0), pends(1)], ["approved", "refused_positions_symbol"]);
}

#[test]
fn positions_of_the_account() {
    let with = |count: i64, side, magic| {
        Desk::with(|desk| {
            let symbol = if side == Buy { "GBPUSD" } else { "EURUSD" };
            desk.book.positions = (0..count).map(|at| position(at + 1, symbol, side, 0.01, magic)).collect();
        })
        .code()
    };
    assert_eq!([with(4, Buy, MAGIC), with(5, Buy, MAGIC)], ["approved", "refused_positions_total"]);
    assert_eq!([with(4, Buy, 0), with(5, Buy, 0)], ["approved", "refused_positions_total"]);
    assert_eq!([with(5, Sell, MAGIC), with(5, Sell, 0)], ["approved", "refused_positions_total"]);
    let pends = |count: usize| {
        Desk::with(|desk| {
            desk.pending = (0..count).map(|at| pending(&at.to_string(), "GBPUSD", 0.01, Some(1.2), None)).collect();
        })
        .code()
    };
    assert_eq!([pends(4), pends(5)], ["approved", "refused_positions_total"]);
}

#[test]
fn a_pending_order_that_the_book_shows_counts_once() {
    let mut desk = Desk::with(|desk| desk.set.positions_symbol_max = 2);
    desk.book.positions = vec![position(7, "EURUSD", Buy, 0.01, MAGIC)];
    desk.pending = vec![pending("a", "EURUSD", 0.01, None, None)];
    assert_eq!(desk.code(), "refused_positions_symbol");
    desk.pending[0].ticket = Some(7);
    assert_eq!(desk.code(), "approved", "by its ticket");
    desk.pending[0].ticket = None;
    desk.book.positions[0].req_id = Some("a".into());
    assert_eq!(desk.code(), "approved", "by the id in its comment");
}

/// A binary fraction as price keeps worth exact: 0.01 lots at 1.125 are worth 1,125.
fn worth(change: impl FnOnce(&mut Desk)) -> &'static str {
    Desk::with(|desk| {
        (desk.quote.bid, desk.quote.ask) = (1.125, 1.125);
        change(desk);
    })
    .code()
}

#[test]
fn exposure_of_the_symbol() {
    let at = |most: f64, side, magic| {
        worth(|desk| {
            desk.set.exposure_symbol_max = most;
            desk.set.positions_symbol_max = 2;
            desk.book.positions = vec![position(1, "EURUSD", side, 0.01, magic)];
        })
    };
    assert_eq!([at(2_250.0, Buy, MAGIC), at(2_249.99, Buy, MAGIC)], ["approved", "refused_exposure_symbol"]);
    assert_eq!([at(2_250.0, Sell, 0), at(2_249.99, Sell, 0)], ["approved", "refused_exposure_symbol"]);
    assert_eq!([at(1_125.0, Sell, MAGIC), at(1_124.99, Sell, MAGIC)], ["approved", "refused_exposure_symbol"]);
    let pends = |most: f64| {
        worth(|desk| {
            desk.set.exposure_symbol_max = most;
            desk.set.positions_symbol_max = 2;
            desk.pending = vec![pending("a", "EURUSD", 0.01, None, None)];
        })
    };
    assert_eq!([pends(2_250.0), pends(2_249.99)], ["approved", "refused_exposure_symbol"]);
}

#[test]
fn exposure_of_a_group() {
    let at = |most: f64, groups: &[&str], symbol: &str| {
        worth(|desk| {
            (desk.set.exposure_symbol_max, desk.set.exposure_group_max) = (2_000.0, most);
            desk.set.exposure_groups = groups.iter().map(|group| (*group).to_owned()).collect();
            desk.book.positions = vec![position(1, symbol, Buy, 0.01, 0)];
            desk.book.positions[0].price = 1.125;
            desk.facts.insert(symbol.into(), pair("GBPUSD"));
        })
    };
    assert_eq!([at(2_250.0, &[], "GBPUSD"), at(2_249.99, &[], "GBPUSD")], ["approved", "refused_exposure_group"]);
    assert_eq!([at(2_249.99, &[], "EURGBP"), at(2_249.99, &[], "AUDNZD")], ["refused_exposure_group", "approved"]);
    let named = ["EURUSD+GBPUSD"];
    assert_eq!(
        [at(2_250.0, &named, "GBPUSD.s"), at(2_249.99, &named, "GBPUSD.s")],
        ["approved", "refused_exposure_group"]
    );
    assert_eq!([at(2_249.99, &named, "EURGBP"), at(2_249.99, &["GBPUSD+EURGBP"], "GBPUSD")], ["approved"; 2]);
    assert_eq!(at(2_249.99, &["AUDUSD+NZDUSD", "GBPUSD+EURUSD"], "GBPUSD"), "refused_exposure_group");
}

#[test]
fn exposure_of_the_account() {
    let at = |most: f64| {
        worth(|desk| {
            (desk.set.exposure_symbol_max, desk.set.exposure_group_max) = (2_000.0, 2_000.0);
            desk.set.exposure_total_max = most;
            desk.set.exposure_groups = vec!["EURUSD+EURGBP".into()];
            desk.book.positions = vec![position(1, "USDJPY", Sell, 0.01, 0)];
        })
    };
    assert_eq!([at(2_125.0), at(2_124.99)], ["approved", "refused_exposure_total"]);
}

#[test]
fn what_cannot_be_priced_lets_nothing_open() {
    let foreign = |symbol: &str| Desk::with(|desk| desk.book.positions = vec![position(1, symbol, Buy, 1.0, 0)]).code();
    assert_eq!(foreign("XAUUSD"), "refused_unknown_worth");
    assert_eq!(Desk::with(|desk| drop(desk.facts.remove("EURUSD"))).code(), "refused_unknown_worth");
    let pends = |sl, tp| Desk::with(|desk| desk.pending = vec![pending("a", "GBPUSD", 0.5, sl, tp)]).code();
    assert_eq!(pends(None, None), "refused_unknown_worth");
    assert_eq!(pends(Some(1.0), Some(0.9)), "refused_exposure_group", "at the greater of stop and target");
    assert_eq!(pends(Some(0.9), None), "approved");
    let odd = Desk::with(|desk| desk.book.positions = vec![position(1, "GBPUSD", Buy, f64::NAN, 0)]);
    assert_eq!(odd.code(), "refused_unknown_worth");
}

#[test]
fn exits_are_own_positions_on_the_other_side() {
    let mut desk = Desk::quiet();
    desk.book.positions = vec![
        position(1, "EURUSD", Sell, 0.03, MAGIC),
        position(2, "EURUSD", Buy, 0.01, MAGIC),
        position(3, "EURUSD", Sell, 0.05, 0),
        position(4, "GBPUSD", Sell, 0.07, MAGIC),
        position(5, "EURUSD", Sell, 0.01, MAGIC),
    ];
    let exit = |ticket, lots| Exit { ticket, side: Buy, lots, purpose: Purpose::Signal };
    assert_eq!(desk.rule(Buy).exits, [exit(1, 0.03), exit(5, 0.01)]);
    assert_eq!(desk.rule(Sell).exits, [Exit { ticket: 2, side: Sell, lots: 0.01, purpose: Purpose::Signal }]);
}

#[test]
fn a_closed_market_opens_nothing() {
    let closed = Desk::with(|desk| {
        desk.calendar = Calendar::new(Session::Fx, &["2023-11-15"]).unwrap();
    });
    assert_eq!(closed.code(), "refused_market_closed");
}

#[test]
fn a_detail_has_figures_and_a_bound() {
    let Verdict::Refused { reason, detail } = Desk::with(|desk| desk.quote.ask = 1.11).rule(Buy).entry else {
        panic!("approved")
    };
    assert_eq!((reason, &*detail), (Refusal::Spread, "the spread is 1000.0 points, 30 are allowed"));
    let long = Desk::with(|desk| {
        let name = format!("EURUSD{}", "ä".repeat(5_000));
        desk.book.positions = vec![position(1, &name, Buy, 1.0, 0)];
    });
    assert!(long.rule(Buy).entry.refusal().unwrap().1.chars().count() <= 301);
    let mut codes: Vec<&str> = Refusal::ALL.iter().map(|refusal| refusal.code()).collect();
    assert!(codes.iter().all(|code| code.starts_with("refused_")) && codes.len() == 25);
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), 25);
}

#[test]
fn slippage_is_told_beyond_its_limit() {
    let limits = Desk::quiet().limits();
    let slipped = |side, filled: f64| slippage_beyond(side, 1.1, filled, &pair("EURUSD"), &limits).map(f64::round);
    assert_eq!([slipped(Buy, 1.1002), slipped(Buy, 1.10021), slipped(Buy, 1.0)], [None, Some(21.0), None]);
    assert_eq!([slipped(Sell, 1.0998), slipped(Sell, 1.09979), slipped(Sell, 1.2)], [None, Some(21.0), None]);
}
