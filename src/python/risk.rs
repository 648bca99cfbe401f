//! The risk gate as Python sees it.

use std::collections::BTreeMap;

use pyo3::prelude::*;

use super::bars::PyBars;
use super::book::{PyBook, PyPosition};
use super::calendar::{PyCalendar, PyFreshBar};
use super::errors::run;
use super::ledger::{PyLedger, switch_from};
use super::limits::PyLimits;
use super::trade::{PyQuote, PySymbolFacts, side_from, side_name};
use crate::trade::risk::{self, Around, Entry, Exit, News, Pending, Purpose, Ruling, Wish};

/// Times around news in which nothing is opened.
#[pyclass(name = "News", module = "mt5_sentinel._core", frozen)]
pub(super) struct PyNews(News);

#[pymethods]
impl PyNews {
    #[new]
    #[pyo3(signature = (file = None))]
    fn new(file: Option<&[u8]>) -> PyResult<Self> {
        run(|| file.map_or_else(|| Ok(News::default()), News::parse)).map(Self)
    }

    fn has_ended(&self, now_s: i64) -> bool {
        self.0.has_ended(now_s)
    }
}

/// An opening whose outcome is unknown.
#[pyclass(name = "Pending", module = "mt5_sentinel._core", frozen)]
#[derive(Clone)]
pub(super) struct PyPending(Pending);

#[pymethods]
impl PyPending {
    #[new]
    #[pyo3(signature = (*, req_id, ticket=None, symbol, side, lots, sl=None, tp=None))]
    fn new(
        req_id: String,
        ticket: Option<i64>,
        symbol: String,
        side: &str,
        lots: f64,
        sl: Option<f64>,
        tp: Option<f64>,
    ) -> PyResult<Self> {
        run(|| Ok(Self(Pending { req_id, ticket, symbol, side: side_from(side)?, lots, sl, tp })))
    }
}

/// An order that closes one whole position.
#[pyclass(name = "Exit", module = "mt5_sentinel._core", frozen)]
pub(super) struct PyExit(Exit);

#[pymethods]
impl PyExit {
    #[staticmethod]
    fn protective(position: &PyPosition) -> Self {
        Self(Exit::of(&position.0, Purpose::Protection))
    }

    #[getter]
    fn ticket(&self) -> i64 {
        self.0.ticket
    }

    #[getter]
    fn side(&self) -> &'static str {
        side_name(self.0.side)
    }

    #[getter]
    fn lots(&self) -> f64 {
        self.0.lots
    }

    #[getter]
    fn purpose(&self) -> &'static str {
        self.0.purpose.name()
    }
}

/// A position to open.
#[pyclass(name = "Entry", module = "mt5_sentinel._core", frozen)]
pub(super) struct PyEntry(Entry);

#[pymethods]
impl PyEntry {
    #[getter]
    fn side(&self) -> &'static str {
        side_name(self.0.side)
    }

    #[getter]
    fn lots(&self) -> f64 {
        self.0.lots
    }

    #[getter]
    fn price(&self) -> f64 {
        self.0.price
    }

    #[getter]
    fn sl(&self) -> f64 {
        self.0.sl
    }

    #[getter]
    fn tp(&self) -> Option<f64> {
        self.0.tp
    }

    #[getter]
    fn deviation_points(&self) -> u32 {
        self.0.deviation_points
    }
}

/// What may go.
#[pyclass(name = "Ruling", module = "mt5_sentinel._core", frozen)]
pub(super) struct PyRuling(Ruling);

#[pymethods]
impl PyRuling {
    #[getter]
    fn exits(&self) -> Vec<PyExit> {
        self.0.exits.iter().copied().map(PyExit).collect()
    }

    #[getter]
    fn entry(&self) -> Option<PyEntry> {
        self.0.entry.approved().map(PyEntry)
    }

    #[getter]
    fn refusal(&self) -> Option<&'static str> {
        self.0.entry.refusal().map(|(reason, _)| reason.code())
    }

    #[getter]
    fn detail(&self) -> Option<&str> {
        self.0.entry.refusal().map(|(_, detail)| detail)
    }

    #[getter]
    fn warnings(&self) -> Vec<&'static str> {
        self.0.warnings.clone()
    }
}

/// Rules on the wish to be on a side.
#[pyfunction]
#[pyo3(signature = (
    side, limits, *, symbol, book, quote, facts, bars, bar, ledger, pending, openings_s, calendar, news, halted, switch
))]
#[allow(clippy::too_many_arguments, reason = "each is a fact of its own, given by name")]
#[allow(clippy::needless_pass_by_value, reason = "PyO3 extracts arguments by value")]
pub(super) fn approve(
    side: &str,
    limits: &PyLimits,
    symbol: &str,
    book: &PyBook,
    quote: &PyQuote,
    facts: BTreeMap<String, PyRef<'_, PySymbolFacts>>,
    bars: &PyBars,
    bar: &PyFreshBar,
    ledger: Option<&PyLedger>,
    pending: Vec<PyRef<'_, PyPending>>,
    openings_s: Vec<i64>,
    calendar: &PyCalendar,
    news: &PyNews,
    halted: bool,
    switch: &str,
) -> PyResult<PyRuling> {
    let facts = facts.into_iter().map(|(symbol, facts)| (symbol, facts.0.clone())).collect();
    let pending: Vec<Pending> = pending.iter().map(|order| order.0.clone()).collect();
    run(|| {
        let wish = Wish { symbol, side: side_from(side)?, quote: quote.0, bars: &bars.0, bar: bar.0 };
        let around = Around {
            book: &book.0,
            facts: &facts,
            ledger: ledger.map(|ledger| &ledger.0),
            pending: &pending,
            openings_s: &openings_s,
            calendar: &calendar.0,
            news: &news.0,
            halted,
            switch: switch_from(switch)?,
        };
        Ok(PyRuling(risk::approve(&wish, &around, &limits.0)))
    })
}

/// Own positions of the symbol that must be closed now.
#[pyfunction]
#[pyo3(signature = (limits, *, book, symbol, now_s, calendar, switch))]
pub(super) fn due_exits(
    limits: &PyLimits,
    book: &PyBook,
    symbol: &str,
    now_s: i64,
    calendar: &PyCalendar,
    switch: &str,
) -> PyResult<Vec<PyExit>> {
    run(|| {
        let exits = risk::due_exits(&book.0, symbol, now_s, &calendar.0, switch_from(switch)?, &limits.0);
        Ok(exits.into_iter().map(PyExit).collect())
    })
}

/// Points that an order was filled worse than wanted, where that is more than the limits allow.
#[pyfunction]
#[pyo3(signature = (limits, side, *, wanted, filled, facts))]
pub(super) fn slippage_beyond(
    limits: &PyLimits,
    side: &str,
    wanted: f64,
    filled: f64,
    facts: &PySymbolFacts,
) -> PyResult<Option<f64>> {
    run(|| Ok(risk::slippage_beyond(side_from(side)?, wanted, filled, &facts.0, &limits.0)))
}

/// Worth of all open positions.
#[pyfunction]
pub(super) fn open_worth(book: &PyBook, facts: BTreeMap<String, PyRef<'_, PySymbolFacts>>) -> PyResult<Option<f64>> {
    run(|| {
        let facts = facts.into_iter().map(|(symbol, facts)| (symbol, facts.0.clone())).collect();
        Ok(risk::open_worth(&book.0, &facts))
    })
}
