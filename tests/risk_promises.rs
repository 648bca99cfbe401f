//! What holds for every desk, however wild: exits always go, and no approved entry crosses a limit.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(missing_docs, dead_code, reason = "support is shared with other tests and is not an interface")]

#[path = "support/dice.rs"]
mod dice;
#[path = "support/risk_desk.rs"]
mod risk_desk;

use dice::Dice;
use mt5_sentinel::bars::{Calendar, Session};
use mt5_sentinel::trade::risk::{Entry, Exit, Purpose, Sizing, Switch, due_exits};
use mt5_sentinel::trade::{BrokerFacts, Position, Side, SymbolFacts};
use risk_desk::{DAY_S, Desk, HOUR_S, MAGIC, NOW_S, pair, pending, position};

const DESKS: u64 = 12_000;

const SYMBOLS: [&str; 5] = ["EURUSD", "GBPUSD", "USDJPY", "EURGBP", "GER40"];

fn wild(seed: u64) -> Desk {
    let mut dice = Dice(seed);
    let mut desk = Desk::quiet();
    set(&mut desk, &mut dice);
    for symbol in SYMBOLS {
        desk.facts.insert(symbol.into(), facts(&mut dice));
    }
    if dice.rarely() {
        desk.facts.remove(dice.of(&SYMBOLS));
    }
    for ticket in 0..dice.of(&[0, 0, 1, 2, 5]) {
        let (side, lots) = (dice.of(&[Side::Buy, Side::Sell]), dice.of(&[0.01, 0.02, 0.05, 0.3]));
        let magic = dice.of(&[MAGIC, MAGIC, 0, 7]);
        let lots = if dice.rarely() { f64::NAN } else { lots };
        desk.book.positions.push(position(ticket + 1, dice.of(&SYMBOLS), side, lots, magic));
    }
    for order in 0..dice.of(&[0, 0, 0, 1, 3]) {
        let sl = dice.of(&[Some(1.0), Some(1.2), None]);
        desk.pending.push(pending(&order.to_string(), dice.of(&SYMBOLS), dice.of(&[0.01, 0.1]), sl, None));
        desk.pending.last_mut().unwrap().ticket = dice.of(&[None, None, Some(1)]);
    }
    moment(&mut desk, &mut dice);
    desk
}

fn set(desk: &mut Desk, dice: &mut Dice) {
    let set = &mut desk.set;
    set.sizing = dice.of(&[Sizing::Fixed, Sizing::Risk]);
    (set.volume_lots, set.volume_lots_max) = dice.of(&[(0.01, 0.01), (0.03, 0.1), (0.29, 0.29), (0.07, 5.0)]);
    set.risk_per_trade = dice.of(&[0.005, 0.01, 0.1]);
    set.stop_pips = dice.of(&[0.5, 3.0, 30.0, 333.3]);
    set.target_pips = dice.of(&[0.0, 0.1, 45.0]);
    set.positions_symbol_max = dice.of(&[1, 2, 3]);
    set.positions_max = dice.of(&[3, 4, 6]);
    set.exposure_symbol_max = dice.of(&[1_200.0, 6_000.0, 25_000.0]);
    set.exposure_group_max = dice.of(&[25_000.0, 30_000.0]);
    set.exposure_total_max = dice.of(&[30_000.0, 50_000.0]);
    set.exposure_groups = dice.of(&[&[][..], &["EURUSD+GBPUSD", "GER40+EURGBP"]]).iter().map(|&g| g.into()).collect();
    set.trading_hours = dice.of(&[&[][..], &["Mon-Fri 08:00-18:00"]]).iter().map(|&window| window.into()).collect();
}

fn facts(dice: &mut Dice) -> SymbolFacts {
    if dice.roll().is_multiple_of(2) {
        return pair("EURUSD");
    }
    let volume_step = dice.of(&[0.01, 0.02, 0.05, 0.1]);
    let told = BrokerFacts {
        point: 1e-5,
        tick_size: dice.of(&[1e-5, 5e-5, 1e-4]),
        tick_value: dice.of(&[0.7, 1.0, 5.0]),
        contract_size: 100_000.0,
        volume_min: volume_step,
        volume_step,
        volume_max: dice.of(&[0.08, 1.0, 50.0]),
        stops_level_points: dice.of(&[0.0, 50.0, 400.0]),
    };
    SymbolFacts::from_broker(told, "USD").unwrap()
}

