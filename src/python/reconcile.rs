//! The broker's book against the journal, as Python sees it.

use pyo3::prelude::*;

use super::book::PyBook;
use super::errors::run;
use super::trade::side_from;
use crate::trade::{self, ClosedPart, Difference, Kept};

/// A position that is open by the journal: ticket, side, lots, price, sl, tp.
type KeptRow = (i64, String, f64, f64, Option<f64>, Option<f64>);

/// One difference between book and journal.
#[pyclass(name = "Difference", module = "mt5_sentinel._core", frozen)]
pub(super) struct PyDifference(Difference);

#[pymethods]
impl PyDifference {
    #[getter]
    fn kind(&self) -> &'static str {
        self.0.kind.code()
    }

    #[getter]
    fn rule(&self) -> &'static str {
        self.0.kind.rule().code()
    }

    #[getter]
    fn ticket(&self) -> i64 {
        self.0.ticket
    }

    #[getter]
    fn detail(&self) -> &str {
        &self.0.detail
    }
}

/// Every difference in one symbol.
#[pyfunction]
#[pyo3(signature = (kept, book, *, symbol, magic, point))]
pub(super) fn reconcile(
    kept: Vec<KeptRow>,
    book: &PyBook,
    symbol: &str,
    magic: i64,
    point: f64,
) -> PyResult<Vec<PyDifference>> {
    run(|| {
        let read = |(ticket, side, lots, price, sl, tp): KeptRow| {
            Ok(Kept { ticket, side: side_from(&side)?, lots, price, sl, tp })
        };
        let kept = kept.into_iter().map(read).collect::<crate::Result<Vec<_>>>()?;
        let found = trade::reconcile(&kept, &book.0, symbol, magic, point);
        Ok(found.into_iter().map(PyDifference).collect())
    })
}

/// Profit, mean price and last time of closed parts (time, price, lots, profit); `None` where they are too few.
#[pyfunction]
pub(super) fn account_for(
    opened_lots: f64,
    open_lots: f64,
    parts: Vec<(f64, f64, f64, f64)>,
) -> PyResult<Option<(f64, f64, f64)>> {
    run(|| {
        let read = |(time_s, price, lots, profit)| ClosedPart { time_s, price, lots, profit };
        let parts: Vec<ClosedPart> = parts.into_iter().map(read).collect();
        let accounted = trade::account_for(opened_lots, open_lots, &parts);
        Ok(accounted.map(|sum| (sum.profit, sum.price, sum.closed_s)))
    })
}

/// Whether a broker's report of an execution can be true.
#[pyfunction]
#[pyo3(signature = (price, lots, asked_lots=None))]
pub(super) fn check_execution(price: f64, lots: f64, asked_lots: Option<f64>) -> PyResult<()> {
    run(|| trade::check_execution(price, lots, asked_lots))
}

/// What is left of a volume after some of it was closed.
#[pyfunction]
pub(super) fn lots_left(lots: f64, closed_lots: f64) -> f64 {
    trade::lots_left(lots, closed_lots)
}
