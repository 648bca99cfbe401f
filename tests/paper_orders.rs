//! Orders of a paper account: worked examples by hand, and each refusal at its boundary.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::float_cmp, reason = "money is counted in whole hundredths, so it is exact")]
#![allow(missing_docs, dead_code, reason = "support is shared with other tests and is not an interface")]

#[path = "support/paper.rs"]
mod paper;

use mt5_sentinel::trade::{Denial, Exit, Levels, Opening, PaperAccount, PaperTerms, QuoteSide, Side, SymbolFacts};
use paper::{EUR, JPY, T, account, account_of, buy, close, exit, mark, open, quote, sell, terms};

fn quoted() -> PaperAccount {
    let mut account = account();
    mark(&mut account, EUR, quote(T, 1.1000, 1.1001), None);
    mark(&mut account, JPY, quote(T, 149.990, 150.000), None);
    account
}

fn code(outcome: Result<impl std::fmt::Debug, Denial>) -> (i32, &'static str) {
    let denial = outcome.expect_err("it should be refused");
    assert!((10..200).contains(&denial.problem.len()), "{denial:?}");
    (denial.retcode, denial.reason)
}

#[test]
fn a_long_in_the_quote_currency_by_hand() {
    let mut account = quoted();
    let opened = open(&mut account, &buy("a"));
    assert_eq!((opened.price, opened.ticket, opened.profit), (1.1001, 1, 0.0));
    // 0.1 lot = 10,000 EUR at 1.1001 = 11,001 USD; a thirtieth is bound. The spread of 1 pip costs 1 USD.
    let now = account.account();
    assert_eq!((now.balance, now.equity), (10_000.0, 9_999.0));
    assert!((now.margin_free - (9_999.0 - 366.7)).abs() < 1e-9, "{}", now.margin_free);
    mark(&mut account, EUR, quote(T + 60, 1.1051, 1.1052), None);
    let closed = close(&mut account, &exit("b", 1));
    assert_eq!((closed.price, closed.profit, closed.side), (1.1051, 50.0, Side::Sell));
    let now = account.account();
    assert_eq!((now.balance, now.equity, now.margin_free), (10_050.0, 10_050.0, 10_050.0));
    assert!(account.positions().is_empty());
}

#[test]
fn a_short_in_the_base_currency_by_hand() {
    let mut account = quoted();
    let opened = open(&mut account, &Opening { symbol: JPY, ..sell("a") });
    assert_eq!(opened.price, 149.990);
    // 10,000 USD are bound by a thirtieth. 0.01 JPY of spread on 10,000 USD is 100 JPY, at 150 JPY a dollar 0.67 USD.
    let now = account.account();
    assert_eq!(now.equity, 9_999.33);
    assert!((now.margin_free - (9_999.33 - 1_000.0 / 3.0)).abs() < 1e-9);
    mark(&mut account, JPY, quote(T + 60, 147.980, 147.990), None);
    let back = Exit { symbol: JPY, side: Side::Buy, ..exit("b", 1) };
    // 2 JPY on 10,000 USD are 20,000 JPY, at 147.99 JPY a dollar 135.1442… USD.
    assert_eq!(close(&mut account, &back).profit, 135.14);
    assert_eq!(account.account().balance, 10_135.14);
}

#[test]
fn an_account_in_yen_by_hand() {
    let terms = PaperTerms { deposit: 1_000_000.0, currency: "JPY".into(), ..terms() };
    let mut account = PaperAccount::new(terms).unwrap();
    let usd = SymbolFacts::currency_pair(JPY, "USD").unwrap();
    assert!(account.know(JPY, usd, QuoteSide::Bid).is_err(), "facts in another currency");
    account.know(JPY, SymbolFacts::currency_pair(JPY, "JPY").unwrap(), QuoteSide::Bid).unwrap();
    mark(&mut account, JPY, quote(T, 149.990, 150.000), None);
    open(&mut account, &Opening { symbol: JPY, ..buy("a") });
    // 10,000 USD at 150 are 1,500,000 JPY, of which a thirtieth is bound; the spread costs 100 JPY.
    let now = account.account();
    assert_eq!((now.equity, now.margin_free), (999_900.0, 949_900.0));
    mark(&mut account, JPY, quote(T + 60, 150.123, 150.133), None);
    assert_eq!(close(&mut account, &Exit { symbol: JPY, ..exit("b", 1) }).profit, 1_230.0);
}

