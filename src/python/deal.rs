//! What happens on a paper account, as Python sees it.

use pyo3::prelude::*;

use super::errors::run;
use super::trade::{side_from, side_name};
use crate::trade::{Deal, DealBy, Denial, Entry};
use crate::{Error, Result};

/// What happened to a paper account.
#[pyclass(name = "Deal", module = "mt5_sentinel._core", frozen)]
#[derive(Clone)]
pub(super) struct PyDeal(pub(super) Deal);

#[pymethods]
impl PyDeal {
    #[new]
    #[pyo3(signature = (
        *, seq, ticket, req_id, symbol, side, entry, lots, price, time_s, sl, tp, magic, profit, margin, by
    ))]
    #[allow(clippy::too_many_arguments, reason = "a deal has so many facts, each given by name")]
    fn new(
        seq: i64,
        ticket: i64,
        req_id: Option<String>,
        symbol: String,
        side: &str,
        entry: &str,
        lots: f64,
        price: f64,
        time_s: i64,
        sl: Option<f64>,
        tp: Option<f64>,
        magic: i64,
        profit: f64,
        margin: f64,
        by: &str,
    ) -> PyResult<Self> {
        run(|| {
            let (side, entry) = (side_from(side)?, named(Entry::named, entry)?);
            let by = named(DealBy::named, by)?;
            let deal = Deal {
                seq,
                ticket,
                req_id,
                symbol,
                side,
                entry,
                lots,
                price,
                time_s,
                sl,
                tp,
                magic,
                profit,
                margin,
                by,
            };
            Ok(Self(deal))
        })
    }

    #[getter]
    fn seq(&self) -> i64 {
        self.0.seq
    }

    #[getter]
    fn ticket(&self) -> i64 {
        self.0.ticket
    }

    #[getter]
    fn req_id(&self) -> Option<&str> {
        self.0.req_id.as_deref()
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
    fn entry(&self) -> &'static str {
        self.0.entry.name()
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
    fn time_s(&self) -> i64 {
        self.0.time_s
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
    fn magic(&self) -> i64 {
        self.0.magic
    }

    #[getter]
    fn profit(&self) -> f64 {
        self.0.profit
    }

    #[getter]
    fn margin(&self) -> f64 {
        self.0.margin
    }

    #[getter]
    fn by(&self) -> &'static str {
        self.0.by.name()
    }
}

/// What an order would do: deals, or why it is refused.
#[pyclass(name = "Proposal", module = "mt5_sentinel._core", frozen)]
pub(super) struct PyProposal(pub(super) std::result::Result<Vec<Deal>, Denial>);

#[pymethods]
impl PyProposal {
    #[getter]
    fn deals(&self) -> Vec<PyDeal> {
        self.0.iter().flatten().cloned().map(PyDeal).collect()
    }

    #[getter]
    fn denial(&self) -> Option<(i32, &'static str, &str)> {
        self.0.as_ref().err().map(|denial| (denial.retcode, denial.reason, denial.problem.as_str()))
    }
}

fn named<T>(find: fn(&str) -> Option<T>, name: &str) -> Result<T> {
    find(name).ok_or_else(|| Error::BadFill { problem: format!("{name:.32?} is no word of a deal") })
}
