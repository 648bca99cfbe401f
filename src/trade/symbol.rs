//! What one lot of a currency pair is worth.

use super::{Quote, QuoteSide};
use crate::{Error, Result};

/// Units of base currency in one standard lot.
const CONTRACT_SIZE: f64 = 100_000.0;

/// What a price move is worth to the account.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Worth {
    /// The account is kept in the quote currency: a move is worth itself.
    Quote,
    /// The account is kept in the base currency: a move is worth itself divided by the price.
    Base,
    /// Account currency per lot for a move of one price unit, as the broker says now.
    PerLot(f64),
}

/// What a broker says about a symbol; see [`SymbolFacts::from_broker`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BrokerFacts {
    /// Smallest quoted price step, price units.
    pub point: f64,
    /// Step of prices in orders, price units.
    pub tick_size: f64,
    /// Account currency per lot for a move of one tick.
    pub tick_value: f64,
    /// Units of the base in one lot.
    pub contract_size: f64,
    /// Smallest volume of an order, lots.
    pub volume_min: f64,
    /// Step of volumes, lots.
    pub volume_step: f64,
    /// Greatest volume of an order, lots.
    pub volume_max: f64,
    /// Smallest distance of stops from the price, points.
    pub stops_level_points: f64,
}

/// Facts of a symbol, and the currency the account is kept in.
#[derive(Debug, Clone, PartialEq)]
pub struct SymbolFacts {
    broker: BrokerFacts,
    worth: Worth,
    account_currency: String,
}

impl SymbolFacts {
    /// Facts of a currency pair such as `EURUSD` (a broker's suffix after the six letters is allowed) for an account
    /// kept in one of its two currencies. A point is 0.00001, or 0.001 where the quote currency is the yen; volumes are
    /// 0.01 to 100 lots of 100,000 in steps of 0.01.
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
        let broker = BrokerFacts {
            point,
            tick_size: point,
            tick_value: point * CONTRACT_SIZE,
            contract_size: CONTRACT_SIZE,
            volume_min: 0.01,
            volume_step: 0.01,
            volume_max: 100.0,
            stops_level_points: 0.0,
        };
        let worth = if account_currency == quote { Worth::Quote } else { Worth::Base };
        Ok(Self { broker, worth, account_currency: account_currency.into() })
    }

    /// Facts of any symbol as the broker tells them.
    ///
    /// # Errors
    /// [`Error::BadFacts`] naming the first value that is not finite or not positive (`stops_level_points` may be 0).
    pub fn from_broker(broker: BrokerFacts, account_currency: &str) -> Result<Self> {
        let positive = [
            ("point", broker.point),
            ("tick_size", broker.tick_size),
            ("tick_value", broker.tick_value),
            ("contract_size", broker.contract_size),
            ("volume_min", broker.volume_min),
            ("volume_step", broker.volume_step),
            ("volume_max", broker.volume_max),
        ];
        let not_positive = positive.into_iter().find(|(_, value)| !(value.is_finite() && *value > 0.0));
        let level = ("stops_level_points", broker.stops_level_points);
        let bad_level = Some(level).filter(|(_, value)| !(value.is_finite() && *value >= 0.0));
        if let Some((field, value)) = not_positive.or(bad_level) {
            return Err(Error::BadFacts { field, value });
        }
        let worth = Worth::PerLot(broker.tick_value / broker.tick_size);
        Ok(Self { broker, worth, account_currency: account_currency.into() })
    }

    /// What the broker says, or what is usual for a currency pair.
    #[must_use]
    pub fn broker(&self) -> &BrokerFacts {
        &self.broker
    }

    /// Currency the account is kept in.
    #[must_use]
    pub fn account_currency(&self) -> &str {
        &self.account_currency
    }

    /// Smallest quoted price step, in price units.
    #[must_use]
    pub fn point(&self) -> f64 {
        self.broker.point
    }

    /// The quote around one bar price, with a spread in points.
    ///
    /// # Errors
    /// As [`Quote::around`].
    pub fn quote(&self, time_s: i64, price: f64, shows: QuoteSide, spread_points: f64) -> Result<Quote> {
        Quote::around(time_s, price, shows, spread_points * self.broker.point)
    }

    /// Profit in account currency of `lots` held while the price moved by `move_price`, converted at `price`.
    #[must_use]
    pub fn profit(&self, lots: f64, move_price: f64, price: f64) -> f64 {
        match self.worth {
            Worth::Quote => move_price * lots * self.broker.contract_size,
            Worth::Base => move_price * lots * self.broker.contract_size / price,
            Worth::PerLot(value) => move_price * lots * value,
        }
    }

    /// What `lots` are worth at `price`, account currency: the size of the exposure, not of the margin.
    #[must_use]
    pub fn notional(&self, lots: f64, price: f64) -> f64 {
        self.profit(lots, price, price)
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