#[test]
fn a_position_is_closed_in_parts() {
    let mut account = quoted();
    open(&mut account, &Opening { lots: 0.3, ..buy("a") });
    mark(&mut account, EUR, quote(T + 60, 1.1011, 1.1012), None);
    assert_eq!(close(&mut account, &exit("b", 1)).profit, 10.0);
    assert_eq!(account.positions()[0].lots, 0.2, "0.3 - 0.1 without dust");
    assert_eq!(code(account.propose_close(&Exit { lots: 0.21, ..exit("c", 1) })), (10014, "invalid_volume"));
    assert_eq!(code(account.propose_close(&Exit { lots: 0.195, ..exit("c", 1) })), (10014, "invalid_volume"));
    assert_eq!(close(&mut account, &Exit { lots: 0.19, ..exit("d", 1) }).profit, 19.0);
    assert_eq!(close(&mut account, &Exit { lots: 0.01, ..exit("e", 1) }).profit, 1.0);
    assert!(account.positions().is_empty());
    assert_eq!(account.account().balance, 10_030.0);
}

#[test]
fn positions_of_both_sides_stand_side_by_side() {
    let mut account = quoted();
    open(&mut account, &buy("a"));
    open(&mut account, &Opening { magic: 8, ..sell("b") });
    let positions = account.positions();
    let told: Vec<_> = positions.iter().map(|one| (one.ticket, one.side, one.magic, one.req_id.as_deref())).collect();
    assert_eq!(told, [(1, Side::Buy, 7, Some("a")), (2, Side::Sell, 8, Some("b"))]);
    assert_eq!(positions.iter().map(|one| one.profit).sum::<f64>(), -2.0);
}

#[test]
fn volumes_are_those_of_the_symbol() {
    let account = quoted();
    for lots in [0.009, 0.0, -0.1, 0.015, 100.01, f64::NAN, f64::INFINITY] {
        let order = Opening { lots, ..buy("a") };
        assert_eq!(code(account.propose_open(&order)), (10014, "invalid_volume"), "{lots}");
    }
    assert!(account.propose_open(&Opening { lots: 0.01, ..buy("a") }).is_ok());
    assert!(account.propose_open(&Opening { lots: 0.07, ..buy("a") }).is_ok(), "7 steps, though not in binary");
}

#[test]
fn the_smallest_volume_must_be_left_of_a_position() {
    let mut account = account();
    let told = mt5_sentinel::trade::BrokerFacts {
        volume_min: 0.1,
        volume_step: 0.05,
        stops_level_points: 50.0,
        ..*SymbolFacts::currency_pair(EUR, "USD").unwrap().broker()
    };
    account.know(EUR, SymbolFacts::from_broker(told, "USD").unwrap(), QuoteSide::Bid).unwrap();
    mark(&mut account, EUR, quote(T, 1.1000, 1.1001), None);
    open(&mut account, &Opening { lots: 0.25, ..buy("a") });
    assert_eq!(code(account.propose_close(&Exit { lots: 0.2, ..exit("b", 1) })), (10014, "invalid_volume"));
    assert!(account.propose_close(&Exit { lots: 0.15, ..exit("b", 1) }).is_ok());
    assert!(account.propose_close(&Exit { lots: 0.25, ..exit("b", 1) }).is_ok());
    // Stops keep 50 points from the price that closes the position.
    let with = |sl, tp| account.propose_open(&Opening { sl, tp, ..buy("c") });
    assert!(with(Some(1.0995), Some(1.1005)).is_ok());
    assert_eq!(code(with(Some(1.09951), None)), (10016, "invalid_stops"));
    assert_eq!(code(with(None, Some(1.10049))), (10016, "invalid_stops"));
}

