//! What holds for a paper account whatever is done to it: random orders and prices, and their sums.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::float_cmp, reason = "the same bits are what is promised")]
#![allow(missing_docs, dead_code, reason = "support is shared with other tests and is not an interface")]

#[path = "support/paper.rs"]
mod paper;

use mt5_sentinel::Error;
use mt5_sentinel::bars::Bars;
use mt5_sentinel::trade::{
    Deal, DealBy, Entry, Exit, Levels, Opening, PaperAccount, PaperTerms, Quote, QuoteSide, Side,
};
use paper::{EUR, JPY, T, account, account_of, bars, buy, mark, open, quote, terms};

/// Numbers that look random and repeat.
struct Draws(u64);

impl Draws {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    /// A price of a symbol in whole points around where it starts.
    fn price(&mut self, symbol: &str) -> f64 {
        let points = self.below(4_000) as f64;
        if symbol == EUR { (108_000.0 + points) / 1e5 } else { (148_000.0 + points) / 1e3 }
    }

    fn symbol(&mut self) -> &'static str {
        if self.below(2) == 0 { EUR } else { JPY }
    }
}

fn point(symbol: &str) -> f64 {
    if symbol == EUR { 1e-5 } else { 1e-3 }
}

/// Terms under which margin is short now and then.
fn tight() -> PaperTerms {
    PaperTerms { deposit: 5_000.0, leverage: 200.0, seed: 3, slippage_points_max: 5.0, ..terms() }
}

fn one_bar(time_s: i64, symbol: &str, draws: &mut Draws) -> Bars {
    let [a, b, c, d] = std::array::from_fn(|_| draws.price(symbol));
    let (high, low) = ([a, b, c, d].into_iter().fold(a, f64::max), [a, b, c, d].into_iter().fold(a, f64::min));
    bars(&[(time_s, [a, high, low, d])])
}

/// One random order or price; the deals it made.
fn step(account: &mut PaperAccount, draws: &mut Draws, i: i64) -> Vec<Deal> {
    let (symbol, time_s) = (draws.symbol(), T + 60 * i);
    let id = format!("order-{i}");
    let held: Vec<_> = account.positions();
    let picked = (!held.is_empty()).then(|| held[usize::try_from(draws.below(held.len() as u64)).unwrap()].clone());
    let far = (50 + draws.below(900)) as f64 * point(symbol);
    let (kind, price) = (draws.below(10), draws.price(symbol));
    let deal = match (kind, picked) {
        (0..=2, _) => {
            let side = if draws.below(2) == 0 { Side::Buy } else { Side::Sell };
            let (sl, tp) = (price - side.sign() * far, price + side.sign() * far);
            let lots = (1 + draws.below(60)) as f64 / 100.0;
            let stops = draws.below(2) == 0;
            let order =
                Opening { symbol, side, lots, sl: stops.then_some(sl), tp: stops.then_some(tp), time_s, ..buy(&id) };
            account.propose_open(&order).ok()
        }
        (3, Some(one)) => {
            let lots = (1 + draws.below(20)) as f64 / 100.0;
            let side = one.side.opposite();
            let order = Exit {
                req_id: &id,
                symbol: &one.symbol,
                ticket: one.ticket,
                side,
                lots,
                deviation_points: 9.0,
                time_s,
            };
            account.propose_close(&order).ok()
        }
        (4, Some(one)) => {
            let levels = Levels { symbol: &one.symbol, ticket: one.ticket, sl: Some(price), tp: None, time_s };
            account.propose_levels(&levels).ok().flatten()
        }
        _ => {
            let now = quote(time_s, price, price + 10.0 * point(symbol));
            let bar = (kind == 9).then(|| one_bar(time_s - 60, symbol, draws));
            return mark(account, symbol, now, bar.as_ref());
        }
    };
    deal.into_iter().inspect(|deal| account.apply(deal).unwrap()).collect()
}

fn cents(amount: f64) -> i64 {
    #[allow(clippy::cast_possible_truncation, reason = "a test's amounts are small")]
    let cents = (amount * 100.0).round() as i64;
    cents
}

#[test]
fn whatever_happens_money_adds_up() {
    let mut seen = std::collections::BTreeMap::new();
    for seed in 0..40 {
        let (mut account, mut draws) = (account_of(tight(), QuoteSide::Bid), Draws(seed));
        let (mut deals, mut lots): (Vec<Deal>, std::collections::BTreeMap<i64, i64>) = Default::default();
        for i in 0..400 {
            let made = step(&mut account, &mut draws, i);
            for deal in &made {
                *seen.entry((deal.entry.name(), deal.by.name())).or_insert(0) += 1;
                let sign = match deal.entry {
                    Entry::In => 1,
                    Entry::Out => -1,
                    Entry::Levels => 0,
                };
                *lots.entry(deal.ticket).or_insert(0) += sign * cents(deal.lots);
            }
            deals.extend(made);
            let now = account.account();
            let positions = account.positions();
            // To the bit: sums of whole hundredths.
            let realised: i64 = deals.iter().map(|deal| cents(deal.profit)).sum();
            assert_eq!(now.balance, (500_000 + realised) as f64 / 100.0);
            let open: i64 = positions.iter().map(|position| cents(position.profit)).sum();
            assert_eq!(now.equity, (500_000 + realised + open) as f64 / 100.0);
            assert!(positions.iter().all(|position| position.lots > 0.0));
            let held: Vec<_> = positions.iter().map(|position| (position.ticket, cents(position.lots))).collect();
            let kept: Vec<_> =
                lots.iter().filter(|(_, lots)| **lots != 0).map(|(ticket, lots)| (*ticket, *lots)).collect();
            assert_eq!(held, kept, "what was opened and not closed is open");
        }
        assert_eq!(
            deals.iter().map(|deal| deal.seq).collect::<Vec<_>>(),
            (1..=i64::try_from(deals.len()).unwrap()).collect::<Vec<_>>()
        );
        same_again(&deals, &account);
    }
    let ways = [
        ("in", "order"),
        ("out", "order"),
        ("levels", "order"),
        ("out", "stop_loss"),
        ("out", "take_profit"),
        ("out", "stop_out"),
    ];
    for way in ways {
        assert!(seen.get(&way).copied().unwrap_or(0) > 20, "{way:?} hardly happened: {seen:?}");
    }
}

