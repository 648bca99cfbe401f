//! Stops and targets on ticks and bars, and the stop out.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::float_cmp, reason = "prices are passed through and money is whole hundredths: exact")]
#![allow(missing_docs, dead_code, reason = "support is shared with other tests and is not an interface")]

#[path = "support/paper.rs"]
mod paper;

use mt5_sentinel::trade::DealBy::{Order, StopLoss, StopOut, TakeProfit};
use mt5_sentinel::trade::{Deal, DealBy, Exit, Levels, Opening, PaperAccount, PaperTerms, QuoteSide, Side};
use paper::{EUR, JPY, T, account_of, bars, buy, close, exit, mark, open, quote, sell, terms, told};

const HOUR_S: i64 = 3_600;

/// A long with stop 1.0950 and target 1.1050, and a short with stop 1.1060 and target 1.0940, opened at `T` + 58.
fn both(shows: QuoteSide) -> PaperAccount {
    let mut account = account_of(terms(), shows);
    mark(&mut account, EUR, quote(T + 58, 1.1000, 1.1001), None);
    open(&mut account, &Opening { sl: Some(1.0950), tp: Some(1.1050), time_s: T + 58, ..buy("long") });
    open(&mut account, &Opening { sl: Some(1.1060), tp: Some(1.0940), time_s: T + 58, ..sell("short") });
    account
}

fn on_tick(bid: f64, ask: f64) -> Vec<(i64, DealBy, f64)> {
    told(&mark(&mut both(QuoteSide::Bid), EUR, quote(T + 60, bid, ask), None))
}

/// One bar of an hour, as bids; the quote after it is far from all levels and its spread is one pip.
fn on_bar(prices: [f64; 4]) -> Vec<(i64, DealBy, f64)> {
    let after = quote(T + 2 * HOUR_S, 1.1000, 1.1001);
    told(&mark(&mut both(QuoteSide::Bid), EUR, after, Some(&bars(&[(T + HOUR_S, prices)]))))
}

#[test]
fn a_tick_closes_at_its_own_price() {
    assert_eq!(on_tick(1.0951, 1.0952), [], "not reached");
    assert_eq!(on_tick(1.0950, 1.0951), [(1, StopLoss, 1.0950)], "reached");
    assert_eq!(on_tick(1.0930, 1.0941), [(1, StopLoss, 1.0930)], "gapped through, and worse than the level");
    assert_eq!(on_tick(1.0930, 1.0940), [(1, StopLoss, 1.0930), (2, TakeProfit, 1.0940)]);
    assert_eq!(on_tick(1.1049, 1.1059), []);
    assert_eq!(on_tick(1.1050, 1.1059), [(1, TakeProfit, 1.1050)], "the bid closes a long");
    assert_eq!(on_tick(1.1052, 1.1060), [(1, TakeProfit, 1.1052), (2, StopLoss, 1.1060)], "the ask closes a short");
}

#[test]
fn a_closing_by_stop_is_a_whole_fact() {
    let mut account = both(QuoteSide::Bid);
    let deals = mark(&mut account, EUR, quote(T + 60, 1.0940, 1.0941), None);
    let deal = &deals[0];
    assert_eq!((deal.seq, deal.ticket, deal.side, deal.lots, deal.magic), (3, 1, Side::Sell, 0.1, 7));
    assert_eq!((deal.profit, deal.time_s, deal.req_id.as_deref()), (-61.0, T + 60, None));
    assert_eq!((deal.sl, deal.tp), (Some(1.0950), Some(1.1050)));
    assert_eq!(account.account().balance, 9_939.0);
    assert_eq!(mark(&mut account, EUR, quote(T + 61, 1.0941, 1.0942), None), [], "closed is closed");
}

#[test]
fn a_bar_closes_at_the_level_it_reached() {
    assert_eq!(on_bar([1.1000, 1.1049, 1.0951, 1.1000]), [], "the short's side is a pip higher: 1.1050 and 1.0952");
    assert_eq!(on_bar([1.1000, 1.1049, 1.0945, 1.1000]), [(1, StopLoss, 1.0950)]);
    assert_eq!(on_bar([1.1000, 1.1050, 1.0951, 1.1000]), [(1, TakeProfit, 1.1050)]);
    assert_eq!(on_bar([1.1000, 1.1049, 1.0939, 1.1000]), [(1, StopLoss, 1.0950), (2, TakeProfit, 1.0940)]);
    assert_eq!(on_bar([1.1000, 1.1059, 1.0960, 1.1000]), [(1, TakeProfit, 1.1050), (2, StopLoss, 1.1060)]);
}

