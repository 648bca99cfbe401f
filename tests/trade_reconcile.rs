//! The broker's book against the journal: every difference is found, and each has its written rule.

#![allow(clippy::unwrap_used, missing_docs, reason = "a test may stop at the first surprise and is no interface")]

use mt5_sentinel::trade::{
    Account, Book, ClosedPart, Kept, Kind, Position, Rule, Side, account_for, check_execution, lots_left, reconcile,
};

const MAGIC: i64 = 7;

fn kept() -> Kept {
    Kept { ticket: 1, side: Side::Buy, lots: 0.3, price: 1.1, sl: Some(1.09), tp: Some(1.12) }
}

fn held() -> Position {
    Position {
        ticket: 1,
        symbol: "EURUSD".into(),
        side: Side::Buy,
        lots: 0.3,
        price: 1.1,
        sl: Some(1.09),
        tp: Some(1.12),
        opened_s: 0,
        magic: MAGIC,
        profit: 0.0,
        req_id: None,
    }
}

fn found(kept: &[Kept], positions: Vec<Position>) -> Vec<(Kind, i64)> {
    let book = Book { account: Account::default(), positions, halted: false };
    reconcile(kept, &book, "EURUSD", MAGIC, 1e-5).iter().map(|one| (one.kind, one.ticket)).collect()
}

#[test]
fn an_agreeing_book_differs_in_nothing() {
    assert_eq!(found(&[kept()], vec![held()]), []);
    let rounded = Position { lots: 0.1 + 0.2, price: 1.100_000_4, ..held() };
    assert_eq!(found(&[kept()], vec![rounded]), [], "sums and prices differ in their last bits only");
    assert_eq!(found(&[], vec![Position { symbol: "GBPUSD".into(), ..held() }]), [], "other symbols have other desks");
}

#[test]
fn every_kind_of_difference_is_told() {
    let cases = [
        (Position { lots: 0.2, ..held() }, Kind::Reduced),
        (Position { lots: 0.4, ..held() }, Kind::Grown),
        (Position { side: Side::Sell, ..held() }, Kind::Turned),
        (Position { price: 1.100_02, ..held() }, Kind::PriceDrift),
        (Position { sl: Some(1.095), ..held() }, Kind::StopsMoved),
        (Position { tp: None, ..held() }, Kind::StopsMoved),
        (Position { sl: None, ..held() }, Kind::Naked),
    ];
    for (position, kind) in cases {
        assert_eq!(found(&[kept()], vec![position.clone()]), [(kind, 1)], "{position:?}");
    }
    assert_eq!(found(&[kept()], vec![]), [(Kind::Missing, 1)]);
    assert_eq!(found(&[], vec![held()]), [(Kind::Unexpected, 1)]);
    assert_eq!(found(&[], vec![Position { magic: 0, ..held() }]), [(Kind::Foreign, 1)], "a person's");
    let both = vec![Position { ticket: 9, magic: 8, ..held() }, Position { lots: 0.1, sl: None, ..held() }];
    assert_eq!(found(&[kept()], both), [(Kind::Reduced, 1), (Kind::Naked, 1), (Kind::Foreign, 9)]);
}

#[test]
fn a_rule_is_written_for_each() {
    let rules = [
        (Kind::Missing, Rule::Account),
        (Kind::Reduced, Rule::Account),
        (Kind::Grown, Rule::Freeze),
        (Kind::Turned, Rule::Freeze),
        (Kind::Unexpected, Rule::Adopt),
        (Kind::Foreign, Rule::Report),
        (Kind::PriceDrift, Rule::Adopt),
        (Kind::StopsMoved, Rule::Adopt),
        (Kind::Naked, Rule::Protect),
    ];
    for (kind, rule) in rules {
        assert_eq!(kind.rule(), rule, "{kind:?}");
    }
}

#[test]
fn volume_that_is_gone_must_be_accounted_for() {
    let part = |lots, price, profit, time_s| ClosedPart { time_s, price, lots, profit };
    assert_eq!(account_for(0.3, 0.0, &[]), None);
    assert_eq!(account_for(0.3, 0.0, &[part(0.2, 1.11, 20.0, 5.0)]), None, "a third is nowhere");
    let sums = account_for(0.3, 0.0, &[part(0.2, 1.11, 20.0, 5.0), part(0.1, 1.14, 40.0, 9.0)]).unwrap();
    assert!((sums.profit - 60.0).abs() < 1e-12 && (sums.price - 1.12).abs() < 1e-12);
    assert!((sums.closed_s - 9.0).abs() < 1e-12);
    assert!(account_for(0.3, 0.1, &[part(0.2, 1.11, 20.0, 5.0)]).is_some(), "the rest is still open");
}

#[test]
fn what_is_left_has_no_dust() {
    assert!(lots_left(0.3, 0.1 + 0.2).abs() < f64::MIN_POSITIVE);
    assert!((lots_left(0.3, 0.1) - 0.2).abs() < f64::EPSILON);
    assert!(lots_left(0.1, 0.5).abs() < f64::MIN_POSITIVE, "never negative");
}

#[test]
fn an_execution_that_cannot_be_is_refused() {
    assert!(check_execution(1.1, 0.3, Some(0.1 + 0.2)).is_ok());
    for (price, lots, asked) in [
        (0.0, 0.1, Some(0.1)),
        (f64::NAN, 0.1, Some(0.1)),
        (1.1, 0.0, Some(0.1)),
        (1.1, f64::INFINITY, None),
        (1.1, 0.2, Some(0.1)),
        (1.1, -0.1, None),
    ] {
        assert!(check_execution(price, lots, asked).is_err(), "{price} {lots} {asked:?}");
    }
}

#[test]
fn a_side_is_full_when_it_has_as_many_positions_as_allowed() {
    let book = Book { positions: vec![held(), Position { ticket: 2, magic: 0, ..held() }], ..Book::default() };
    assert_eq!(book.full_side("EURUSD", MAGIC, 1), Some(Side::Buy));
    assert_eq!(book.full_side("EURUSD", MAGIC, 2), None, "the other position is a person's");
    assert_eq!(book.full_side("GBPUSD", MAGIC, 1), None);
    let short = Position { ticket: 3, side: Side::Sell, ..held() };
    let both = Book { positions: vec![held(), short], ..Book::default() };
    assert_eq!(both.full_side("EURUSD", MAGIC, 1), None, "a signal closes the one on the other side");
}