/// Applying the deals gives the account back, prices apart.
fn same_again(deals: &[Deal], account: &PaperAccount) {
    let mut again = account_of(tight(), QuoteSide::Bid);
    for deal in deals {
        again.apply(deal).unwrap();
    }
    assert_eq!(again.account().balance, account.account().balance);
    for symbol in [EUR, JPY] {
        for account in [&mut again, &mut account.clone()] {
            account.note(symbol, quote(T, 1.0, 1.0), None);
        }
    }
    let mut live = account.clone();
    for symbol in [EUR, JPY] {
        live.note(symbol, quote(T, 1.0, 1.0), None);
    }
    assert_eq!(again.positions(), live.positions());
    assert_eq!(again.account(), live.account());
}

#[test]
fn the_same_inputs_and_seed_give_the_same_bits() {
    let run = |seed| {
        let (mut account, mut draws) = (account_of(PaperTerms { seed, ..tight() }, QuoteSide::Bid), Draws(11));
        (0..300).flat_map(|i| step(&mut account, &mut draws, i)).map(|deal| format!("{deal:?}")).collect::<Vec<_>>()
    };
    assert_eq!(run(3), run(3));
    assert_ne!(run(3), run(4));
}

#[test]
fn the_order_of_unrelated_symbols_marks_does_not_matter() {
    let rich = PaperTerms { deposit: 1e9, ..tight() };
    for seed in 0..40 {
        let (mut account, mut draws) = (account_of(rich.clone(), QuoteSide::Bid), Draws(1_000 + seed));
        for i in 0..200 {
            step(&mut account, &mut draws, i);
        }
        let [euro, yen] = [EUR, JPY].map(|symbol| {
            let price = draws.price(symbol);
            (symbol, quote(T + 99_999, price, price + 20.0 * point(symbol)), one_bar(T + 80_000, symbol, &mut draws))
        });
        let after = |first: &(&str, Quote, Bars), second: &(&str, Quote, Bars)| {
            let mut account = account.clone();
            let mut deals = mark(&mut account, first.0, first.1, Some(&first.2));
            deals.extend(mark(&mut account, second.0, second.1, Some(&second.2)));
            let mut facts: Vec<_> = deals.iter().map(|deal| format!("{:?}", Deal { seq: 0, ..deal.clone() })).collect();
            facts.sort();
            (account.account(), account.positions(), facts)
        };
        assert_eq!(after(&euro, &yen), after(&yen, &euro));
    }
}

#[test]
fn what_is_proposed_has_not_happened() {
    let mut account = account();
    mark(&mut account, EUR, quote(T, 1.1, 1.1001), None);
    open(&mut account, &Opening { sl: Some(1.09), ..buy("a") });
    let before = account.clone();
    account.propose_open(&buy("b")).unwrap();
    account.propose_close(&paper::exit("c", 1)).unwrap();
    account.propose_levels(&Levels { symbol: EUR, ticket: 1, sl: None, tp: None, time_s: T }).unwrap().unwrap();
    assert_eq!(account.propose_mark(EUR, quote(T + 60, 1.0, 1.0), None).unwrap().len(), 1);
    assert_eq!(account, before);
}

#[test]
fn deals_that_do_not_follow_are_refused_and_change_nothing() {
    let mut account = account();
    mark(&mut account, EUR, quote(T, 1.1, 1.1001), None);
    let first = open(&mut account, &buy("a"));
    let out = account.propose_close(&paper::exit("b", 1)).unwrap();
    let before = account.clone();
    let broken = [
        first.clone(),
        Deal { seq: 3, ..out.clone() },
        Deal { seq: 1, ..out.clone() },
        Deal { ticket: 2, ..out.clone() },
        Deal { side: Side::Buy, ..out.clone() },
        Deal { symbol: JPY.into(), ..out.clone() },
        Deal { lots: 0.11, ..out.clone() },
        Deal { lots: 0.0, ..out.clone() },
        Deal { lots: f64::NAN, ..out.clone() },
        Deal { price: 0.0, ..out.clone() },
        Deal { profit: f64::INFINITY, ..out.clone() },
        Deal { margin: -1.0, ..out.clone() },
        Deal { seq: 2, ticket: 1, ..first.clone() },
        Deal { entry: Entry::Levels, ..out.clone() },
    ];
    for deal in broken {
        let told = account.apply(&deal);
        assert!(matches!(told, Err(Error::BadFill { .. })), "{deal:?}");
        assert_eq!(account, before);
    }
    account.apply(&out).unwrap();
}

#[test]
fn words_of_deals_are_read_back() {
    for entry in [Entry::In, Entry::Out, Entry::Levels] {
        assert_eq!(Entry::named(entry.name()), Some(entry));
    }
    for by in [DealBy::Order, DealBy::StopLoss, DealBy::TakeProfit, DealBy::StopOut] {
        assert_eq!(DealBy::named(by.name()), Some(by));
    }
    assert_eq!((Entry::named("IN"), DealBy::named("")), (None, None));
}