#[test]
fn within_one_bar_the_stop_comes_first() {
    assert_eq!(on_bar([1.1000, 1.1070, 1.0930, 1.1050]), [(1, StopLoss, 1.0950), (2, StopLoss, 1.1060)]);
}

#[test]
fn a_bar_that_opens_beyond_a_level_fills_at_its_open() {
    assert_eq!(on_bar([1.0900, 1.1070, 1.0890, 1.1000]), [(1, StopLoss, 1.0900), (2, TakeProfit, 1.0901)]);
    assert_eq!(on_bar([1.1080, 1.1090, 1.0900, 1.1000]), [(1, TakeProfit, 1.1080), (2, StopLoss, 1.1081)]);
}

#[test]
fn bars_may_show_any_side_of_the_market() {
    let after = quote(T + 2 * HOUR_S, 1.1000, 1.1002);
    let hits = |shows, low| {
        let bar = bars(&[(T + HOUR_S, [1.1000, 1.1000, low, 1.1000])]);
        told(&mark(&mut both(shows), EUR, after, Some(&bar)))
    };
    assert_eq!(hits(QuoteSide::Bid, 1.0951), []);
    assert_eq!(hits(QuoteSide::Bid, 1.0950), [(1, StopLoss, 1.0950)]);
    assert_eq!(hits(QuoteSide::Mid, 1.09512), []);
    assert_eq!(hits(QuoteSide::Mid, 1.09508), [(1, StopLoss, 1.0950)]);
    assert_eq!(hits(QuoteSide::Ask, 1.09521), []);
    assert_eq!(hits(QuoteSide::Ask, 1.09519), [(1, StopLoss, 1.0950)]);
    assert_eq!(hits(QuoteSide::Ask, 1.0941).len(), 1, "an ask of 1.0941 leaves the short's target");
    assert_eq!(hits(QuoteSide::Ask, 1.0940)[1], (2, TakeProfit, 1.0940));
}

#[test]
fn only_bars_count_that_opened_when_the_position_was_open() {
    let after = quote(T + 2 * HOUR_S, 1.1000, 1.1001);
    let deep = [1.1000, 1.1000, 1.0900, 1.1000];
    assert_eq!(told(&mark(&mut both(QuoteSide::Bid), EUR, after, Some(&bars(&[(T, deep)])))), [], "of unknown length");
    let hit = [(1, StopLoss, 1.0950), (2, TakeProfit, 1.0940)];
    assert_eq!(told(&mark(&mut both(QuoteSide::Bid), EUR, after, Some(&bars(&[(T + 58, deep)])))), hit);
    // Levels that were moved say nothing about the bar in which that happened.
    let mut account = both(QuoteSide::Bid);
    let levels = Levels { symbol: EUR, ticket: 1, sl: Some(1.0990), tp: None, time_s: T + HOUR_S + 60 };
    let moved = account.propose_levels(&levels).unwrap().unwrap();
    account.apply(&moved).unwrap();
    let rows = [(T + HOUR_S, [1.0995, 1.0996, 1.0980, 1.0995]), (T + 2 * HOUR_S, [1.0995, 1.0996, 1.0985, 1.0995])];
    assert_eq!(told(&mark(&mut account, EUR, after, Some(&bars(&rows[..1])))), []);
    let deals = mark(&mut account, EUR, after, Some(&bars(&rows)));
    assert_eq!(told(&deals), [(1, StopLoss, 1.0990)]);
    assert_eq!(deals[0].time_s, T + 2 * HOUR_S, "within that bar; its open is what is known");
}

/// The bar that opened at `T`, of a known length, for positions opened `late_s` after that.
fn on_begun_bar(late_s: i64, prices: [f64; 4]) -> Vec<Deal> {
    let mut account = account_of(terms(), QuoteSide::Bid);
    mark(&mut account, EUR, quote(T + late_s, 1.1000, 1.1001), None);
    let time_s = T + late_s;
    open(&mut account, &Opening { sl: Some(1.0950), tp: Some(1.1050), time_s, ..buy("long") });
    open(&mut account, &Opening { sl: Some(1.1060), tp: Some(1.0940), time_s, ..sell("short") });
    let rows = [(T - 2 * HOUR_S, [1.1; 4]), (T - HOUR_S, [1.1; 4]), (T, prices)];
    mark(&mut account, EUR, quote(T + HOUR_S, 1.1000, 1.1001), Some(&bars(&rows)))
}