fn moment(desk: &mut Desk, dice: &mut Dice) {
    desk.symbol = dice.of(&SYMBOLS).into();
    let equity = dice.of(&[10_000.0, 10_000.0, 10_000.0, 10_000.0, 10_000.0, 9_930.0, 9_920.0, 9_900.0, 9_500.0, 1.0]);
    desk.book.account.equity = if dice.rarely() { dice.of(&[f64::NAN, -5.0, f64::INFINITY]) } else { equity };
    desk.marks = dice.of(&[(10_000.0, 10_000.0), (10_000.0, 10_000.0), (9_900.0, 10_300.0), (equity, equity + 499.0)]);
    desk.quote.bid = dice.of(&[1.1, 1.25]);
    desk.quote.ask = desk.quote.bid + dice.of(&[0.0, 0.0001, 0.0001, 0.0003, 0.0005]);
    if dice.rarely() {
        desk.quote.ask = dice.of(&[f64::NAN, 0.0, -1.0, f64::INFINITY]);
    }
    desk.now_s = NOW_S + dice.of(&[0, 0, 0, 0, 0, 0, 8 * HOUR_S, 2 * DAY_S + 9 * HOUR_S + 2_400, 3 * DAY_S]);
    desk.bar_open_s = desk.now_s - HOUR_S - dice.of(&[58, 58, 58, 1_200, 1_201]);
    let ago_s = dice.of(&[10, 59, 60, 7_200]);
    desk.openings_s = vec![desk.now_s - ago_s; dice.of(&[0, 0, 3, 3, 4, 40])];
    desk.closed = vec![(desk.now_s - dice.of(&[0, 20_000]), -1.0); dice.of(&[0, 0, 0, 3, 3, 4])];
    desk.halted = dice.rarely();
    desk.book.halted = dice.rarely();
    desk.switch = if dice.rarely() { dice.of(&[Switch::Halt, Switch::Flatten]) } else { Switch::Off };
}

/// What a ruling must be for exits, told without the code that is tested.
fn expected_exits(desk: &Desk, side: Side) -> Vec<(i64, Side, u64)> {
    let is_other = |one: &&Position| one.magic == MAGIC && one.symbol == desk.symbol && one.side != side;
    desk.book.positions.iter().filter(is_other).map(|one| (one.ticket, side, one.lots.to_bits())).collect()
}

#[test]
fn exits_are_never_refused() {
    let (mut exits, mut refused_with_exits) = (0, 0);
    for seed in 0..DESKS {
        let desk = wild(seed);
        for side in [Side::Buy, Side::Sell] {
            let ruling = desk.rule(side);
            let plain = |exit: &Exit| (exit.ticket, exit.side, exit.lots.to_bits());
            assert_eq!(ruling.exits.iter().map(plain).collect::<Vec<_>>(), expected_exits(&desk, side), "seed {seed}");
            assert!(ruling.exits.iter().all(|exit| exit.purpose == Purpose::Signal));
            exits += ruling.exits.len();
            refused_with_exits += usize::from(!ruling.exits.is_empty() && ruling.entry.approved().is_none());
        }
        let due = due_exits(&desk.book, &desk.symbol, desk.now_s, &desk.calendar, Switch::Flatten, &desk.limits());
        assert_eq!(due.len(), desk.book.own(&desk.symbol, MAGIC).count(), "seed {seed}");
    }
    assert!(exits > 500 && refused_with_exits > 300, "the desks tell too little: {exits}, {refused_with_exits}");
}

/// Worth of what is open after exits and entry, of symbols that `counts` picks, and how many positions that are.
fn after(desk: &Desk, entry: &Entry, counts: impl Fn(&str, bool) -> bool) -> (f64, usize) {
    let leaves = |one: &Position| one.magic == MAGIC && one.symbol == desk.symbol && one.side != entry.side;
    let stays = desk.book.positions.iter().filter(|one| !leaves(one));
    let open = stays.map(|one| (one.symbol.as_str(), one.lots, one.price, one.magic == MAGIC));
    let shown = |ticket: Option<i64>| desk.book.positions.iter().any(|one| Some(one.ticket) == ticket);
    let unknown = desk.pending.iter().filter(|order| !shown(order.ticket));
    let pending = unknown.map(|order| (order.symbol.as_str(), order.lots, order.sl.unwrap_or(f64::NAN), true));
    let added = std::iter::once((desk.symbol.as_str(), entry.lots, entry.price, true));
    let all = open.chain(pending).chain(added).filter(|(symbol, _, _, is_own)| counts(symbol, *is_own));
    all.fold((0.0, 0), |(worth, count), (symbol, lots, price, _)| {
        let price = if symbol == desk.symbol { entry.price } else { price };
        (worth + desk.facts[symbol].notional(lots, price), count + 1)
    })
}

fn share_currency(one: &str, other: &str) -> bool {
    one.len() == 6 && other.len() == 6 && [&one[..3], &one[3..]].iter().any(|currency| other.contains(*currency))
}

/// Whether a worth, which may be no number, is above a limit; a sum in another order may differ in its last digits.
fn exceeds(worth: f64, most: f64) -> bool {
    worth.is_nan() || worth > most * (1.0 + 1e-9)
}

