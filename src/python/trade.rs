//! Symbols and quotes as Python sees them.

use pyo3::prelude::*;

use super::errors::run;
use crate::trade::{BrokerFacts, Quote, QuoteSide, Side, SymbolFacts};
use crate::{Error, Result};

pub(super) fn side_name(side: Side) -> &'static str {
    match side {
        Side::Buy => "BUY",
        Side::Sell => "SELL",
    }
}

pub(super) fn side_from(name: &str) -> Result<Side> {
    match name {
        "BUY" => Ok(Side::Buy),
        "SELL" => Ok(Side::Sell),
        _ => Err(Error::BadSetting { field: "side", problem: format!("{name:?} is neither BUY nor SELL") }),
    }
}

pub(super) fn quote_side_from(name: &str) -> Result<QuoteSide> {
    match name {
        "bid" => Ok(QuoteSide::Bid),
        "ask" => Ok(QuoteSide::Ask),
        "mid" => Ok(QuoteSide::Mid),
        _ => Err(Error::BadSetting { field: "price_side", problem: format!("{name:?} is not bid, ask or mid") }),
    }
}

/// What one lot of a currency pair is worth.
#[pyclass(name = "SymbolFacts", module = "mt5_sentinel._core", frozen)]
pub(super) struct PySymbolFacts(pub(super) SymbolFacts);

#[pymethods]
impl PySymbolFacts {
    #[new]
    fn new(symbol: &str, account_currency: &str) -> PyResult<Self> {
        run(|| SymbolFacts::currency_pair(symbol, account_currency)).map(Self)
    }

    #[staticmethod]
    #[pyo3(signature = (
        *, account_currency, point, tick_size, tick_value, contract_size, volume_min, volume_step, volume_max,
        stops_level_points
    ))]
    #[allow(clippy::too_many_arguments, reason = "a symbol has so many facts, each given by name")]
    fn from_broker(
        account_currency: &str,
        point: f64,
        tick_size: f64,
        tick_value: f64,
        contract_size: f64,
        volume_min: f64,
        volume_step: f64,
        volume_max: f64,
        stops_level_points: f64,
    ) -> PyResult<Self> {
        let told = BrokerFacts {
            point,
            tick_size,
            tick_value,
            contract_size,
            volume_min,
            volume_step,
            volume_max,
            stops_level_points,
        };
        run(|| SymbolFacts::from_broker(told, account_currency)).map(Self)
    }

    #[getter]
    fn account_currency(&self) -> &str {
        self.0.account_currency()
    }

    #[getter]
    fn point(&self) -> f64 {
        self.0.point()
    }

    #[pyo3(signature = (*, time_s, price, shows, spread_points))]
    fn quote(&self, time_s: i64, price: f64, shows: &str, spread_points: f64) -> PyResult<PyQuote> {
        run(|| self.0.quote(time_s, price, quote_side_from(shows)?, spread_points)).map(PyQuote)
    }
}

/// Bid and ask at one moment.
#[pyclass(name = "Quote", module = "mt5_sentinel._core", frozen)]
pub(super) struct PyQuote(pub(super) Quote);

#[pymethods]
impl PyQuote {
    #[new]
    #[pyo3(signature = (*, time_s, bid, ask))]
    fn new(time_s: i64, bid: f64, ask: f64) -> Self {
        Self(Quote { time_s, bid, ask })
    }

    #[staticmethod]
    #[pyo3(signature = (*, time_s, bid, ask))]
    fn checked(time_s: i64, bid: f64, ask: f64) -> PyResult<Self> {
        run(|| Quote::checked(time_s, bid, ask)).map(Self)
    }

    #[getter]
    fn time_s(&self) -> i64 {
        self.0.time_s
    }

    #[getter]
    fn bid(&self) -> f64 {
        self.0.bid
    }

    #[getter]
    fn ask(&self) -> f64 {
        self.0.ask
    }
}