#[test]
fn a_bar_counts_for_what_was_opened_within_its_first_twentieth() {
    let deep = [1.1000, 1.1000, 1.0900, 1.1000];
    let hit = [(1, StopLoss, 1.0950), (2, TakeProfit, 1.0940)];
    assert_eq!(told(&on_begun_bar(58, deep)), hit);
    assert_eq!(told(&on_begun_bar(180, deep)), hit, "5 % of an hour");
    assert_eq!(told(&on_begun_bar(181, deep)), [], "of the rest of the bar, the bar cannot tell");
    assert_eq!(on_begun_bar(58, deep).iter().map(|deal| deal.time_s).collect::<Vec<_>>(), [T + 58; 2]);
    let both_ends = [1.1000, 1.1070, 1.0900, 1.1000];
    assert_eq!(told(&on_begun_bar(58, both_ends)), [(1, StopLoss, 1.0950), (2, StopLoss, 1.1060)], "the stop first");
}

#[test]
fn what_was_before_an_opening_brings_no_profit() {
    // The bar opened beyond the long's target and the short's stop, and the price fell to where both were opened.
    assert_eq!(told(&on_begun_bar(58, [1.1080, 1.1080, 1.0990, 1.1000])), [(2, StopLoss, 1.1060)], "at the level");
    assert_eq!(told(&on_begun_bar(58, [1.0920, 1.1010, 1.0920, 1.1000])), [(1, StopLoss, 1.0950)]);
}

#[test]
fn each_bar_counts_once() {
    let mut account = both(QuoteSide::Bid);
    let after = quote(T + 3 * HOUR_S, 1.1000, 1.1001);
    let calm = [1.1000, 1.1010, 1.0990, 1.1000];
    let rows = [(T + HOUR_S, calm), (T + 2 * HOUR_S, calm)];
    assert_eq!(mark(&mut account, EUR, after, Some(&bars(&rows))), []);
    assert_eq!(account.executed_s(EUR), Some(T + 2 * HOUR_S));
    let revised = rows.map(|(time, _)| (time, [1.1000, 1.1000, 1.0900, 1.1000]));
    assert_eq!(mark(&mut account, EUR, after, Some(&bars(&revised))), [], "they were executed before");
    assert_eq!(mark(&mut account, EUR, after, Some(&bars(&revised[..1]))), []);
    assert_eq!(account.executed_s(EUR), Some(T + 2 * HOUR_S), "never back");
    let next = [(T + 3 * HOUR_S, [1.1000, 1.1000, 1.0945, 1.1000])];
    assert_eq!(told(&mark(&mut account, EUR, after, Some(&bars(&next)))), [(1, StopLoss, 1.0950)]);
}

#[test]
fn bars_are_executed_in_their_order() {
    let rows = [
        (T + HOUR_S, [1.1000, 1.1049, 1.0990, 1.1040]),
        (T + 2 * HOUR_S, [1.1040, 1.1052, 1.1030, 1.1050]),
        (T + 3 * HOUR_S, [1.1050, 1.1050, 1.0900, 1.0910]),
    ];
    let deals = mark(&mut both(QuoteSide::Bid), EUR, quote(T + 4 * HOUR_S, 1.0910, 1.0911), Some(&bars(&rows)));
    assert_eq!(told(&deals), [(1, TakeProfit, 1.1050), (2, TakeProfit, 1.0940)]);
    assert_eq!(deals.iter().map(|deal| deal.seq).collect::<Vec<_>>(), [3, 4]);
}

#[test]
fn marks_of_another_symbol_touch_nothing() {
    let mut account = both(QuoteSide::Bid);
    let before = account.positions();
    assert_eq!(mark(&mut account, JPY, quote(T + 60, 0.5, 0.6), Some(&bars(&[(T + HOUR_S, [0.5; 4])]))), []);
    assert_eq!(account.positions(), before);
}

#[test]
fn prices_that_are_none_are_refused() {
    let account = both(QuoteSide::Bid);
    for (bid, ask) in [(0.0, 1.0), (-1.0, 1.0), (f64::NAN, 1.0), (1.0, f64::NAN), (1.1, 1.0), (1.0, f64::INFINITY)] {
        assert!(account.propose_mark(EUR, quote(T, bid, ask), None).is_err(), "{bid} {ask}");
    }
}

