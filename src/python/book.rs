//! The broker's book as Python sees it.

use pyo3::prelude::*;

use super::errors::run;
use super::trade::{side_from, side_name};
use crate::trade::{Account, Book, Position};

/// An open position as the broker keeps it.
#[pyclass(name = "Position", module = "mt5_sentinel._core", frozen)]
#[derive(Clone)]
pub(super) struct PyPosition(pub(super) Position);

#[pymethods]
impl PyPosition {
    #[new]
    #[pyo3(signature = (*, ticket, symbol, side, lots, price, sl=None, tp=None, opened_s, magic, profit=0.0, req_id=None))]
    #[allow(clippy::too_many_arguments, reason = "a position has so many facts, each given by name")]
    fn new(
        ticket: i64,
        symbol: String,
        side: &str,
        lots: f64,
        price: f64,
        sl: Option<f64>,
        tp: Option<f64>,
        opened_s: i64,
        magic: i64,
        profit: f64,
        req_id: Option<String>,
    ) -> PyResult<Self> {
        run(|| {
            let side = side_from(side)?;
            Ok(Self(Position { ticket, symbol, side, lots, price, sl, tp, opened_s, magic, profit, req_id }))
        })
    }

    #[getter]
    fn ticket(&self) -> i64 {
        self.0.ticket
    }

    #[getter]
    fn symbol(&self) -> &str {
        &self.0.symbol
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
    fn price(&self) -> f64 {
        self.0.price
    }

    #[getter]
    fn sl(&self) -> Option<f64> {
        self.0.sl
    }

    #[getter]
    fn tp(&self) -> Option<f64> {
        self.0.tp
    }

    #[getter]
    fn opened_s(&self) -> i64 {
        self.0.opened_s
    }

    #[getter]
    fn magic(&self) -> i64 {
        self.0.magic
    }

    #[getter]
    fn profit(&self) -> f64 {
        self.0.profit
    }

    #[getter]
    fn req_id(&self) -> Option<&str> {
        self.0.req_id.as_deref()
    }
}

/// The account; money in its own currency.
#[pyclass(name = "Account", module = "mt5_sentinel._core", frozen)]
#[derive(Clone, Copy)]
pub(super) struct PyAccount(pub(super) Account);

#[pymethods]
impl PyAccount {
    #[new]
    #[pyo3(signature = (*, balance, equity, margin_free))]
    fn new(balance: f64, equity: f64, margin_free: f64) -> Self {
        Self(Account { balance, equity, margin_free })
    }

    #[getter]
    fn balance(&self) -> f64 {
        self.0.balance
    }

    #[getter]
    fn equity(&self) -> f64 {
        self.0.equity
    }

    #[getter]
    fn margin_free(&self) -> f64 {
        self.0.margin_free
    }
}

/// What the broker says it holds.
#[pyclass(name = "Book", module = "mt5_sentinel._core", frozen)]
pub(super) struct PyBook(pub(super) Book);

#[pymethods]
impl PyBook {
    #[new]
    #[pyo3(signature = (account, positions, *, halted=false))]
    #[allow(clippy::needless_pass_by_value, reason = "PyO3 hands over a list of references by value")]
    fn new(account: &PyAccount, positions: Vec<PyRef<'_, PyPosition>>, halted: bool) -> Self {
        let positions = positions.iter().map(|position| position.0.clone()).collect();
        Self(Book { account: account.0, positions, halted })
    }

    #[getter]
    fn account(&self) -> PyAccount {
        PyAccount(self.0.account)
    }

    #[getter]
    fn positions(&self) -> Vec<PyPosition> {
        self.0.positions.iter().cloned().map(PyPosition).collect()
    }

    #[getter]
    fn halted(&self) -> bool {
        self.0.halted
    }

    fn own(&self, symbol: &str, magic: i64) -> Vec<PyPosition> {
        self.0.own(symbol, magic).cloned().map(PyPosition).collect()
    }

    fn full_side(&self, symbol: &str, magic: i64, positions_max: usize) -> Option<&'static str> {
        self.0.full_side(symbol, magic, positions_max).map(side_name)
    }
}