#[test]
fn stops_lie_on_their_side_of_the_price() {
    let account = quoted();
    let long = |sl, tp| account.propose_open(&Opening { sl, tp, ..buy("a") });
    let short = |sl, tp| account.propose_open(&Opening { sl, tp, ..sell("a") });
    assert!(long(Some(1.0999), Some(1.1001)).is_ok());
    assert!(short(Some(1.1002), Some(1.1000)).is_ok());
    for level in [1.1000, 1.1001, f64::NAN, 0.0, -1.0, f64::NEG_INFINITY] {
        assert_eq!(code(long(Some(level), None)), (10016, "invalid_stops"), "{level}");
    }
    for level in [1.1000, 1.0, f64::INFINITY] {
        assert_eq!(code(long(None, Some(level))), (10016, "invalid_stops"), "{level}");
    }
    assert_eq!(code(short(Some(1.1001), None)), (10016, "invalid_stops"));
    assert_eq!(code(short(None, Some(1.1001))), (10016, "invalid_stops"));
    assert_eq!(code(short(None, Some(-1.0))), (10016, "invalid_stops"));
}

#[test]
fn levels_are_moved_by_the_same_rules() {
    let mut account = quoted();
    open(&mut account, &Opening { sl: Some(1.09), ..buy("a") });
    let levels = |sl, tp| Levels { symbol: EUR, ticket: 1, sl, tp, time_s: T + 5 };
    assert_eq!(account.propose_levels(&levels(Some(1.09), None)), Ok(None), "they lie there");
    assert_eq!(code(account.propose_levels(&levels(Some(1.1), None))), (10016, "invalid_stops"));
    assert_eq!(code(account.propose_levels(&Levels { ticket: 2, ..levels(None, None) })), (10013, "invalid_request"));
    assert_eq!(code(account.propose_levels(&Levels { symbol: JPY, ..levels(None, None) })), (10013, "invalid_request"));
    let moved = account.propose_levels(&levels(Some(1.095), Some(1.11))).unwrap().unwrap();
    let before = account.account();
    account.apply(&moved).unwrap();
    assert_eq!(account.account(), before);
    assert_eq!((account.positions()[0].sl, account.positions()[0].tp), (Some(1.095), Some(1.11)));
}

#[test]
fn an_exit_fits_an_open_position() {
    let mut account = quoted();
    open(&mut account, &buy("a"));
    let odd = [
        Exit { ticket: 2, ..exit("b", 1) },
        Exit { side: Side::Buy, ..exit("b", 1) },
        Exit { symbol: JPY, ..exit("b", 1) },
        Exit { symbol: "GBPUSD", ..exit("b", 1) },
    ];
    for order in odd {
        assert_eq!(code(account.propose_close(&order)), (10013, "invalid_request"), "{order:?}");
    }
    for lots in [0.0, -0.1, f64::NAN, f64::INFINITY] {
        assert_eq!(code(account.propose_close(&Exit { lots, ..exit("b", 1) })), (10014, "invalid_volume"), "{lots}");
    }
    close(&mut account, &exit("b", 1));
    assert_eq!(code(account.propose_close(&exit("b", 1))), (10013, "invalid_request"), "once is enough");
}

#[test]
fn without_a_price_nothing_is_filled() {
    let mut account = quoted();
    open(&mut account, &buy("a"));
    let deals = account.propose_open(&buy("x")).map(|deal| vec![deal]).unwrap();
    let mut again = paper::account();
    assert_eq!(code(again.propose_open(&buy("x"))), (10018, "no_price"));
    assert_eq!(code(again.propose_open(&Opening { symbol: "GBPUSD", ..buy("x") })), (10013, "invalid_request"));
    again.apply(&deals[0]).expect_err("the second deal comes second");
    open(&mut account, &buy("b"));
    again.apply(&mt5_sentinel::trade::Deal { seq: 1, ticket: 1, ..deals[0].clone() }).unwrap();
    assert_eq!(again.positions()[0].profit, 0.0, "since the restart no price is known");
    assert_eq!(again.account().equity, 10_000.0);
    assert_eq!(code(again.propose_close(&exit("y", 1))), (10018, "no_price"));
}

