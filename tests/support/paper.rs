//! Paper accounts for tests: EURUSD and USDJPY in an account of 10,000 USD with a leverage of 30.

use mt5_sentinel::bars::Bars;
use mt5_sentinel::trade::{Deal, DealBy, Exit, Opening, PaperAccount, PaperTerms, Quote, QuoteSide, Side, SymbolFacts};

pub const EUR: &str = "EURUSD";
pub const JPY: &str = "USDJPY";
pub const T: i64 = 1_700_000_000 / 3600 * 3600;

pub fn terms() -> PaperTerms {
    PaperTerms { deposit: 10_000.0, currency: "USD".into(), leverage: 30.0, seed: 1, slippage_points_max: 0.0 }
}

pub fn account_of(terms: PaperTerms, shows: QuoteSide) -> PaperAccount {
    let mut account = PaperAccount::new(terms).unwrap();
    for symbol in [EUR, JPY] {
        account.know(symbol, SymbolFacts::currency_pair(symbol, "USD").unwrap(), shows).unwrap();
    }
    account
}

pub fn account() -> PaperAccount {
    account_of(terms(), QuoteSide::Bid)
}

pub fn quote(time_s: i64, bid: f64, ask: f64) -> Quote {
    Quote { time_s, bid, ask }
}

/// An order of a tenth of a lot.
pub fn buy(req_id: &str) -> Opening<'_> {
    Opening {
        req_id,
        symbol: EUR,
        side: Side::Buy,
        lots: 0.1,
        sl: None,
        tp: None,
        deviation_points: 20.0,
        magic: 7,
        time_s: T,
    }
}

pub fn sell(req_id: &str) -> Opening<'_> {
    Opening { side: Side::Sell, ..buy(req_id) }
}

/// What closes a position opened by [`buy`].
pub fn exit(req_id: &str, ticket: i64) -> Exit<'_> {
    Exit { req_id, symbol: EUR, ticket, side: Side::Sell, lots: 0.1, deviation_points: 20.0, time_s: T + 60 }
}

pub fn open(account: &mut PaperAccount, order: &Opening<'_>) -> Deal {
    let deal = account.propose_open(order).unwrap();
    account.apply(&deal).unwrap();
    deal
}

pub fn close(account: &mut PaperAccount, order: &Exit<'_>) -> Deal {
    let deal = account.propose_close(order).unwrap();
    account.apply(&deal).unwrap();
    deal
}

/// Gives a mark as a broker does: proposed, taken in, noted.
pub fn mark(account: &mut PaperAccount, symbol: &str, quote: Quote, bars: Option<&Bars>) -> Vec<Deal> {
    let deals = account.propose_mark(symbol, quote, bars).unwrap();
    for deal in &deals {
        account.apply(deal).unwrap();
    }
    account.note(symbol, quote, bars);
    deals
}

/// Bars of an hour from open times and [open, high, low, close].
pub fn bars(rows: &[(i64, [f64; 4])]) -> Bars {
    let column = |i: usize| rows.iter().map(|(_, prices)| prices[i]).collect::<Vec<_>>();
    let times = rows.iter().map(|(time, _)| *time).collect();
    Bars::from_columns(times, column(0), column(1), column(2), column(3), vec![1.0; rows.len()]).unwrap()
}

/// What closed, at which price.
pub fn told(deals: &[Deal]) -> Vec<(i64, DealBy, f64)> {
    deals.iter().map(|deal| (deal.ticket, deal.by, deal.price)).collect()
}
