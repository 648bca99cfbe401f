//! A recording played as if it were now: every price is a function of the moment.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::float_cmp, reason = "recorded prices are passed through")]
#![allow(missing_docs, dead_code, reason = "support is shared with other tests and is not an interface")]

#[path = "support/paper.rs"]
mod paper;

use mt5_sentinel::bars::Bars;
use mt5_sentinel::trade::{Quote, QuoteSide, Recording, SymbolFacts};
use paper::{EUR, T, bars};

const HOUR_S: i64 = 3_600;

/// Two bars with a hole of a weekend between them: low first, then high first.
fn recorded() -> Bars {
    bars(&[(0, [1.1000, 1.1060, 1.0980, 1.1040]), (50 * HOUR_S, [1.1040, 1.1050, 1.0970, 1.1000])])
}

fn playing(start_s: i64) -> Recording {
    let facts = SymbolFacts::currency_pair(EUR, "USD").unwrap();
    Recording::new(recorded(), HOUR_S, start_s, &facts, QuoteSide::Bid, 10.0).unwrap()
}

fn bids(quotes: &[Quote]) -> Vec<f64> {
    quotes.iter().map(|quote| quote.bid).collect()
}

#[test]
fn a_bar_is_walked_to_its_nearer_extreme_first() {
    let walk = bids(&playing(T).quotes(T - 1, T + HOUR_S - 1, 100).unwrap());
    assert_eq!(walk.len(), 60);
    assert_eq!([walk[0], walk[20], walk[40], walk[59]], [1.1000, 1.0980, 1.1060, 1.1040]);
    assert_eq!([walk[10], walk[30], walk[50]], [1.0990, 1.1020, 1.10495], "straight, in whole points");
    assert!(walk.iter().all(|bid| (1.0980..=1.1060).contains(bid)));
    let walk = bids(&playing(T).quotes(T + HOUR_S - 1, T + 2 * HOUR_S - 1, 100).unwrap());
    assert_eq!([walk[0], walk[20], walk[40], walk[59]], [1.1040, 1.1050, 1.0970, 1.1000]);
}

#[test]
fn bars_follow_each_other_without_the_recordings_holes_and_begin_anew() {
    let playing = playing(T + 59);
    for (hours, bid) in [(0, 1.1000), (1, 1.1040), (2, 1.1000), (3, 1.1040), (1_000_000, 1.1000), (-1, 1.1040)] {
        assert_eq!(playing.quote(T + hours * HOUR_S).unwrap().bid, bid, "{hours}");
    }
}

#[test]
fn a_tick_is_told_until_the_next_one() {
    let playing = playing(T);
    let quote = playing.quote(T + 60).unwrap();
    assert_eq!((quote.time_s, quote.ask - quote.bid > 0.99e-4), (T + 60, true));
    assert_eq!(playing.quote(T + 119).unwrap(), quote);
    assert_ne!(playing.quote(T + 120).unwrap(), quote);
    assert_eq!(playing.quote(T + 59).unwrap().time_s, T);
}

#[test]
fn ticks_of_a_stretch_are_those_after_it_began_up_to_its_end() {
    let times = |after_s, until_s, count| {
        let quotes = playing(T).quotes(after_s, until_s, count).unwrap();
        quotes.iter().map(|quote| quote.time_s - T).collect::<Vec<_>>()
    };
    assert_eq!(times(T, T + 180, 9), [60, 120, 180]);
    assert_eq!(times(T - 1, T + 179, 9), [0, 60, 120]);
    assert_eq!(times(T, T + 1_000, 2), [60, 120]);
    assert_eq!(times(T + 60, T + 60, 9), Vec::<i64>::new());
    assert_eq!(times(T + 60, T, 9), Vec::<i64>::new());
}

#[test]
fn of_the_bar_that_forms_only_the_ticks_so_far_are_told() {
    let playing = playing(T);
    let told = playing.bars_at(T + HOUR_S + 20 * 60 + 5, 0, 3);
    let rows: Vec<_> = told
        .iter()
        .map(|one| {
            ((one.bar.time - T) / HOUR_S, one.bar.open, one.bar.high, one.bar.low, one.bar.close, one.bar.volume)
        })
        .collect();
    let closed = (0, 1.1000, 1.1060, 1.0980, 1.1040, 60.0);
    let forming = (1, 1.1040, 1.1050, 1.1040, 1.1050, 21.0);
    assert_eq!(rows, [(-1, 1.1040, 1.1050, 1.0970, 1.1000, 60.0), closed, forming]);
    assert_eq!(told[0].spread_points, 10);
    let just_opened = playing.bars_at(T, 0, 1)[0].bar;
    assert_eq!((just_opened.open, just_opened.high, just_opened.low, just_opened.close), (1.1, 1.1, 1.1, 1.1));
    let earlier = playing.bars_at(T + HOUR_S, 1, 1);
    assert_eq!((earlier.len(), earlier[0].bar.time), (1, T));
}

#[test]
fn a_bar_is_what_its_ticks_were() {
    let playing = playing(T);
    for hour in 0..4 {
        let open_s = T + hour * HOUR_S;
        let walk = bids(&playing.quotes(open_s - 1, open_s + HOUR_S - 1, 99).unwrap());
        let bar = playing.bars_at(open_s + HOUR_S, 1, 1)[0].bar;
        let (low, high) = (walk.iter().copied().fold(9.0, f64::min), walk.iter().copied().fold(0.0, f64::max));
        assert_eq!((walk[0], high, low, walk[59]), (bar.open, bar.high, bar.low, bar.close));
    }
}

#[test]
fn what_cannot_be_played_is_refused() {
    let facts = SymbolFacts::currency_pair(EUR, "USD").unwrap();
    let with = |bars, interval_s, shows, spread| Recording::new(bars, interval_s, T, &facts, shows, spread);
    assert!(with(recorded(), HOUR_S, QuoteSide::Ask, 10.0).is_ok());
    assert!(with(Bars::default(), HOUR_S, QuoteSide::Bid, 10.0).is_err());
    for interval_s in [0, -60, 90, 1] {
        assert!(with(recorded(), interval_s, QuoteSide::Bid, 10.0).is_err(), "{interval_s}");
    }
    for (shows, spread) in [(QuoteSide::Bid, -1.0), (QuoteSide::Bid, f64::NAN), (QuoteSide::Ask, 110_000.0)] {
        assert!(with(recorded(), HOUR_S, shows, spread).is_err(), "{spread}");
    }
}
