//! What one lot of a currency pair is worth.

use super::{Quote, QuoteSide};
use crate::{Error, Result};

/// Units of base currency in one standard lot.
const CONTRACT_SIZE: f64 = 100_000.0;

/// Facts of a currency pair, and the currency the account is kept in.
#[derive(Debug, Clone, PartialEq)]
pub struct SymbolFacts {
    point: f64,
    account_is_quote: bool,
    account_currency: String,
}

impl SymbolFacts {
    /// Facts of a currency pair such as `EURUSD` (a broker's suffix after the six letters is allowed) for an account
    /// kept in one of its two currencies. A point is 0.00001, or 0.001 where the quote currency is the yen.
    ///
    /// # Errors
    /// [`Error::BadSetting`] when the symbol is not a currency pair, or when the account currency is neither of the
    /// two: profit would need a third price that nobody supplies.
    pub fn currency_pair(symbol: &str, account_currency: &str) -> Result<Self> {
        let bad = |field, problem: String| Error::BadSetting { field, problem };
        let letters = symbol.get(..6).filter(|pair| pair.bytes().all(|byte| byte.is_ascii_uppercase()));
        let Some((base, quote)) = letters.map(|pair| pair.split_at(3)) else {
            return Err(bad("symbol", format!("{symbol:?} is not a currency pair such as EURUSD")));
        };
        if account_currency != base && account_currency != quote {
            let problem = format!("{account_currency:?} is neither {base} nor {quote}, the currencies of {symbol}");
            return Err(bad("account_currency", problem));
        }
        let point = if quote == "JPY" { 1e-3 } else { 1e-5 };
        Ok(Self { point, account_is_quote: account_currency == quote, account_currency: account_currency.into() })
    }

    /// Currency the account is kept in.
    #[must_use]
    pub fn account_currency(&self) -> &str {
        &self.account_currency
    }

    /// Smallest quoted price step, in price units.
    #[must_use]
    pub fn point(&self) -> f64 {
        self.point
    }

    /// The quote around one bar price, with a spread in points.
    ///
    /// # Errors
    /// As [`Quote::around`].
    pub fn quote(&self, time_s: i64, price: f64, shows: QuoteSide, spread_points: f64) -> Result<Quote> {
        Quote::around(time_s, price, shows, spread_points * self.point)
    }

    /// Profit in account currency of `lots` held while the price moved by `move_price`, converted at `price`.
    #[must_use]
    pub fn profit(&self, lots: f64, move_price: f64, price: f64) -> f64 {
        let in_quote = move_price * lots * CONTRACT_SIZE;
        if self.account_is_quote { in_quote } else { in_quote / price }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
    use super::*;

    #[test]
    fn profit_is_in_account_currency() {
        let eurusd = SymbolFacts::currency_pair("EURUSD", "USD").unwrap();
        assert!((eurusd.profit(0.1, 0.0050, 1.1) - 50.0).abs() < 1e-9);
        let usdjpy = SymbolFacts::currency_pair("USDJPY.s", "USD").unwrap();
        assert!((usdjpy.profit(0.1, 1.0, 125.0) - 80.0).abs() < 1e-9);
        assert_eq!(usdjpy.point().to_bits(), 1e-3f64.to_bits());
    }

    #[test]
    fn what_cannot_be_priced_is_refused() {
        for (symbol, currency) in
            [("EURUSD", "GBP"), ("AAPL", "USD"), ("eurusd", "USD"), ("", "USD"), ("ÄÖÜÄÖÜ", "USD")]
        {
            assert!(SymbolFacts::currency_pair(symbol, currency).is_err(), "{symbol} {currency}");
        }
    }
}