/// 3,000 USD at a leverage of 30: 0.5 lots long and 0.2 short at 1.2 bind 2,000 + 800 USD.
fn stretched() -> PaperAccount {
    let mut account = account_of(PaperTerms { deposit: 3_000.0, ..terms() }, QuoteSide::Bid);
    mark(&mut account, EUR, quote(T, 1.2, 1.2), None);
    open(&mut account, &Opening { lots: 0.5, ..buy("long") });
    open(&mut account, &Opening { lots: 0.2, ..sell("short") });
    account
}

#[test]
fn the_position_with_the_greatest_loss_goes_when_the_equity_is_below_half_of_the_margin() {
    // Each point costs 0.30 USD net; 1,400 USD, half of 2,800, is reached after 5,333.3 points.
    let mut account = stretched();
    assert_eq!(mark(&mut account, EUR, quote(T + 1, 1.14667, 1.14667), None), [], "1,400.10 are left");
    let deals = mark(&mut account, EUR, quote(T + 2, 1.14666, 1.14666), None);
    assert_eq!(told(&deals), [(1, StopOut, 1.14666)], "1,399.80 are left; the short wins and stays");
    assert_eq!(account.account().balance, 333.0);
    assert_eq!(account.positions().len(), 1);
}

#[test]
fn a_stop_out_goes_on_until_the_rest_is_carried() {
    let mut account = stretched();
    close(&mut account, &Exit { side: Side::Buy, lots: 0.2, ..exit("x", 2) });
    open(&mut account, &Opening { lots: 0.1, ..buy("b") });
    open(&mut account, &Opening { lots: 0.1, ..buy("c") });
    // 0.7 lots lose 0.70 USD a point; after 4,000 points 200 USD of equity are left, and 1 lot in 10 binds 400.
    let deals = mark(&mut account, EUR, quote(T + 1, 1.16, 1.16), None);
    assert_eq!(told(&deals), [(1, StopOut, 1.16), (4, StopOut, 1.16)], "of equal losses the older ticket goes");
    assert_eq!(account.account().equity, 200.0, "200 are half of the 400 that the last one binds");
    let deals = mark(&mut account, EUR, quote(T + 2, 1.15999, 1.15999), None);
    assert_eq!(told(&deals), [(5, StopOut, 1.15999)]);
}

#[test]
fn a_stop_comes_before_a_stop_out() {
    let mut account = account_of(PaperTerms { deposit: 3_000.0, ..terms() }, QuoteSide::Bid);
    mark(&mut account, EUR, quote(T, 1.2, 1.2), None);
    open(&mut account, &Opening { lots: 0.5, sl: Some(1.16), ..buy("long") });
    assert_eq!(told(&mark(&mut account, EUR, quote(T + 1, 1.15, 1.15), None)), [(1, StopLoss, 1.15)]);
    assert_eq!(account.account().balance, 500.0);
}

#[test]
fn a_position_without_a_known_price_is_not_stopped_out() {
    let mut account = stretched();
    let mut again = account_of(PaperTerms { deposit: 3_000.0, ..terms() }, QuoteSide::Bid);
    let deal = open(&mut account, &Opening { lots: 0.01, ..buy("x") });
    assert_eq!(deal.by, Order);
    again.apply(&mt5_sentinel::trade::Deal { seq: 1, ticket: 1, margin: 1e6, ..deal }).unwrap();
    assert_eq!(mark(&mut again, JPY, quote(T, 150.0, 150.0), None), []);
    assert_eq!(told(&mark(&mut again, EUR, quote(T, 1.2, 1.2), None)), [(1, StopOut, 1.2)]);
}

#[test]
fn a_recalled_price_values_and_fills_nothing() {
    let mut account = stretched();
    account.recall(EUR, quote(T, 1.14, 1.14)).unwrap();
    assert_eq!(account.account().equity, 1_200.0, "3,000 less 0.30 USD for each of 6,000 points");
    assert_eq!(account.propose_close(&Exit { lots: 0.5, ..exit("x", 1) }).unwrap_err().reason, "no_price");
    assert_eq!(mark(&mut account, JPY, quote(T, 150.0, 150.0), None), [], "not stopped out at a price of then");
    assert_eq!(told(&mark(&mut account, EUR, quote(T + 1, 1.14, 1.14), None)), [(1, StopOut, 1.14)]);
    assert!(account.recall(EUR, quote(T, f64::NAN, 1.0)).is_err());
}