#[test]
fn the_free_margin_carries_an_opening_or_refuses_it() {
    // 1 lot at 1.2 is 120,000 USD, a thirtieth of which is 4,000.
    let with = |deposit| {
        let mut account = account_of(PaperTerms { deposit, ..terms() }, QuoteSide::Bid);
        mark(&mut account, EUR, quote(T, 1.2, 1.2), None);
        account
    };
    assert!(with(4_000.0).propose_open(&Opening { lots: 1.0, ..buy("a") }).is_ok());
    assert_eq!(code(with(3_999.99).propose_open(&Opening { lots: 1.0, ..buy("a") })), (10019, "no_money"));
    let mut account = with(5_000.0);
    open(&mut account, &Opening { lots: 1.0, ..buy("a") });
    assert_eq!(code(account.propose_open(&Opening { lots: 0.26, ..sell("b") })), (10019, "no_money"));
    assert!(account.propose_open(&Opening { lots: 0.25, ..sell("b") }).is_ok(), "opposite positions bind both");
    mark(&mut account, EUR, quote(T, 1.199, 1.199), None);
    assert_eq!(code(account.propose_open(&Opening { lots: 0.25, ..sell("b") })), (10019, "no_money"), "a loss counts");
    close(&mut account, &Exit { lots: 0.5, ..exit("c", 1) });
    assert!(account.propose_open(&Opening { lots: 0.25, ..sell("b") }).is_ok(), "a part closed frees its part");
}

#[test]
fn slippage_goes_against_the_trader_within_the_deviation() {
    let mut account = account_of(PaperTerms { slippage_points_max: 10.0, ..terms() }, QuoteSide::Bid);
    mark(&mut account, EUR, quote(T, 1.1000, 1.1001), None);
    let ids: Vec<String> = (0..200).map(|i| format!("{i}")).collect();
    let points: Vec<f64> = ids
        .iter()
        .map(|id| (account.propose_open(&buy(id)).unwrap().price - 1.1001) / 1e-5)
        .inspect(|points| assert!((-1e-6..10.0).contains(points), "{points}"))
        .collect();
    assert!(points.iter().any(|points| *points < 1.0) && points.iter().any(|points| *points > 9.0));
    for (id, points) in ids.iter().zip(&points) {
        let sold = account.propose_open(&sell(id)).unwrap().price;
        assert!(((1.1000 - sold) / 1e-5 - points).abs() < 1e-6, "the same draw for the same id");
        let bounded = account.propose_open(&Opening { deviation_points: 5.0, ..buy(id) });
        assert_eq!(bounded.is_ok(), *points <= 5.0);
        if let Err(denial) = bounded {
            assert_eq!(code(Err::<(), _>(denial)), (10004, "requote"));
        }
    }
    let other = account_of(PaperTerms { slippage_points_max: 10.0, seed: 2, ..terms() }, QuoteSide::Bid);
    let mut other = other;
    mark(&mut other, EUR, quote(T, 1.1000, 1.1001), None);
    assert_ne!(other.propose_open(&buy("0")), account.propose_open(&buy("0")), "the seed matters");
    open(&mut account, &buy("a"));
    let tight = Exit { deviation_points: 0.0, ..exit("1", 1) };
    assert_eq!(code(account.propose_close(&tight)), (10004, "requote"), "exits slip too");
}

#[test]
fn a_price_that_slips_below_zero_is_none() {
    let mut account = account_of(PaperTerms { slippage_points_max: 1e6, ..terms() }, QuoteSide::Bid);
    mark(&mut account, EUR, quote(T, 1e-4, 2e-4), None);
    let order = Opening { deviation_points: 1e9, ..sell("a") };
    assert_eq!(code(account.propose_open(&order)), (10015, "invalid_price"));
}

#[test]
fn terms_outside_their_meaning_are_refused() {
    for broken in [
        PaperTerms { deposit: 0.0, ..terms() },
        PaperTerms { deposit: f64::NAN, ..terms() },
        PaperTerms { leverage: 0.0, ..terms() },
        PaperTerms { leverage: f64::INFINITY, ..terms() },
        PaperTerms { slippage_points_max: -1.0, ..terms() },
    ] {
        assert!(PaperAccount::new(broken.clone()).is_err(), "{broken:?}");
    }
}
