//! The paper account as Python sees it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::bars::PyBars;
use super::book::{PyAccount, PyPosition};
use super::deal::{PyDeal, PyProposal};
use super::errors::run;
use super::trade::{PyQuote, PySymbolFacts, quote_side_from, side_from};
use crate::trade::{Exit, Levels, OldFill, Opening, PaperAccount, PaperTerms};

/// One account on paper.
#[pyclass(name = "PaperAccount", module = "mt5_sentinel._core", frozen)]
pub(super) struct PyPaperAccount(Mutex<PaperAccount>);

impl PyPaperAccount {
    /// A poisoned account is still whole: it is changed only after every check has passed.
    fn held(&self) -> MutexGuard<'_, PaperAccount> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[pymethods]
impl PyPaperAccount {
    #[new]
    #[pyo3(signature = (*, deposit, currency, leverage, seed, slippage_points_max))]
    fn new(deposit: f64, currency: String, leverage: f64, seed: u64, slippage_points_max: f64) -> PyResult<Self> {
        let terms = PaperTerms { deposit, currency, leverage, seed, slippage_points_max };
        run(|| PaperAccount::new(terms)).map(|account| Self(Mutex::new(account)))
    }

    #[pyo3(signature = (symbol, facts, *, shows))]
    fn know(&self, symbol: &str, facts: &PySymbolFacts, shows: &str) -> PyResult<()> {
        run(|| self.held().know(symbol, facts.0.clone(), quote_side_from(shows)?))
    }

    #[pyo3(signature = (*, req_id, symbol, side, lots, sl, tp, deviation_points, magic, time_s))]
    #[allow(clippy::too_many_arguments, reason = "an order has so many facts, each given by name")]
    fn propose_open(
        &self,
        req_id: &str,
        symbol: &str,
        side: &str,
        lots: f64,
        sl: Option<f64>,
        tp: Option<f64>,
        deviation_points: f64,
        magic: i64,
        time_s: i64,
    ) -> PyResult<PyProposal> {
        run(|| {
            let side = side_from(side)?;
            let order = Opening { req_id, symbol, side, lots, sl, tp, deviation_points, magic, time_s };
            Ok(PyProposal(self.held().propose_open(&order).map(|deal| vec![deal])))
        })
    }

    #[pyo3(signature = (*, req_id, symbol, ticket, side, lots, deviation_points, time_s))]
    #[allow(clippy::too_many_arguments, reason = "an order has so many facts, each given by name")]
    fn propose_close(
        &self,
        req_id: &str,
        symbol: &str,
        ticket: i64,
        side: &str,
        lots: f64,
        deviation_points: f64,
        time_s: i64,
    ) -> PyResult<PyProposal> {
        run(|| {
            let order = Exit { req_id, symbol, ticket, side: side_from(side)?, lots, deviation_points, time_s };
            Ok(PyProposal(self.held().propose_close(&order).map(|deal| vec![deal])))
        })
    }

    #[pyo3(signature = (*, symbol, ticket, sl, tp, time_s))]
    fn propose_levels(
        &self,
        symbol: &str,
        ticket: i64,
        sl: Option<f64>,
        tp: Option<f64>,
        time_s: i64,
    ) -> PyResult<PyProposal> {
        let order = Levels { symbol, ticket, sl, tp, time_s };
        run(|| Ok(PyProposal(self.held().propose_levels(&order).map(|deal| deal.into_iter().collect()))))
    }

    #[pyo3(signature = (symbol, quote, bars=None))]
    fn propose_mark(&self, symbol: &str, quote: &PyQuote, bars: Option<&PyBars>) -> PyResult<Vec<PyDeal>> {
        let bars = bars.map(|bars| bars.0.as_ref());
        let deals = run(|| self.held().propose_mark(symbol, quote.0, bars))?;
        Ok(deals.into_iter().map(PyDeal).collect())
    }

    #[pyo3(signature = (*, req_id, symbol, side, close_lots, open_lots, quote, magic))]
    #[allow(clippy::too_many_arguments, reason = "an old fill has so many facts, each given by name")]
    fn propose_carried(
        &self,
        req_id: &str,
        symbol: &str,
        side: &str,
        close_lots: f64,
        open_lots: f64,
        quote: &PyQuote,
        magic: i64,
    ) -> PyResult<Vec<PyDeal>> {
        let deals = run(|| {
            let fill = OldFill { req_id, symbol, side: side_from(side)?, close_lots, open_lots, quote: quote.0 };
            self.held().propose_carried(&fill, magic)
        })?;
        Ok(deals.into_iter().map(PyDeal).collect())
    }

    fn apply(&self, deal: &PyDeal) -> PyResult<()> {
        run(|| self.held().apply(&deal.0))
    }

    #[pyo3(signature = (symbol, quote, bars=None))]
    fn note(&self, symbol: &str, quote: &PyQuote, bars: Option<&PyBars>) -> PyResult<()> {
        run(|| {
            self.held().note(symbol, quote.0, bars.map(|bars| bars.0.as_ref()));
            Ok(())
        })
    }

    fn recall(&self, symbol: &str, quote: &PyQuote) -> PyResult<()> {
        run(|| self.held().recall(symbol, quote.0))
    }

    fn note_executed(&self, symbol: &str, newest_s: i64) -> PyResult<()> {
        run(|| {
            self.held().note_executed(symbol, newest_s);
            Ok(())
        })
    }

    fn executed_s(&self, symbol: &str) -> Option<i64> {
        self.held().executed_s(symbol)
    }

    fn account(&self) -> PyResult<PyAccount> {
        run(|| Ok(self.held().account())).map(PyAccount)
    }

    fn positions(&self) -> PyResult<Vec<PyPosition>> {
        Ok(run(|| Ok(self.held().positions()))?.into_iter().map(PyPosition).collect())
    }
}

/// What a broker would say about a symbol, at a price.
#[pyfunction]
pub(super) fn broker_facts<'py>(py: Python<'py>, facts: &PySymbolFacts, price: f64) -> PyResult<Bound<'py, PyDict>> {
    let (told, told_at) = (facts.0.broker(), PyDict::new(py));
    told_at.set_item("point", told.point)?;
    told_at.set_item("tick_size", told.tick_size)?;
    told_at.set_item("tick_value", facts.0.profit(1.0, told.tick_size, price))?;
    told_at.set_item("contract_size", told.contract_size)?;
    told_at.set_item("volume_min", told.volume_min)?;
    told_at.set_item("volume_step", told.volume_step)?;
    told_at.set_item("volume_max", told.volume_max)?;
    told_at.set_item("stops_level", told.stops_level_points)?;
    Ok(told_at)
}