/// Every limit that an approved entry crosses.
fn crossed(desk: &Desk, entry: &Entry) -> Vec<&'static str> {
    let set = &desk.set;
    let facts = &desk.facts[&desk.symbol];
    let told = facts.broker();
    let rounding = 1.0 + 1e-9;
    let distance = (entry.price - entry.sl) * entry.side.sign();
    let least = told.stops_level_points * told.point + desk.quote.ask - desk.quote.bid;
    let gain = entry.tp.map_or(f64::INFINITY, |tp| (tp - entry.price) * entry.side.sign());
    let at_stop = facts.profit(entry.lots, distance, entry.sl);
    let configured = facts.profit(set.volume_lots, set.stop_pips * 10.0 * told.point, entry.sl);
    let most = if set.sizing == Sizing::Fixed { configured } else { set.risk_per_trade * desk.book.account.equity };
    let steps = entry.lots / told.volume_step;
    let (equity, (start, peak)) = (desk.book.account.equity, desk.marks);
    let symbol = desk.symbol.as_str();
    let groups = set.exposure_groups.iter().filter(|group| group.split('+').any(|name| name == symbol));
    let mut worths: Vec<f64> = groups.map(|group| after(desk, entry, |one, _| group.contains(one)).0).collect();
    if set.exposure_groups.is_empty() && symbol.len() == 6 {
        worths.extend(
            [&symbol[..3], &symbol[3..]]
                .map(|money| after(desk, entry, |one, _| one.len() == 6 && one.contains(money)).0),
        );
    }
    let clock_s = desk.now_s.rem_euclid(DAY_S);
    [
        (entry.lots > set.volume_lots_max || entry.lots > told.volume_max, "volume"),
        (entry.lots < told.volume_min || (steps - steps.round()).abs() > 1e-9, "volume step"),
        (at_stop > most * rounding, "risk at the stop"),
        (distance <= 0.0 || distance < least - 1e-9 || gain < least - 1e-9 || entry.sl <= 0.0, "distance of the stops"),
        (after(desk, entry, |one, is_own| one == symbol && is_own).1 > set.positions_symbol_max, "positions of symbol"),
        (after(desk, entry, |_, _| true).1 > set.positions_max, "positions"),
        (exceeds(after(desk, entry, |one, _| one == symbol).0, set.exposure_symbol_max), "exposure of symbol"),
        (worths.iter().any(|worth| exceeds(*worth, set.exposure_group_max)), "exposure of group"),
        (exceeds(after(desk, entry, |_, _| true).0, set.exposure_total_max), "exposure"),
        (start - equity >= 80.0 || start.max(peak) - equity >= 400.0 || equity <= 0.0, "loss"),
        (desk.closed.len() == 4 && desk.now_s - desk.closed[3].0 < 14_400, "cooldown"),
        (desk.openings_s.len() >= 4 && desk.now_s - desk.openings_s[0] < 60, "openings a minute"),
        (desk.openings_s.len() >= 40 && desk.now_s - desk.openings_s[0] <= clock_s, "openings a day"),
        (desk.quote.ask - desk.quote.bid > 0.000_300_01, "spread"),
        (desk.now_s - desk.bar_open_s - HOUR_S > 1_200, "age of the signal"),
        (desk.halted || desk.book.halted || desk.switch != Switch::Off, "halt"),
        (!set.trading_hours.is_empty() && !(28_800..64_800).contains(&clock_s), "hours"),
        (!Calendar::new(Session::Fx, &[]).unwrap().is_open(desk.now_s), "closed market"),
        (desk.now_s == NOW_S + 2 * DAY_S + 9 * HOUR_S + 2_400, "weekend"),
        (entry.deviation_points > set.slippage_points_max, "slippage"),
    ]
    .into_iter()
    .filter_map(|(is_crossed, limit)| is_crossed.then_some(limit))
    .collect()
}

#[test]
fn no_approved_entry_crosses_a_limit() {
    let mut approved = 0;
    for seed in 0..DESKS {
        let desk = wild(seed);
        for side in [Side::Buy, Side::Sell] {
            let Some(entry) = desk.rule(side).entry.approved() else { continue };
            assert_eq!(crossed(&desk, &entry), [""; 0], "seed {seed}: {entry:?}");
            approved += 1;
        }
    }
    assert!(approved > 400, "the desks tell too little: {approved}");
}

#[test]
fn the_same_desk_gets_the_same_ruling() {
    for seed in 0..200 {
        let (one, other) = (wild(seed).rule(Side::Buy), wild(seed).rule(Side::Buy));
        assert_eq!(format!("{one:?}"), format!("{other:?}"));
    }
}
