//! `parse`, `clean` and the bar columns.

use std::sync::Arc;

use numpy::{IntoPyArray, PyArray1};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::PyDict;

use super::calendar::PyCalendar;
use super::errors::run;
use super::inputs;
use crate::bars::{self, Bars, Cleaned, Hygiene, RawRows};

/// Rows as they came, judged by nobody yet.
#[pyclass(name = "RawRows", module = "mt5_sentinel._core", frozen)]
pub(super) struct PyRawRows(pub(super) RawRows);

/// Open time in UTC seconds, open, high, low, close, volume.
type Row = (i64, f64, f64, f64, f64, f64);

#[pymethods]
impl PyRawRows {
    #[staticmethod]
    #[allow(clippy::needless_pass_by_value, reason = "PyO3 extracts arguments by value")]
    fn from_rows(rows: Vec<Row>) -> Self {
        let bar = |&(time, open, high, low, close, volume): &Row| bars::Bar { time, open, high, low, close, volume };
        Self(RawRows::from_bars(rows.iter().map(bar)))
    }

    fn __len__(&self) -> usize {
        self.0.len()
    }

    fn usual_interval_s(&self) -> Option<i64> {
        self.0.usual_interval_s()
    }

    #[getter]
    fn is_of_terminal(&self) -> bool {
        self.0.is_of_terminal
    }

    fn in_utc(&self, py: Python<'_>, zone: &str) -> PyResult<Self> {
        py.detach(|| run(|| Ok(self.0.in_utc(&bars::broker_zone::named(zone)?)))).map(Self)
    }

    fn broker_zone(&self, py: Python<'_>, calendar: &PyCalendar) -> PyResult<&'static str> {
        py.detach(|| run(|| bars::broker_zone::found(&self.0, &calendar.0)))
    }
}

/// Clean bars, oldest first.
#[pyclass(name = "Bars", module = "mt5_sentinel._core", frozen)]
pub(super) struct PyBars(pub(super) Arc<Bars>);

type Column<'py> = Bound<'py, PyArray1<f64>>;

#[pymethods]
impl PyBars {
    #[staticmethod]
    fn from_columns(
        py: Python<'_>,
        timestamp: &Bound<'_, PyAny>,
        open: &Bound<'_, PyAny>,
        high: &Bound<'_, PyAny>,
        low: &Bound<'_, PyAny>,
        close: &Bound<'_, PyAny>,
        volume: &Bound<'_, PyAny>,
    ) -> PyResult<Self> {
        let time = inputs::seconds(timestamp)?;
        let (open, high) = (inputs::floats("open", open)?, inputs::floats("high", high)?);
        let (low, close) = (inputs::floats("low", low)?, inputs::floats("close", close)?);
        let volume = inputs::floats("volume", volume)?;
        let bars = py.detach(|| run(|| Bars::from_columns(time, open, high, low, close, volume)))?;
        Ok(Self(Arc::new(bars)))
    }

    fn __len__(&self) -> usize {
        self.0.len()
    }

    fn __repr__(&self) -> String {
        match (self.0.time().first(), self.0.time().last()) {
            (Some(first), Some(last)) => {
                let text = bars::time::to_text;
                format!("Bars({} from {} to {} UTC)", self.0.len(), text(*first), text(*last))
            }
            _ => "Bars(0)".into(),
        }
    }

    #[getter]
    fn timestamp<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<i64>> {
        self.0.time().to_vec().into_pyarray(py)
    }

    #[getter]
    fn open<'py>(&self, py: Python<'py>) -> Column<'py> {
        self.0.open().to_vec().into_pyarray(py)
    }

    #[getter]
    fn high<'py>(&self, py: Python<'py>) -> Column<'py> {
        self.0.high().to_vec().into_pyarray(py)
    }

    #[getter]
    fn low<'py>(&self, py: Python<'py>) -> Column<'py> {
        self.0.low().to_vec().into_pyarray(py)
    }

    #[getter]
    fn close<'py>(&self, py: Python<'py>) -> Column<'py> {
        self.0.close().to_vec().into_pyarray(py)
    }

    #[getter]
    fn volume<'py>(&self, py: Python<'py>) -> Column<'py> {
        self.0.volume().to_vec().into_pyarray(py)
    }

    fn first_open_s(&self) -> Option<i64> {
        self.0.time().first().copied()
    }

    fn last_open_s(&self) -> Option<i64> {
        self.0.last().map(|bar| bar.time)
    }

    fn rows(&self) -> Vec<Row> {
        self.0.iter().map(|bar| (bar.time, bar.open, bar.high, bar.low, bar.close, bar.volume)).collect()
    }
}

/// Clean bars, the bar still forming, and the account of what cleaning did.
#[pyclass(name = "Cleaned", module = "mt5_sentinel._core", frozen)]
pub(super) struct PyCleaned(pub(super) Cleaned);

#[pymethods]
impl PyCleaned {
    fn check_times(&self, interval_s: i64) -> PyResult<()> {
        run(|| self.0.check_times(interval_s))
    }

    fn check_holes(&self, interval_s: i64, calendar: &PyCalendar, slots: i64, share_max: f64) -> PyResult<()> {
        run(|| self.0.check_holes(interval_s, &calendar.0, slots, share_max))
    }

    fn missing_count(&self, py: Python<'_>, interval_s: i64, calendar: &PyCalendar) -> PyResult<i64> {
        py.detach(|| run(|| Ok(self.0.missing_count(interval_s, &calendar.0))))
    }

    fn closed_count(&self, py: Python<'_>, interval_s: i64, calendar: &PyCalendar) -> PyResult<usize> {
        py.detach(|| run(|| Ok(self.0.closed_count(interval_s, &calendar.0))))
    }

    #[getter]
    fn bars(&self) -> PyBars {
        PyBars(Arc::clone(&self.0.bars))
    }

    #[getter]
    fn newest_open_s(&self) -> Option<i64> {
        self.0.bars.last().map(|bar| bar.time)
    }

    #[getter]
    fn last_price(&self) -> PyResult<f64> {
        run(|| self.0.last_price())
    }

    fn checked_price(&self, price: f64, jump_ratio: f64) -> PyResult<f64> {
        run(|| self.0.checked_price(price, jump_ratio))
    }

    #[getter]
    fn report<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let (report, dropped) = (PyDict::new(py), PyDict::new(py));
        dropped.set_item("duplicate", self.0.report.dropped.duplicate())?;
        dropped.set_item("null", self.0.report.dropped.null)?;
        dropped.set_item("invalid", self.0.report.dropped.invalid)?;
        dropped.set_item("forming", self.0.report.dropped.forming)?;
        report.set_item("rows", self.0.report.rows)?;
        report.set_item("bars", self.0.report.bars)?;
        report.set_item("dropped", dropped)?;
        report.set_item("repaired", self.0.report.repaired)?;
        report.set_item("gaps", self.0.report.gaps)?;
        report.set_item("jumps", self.0.report.jumps)?;
        report.set_item("unsorted", self.0.report.unsorted)?;
        report.set_item("duplicate_exact", self.0.report.dropped.duplicate_exact)?;
        report.set_item("duplicate_revised", self.0.report.dropped.duplicate_revised)?;
        report.set_item("time_conflicts", self.0.report.time_conflicts)?;
        Ok(report)
    }
}

/// Reads a body of any format known to the core, gzipped or not, into rows.
#[pyfunction]
pub(super) fn parse(py: Python<'_>, body: &[u8]) -> PyResult<PyRawRows> {
    py.detach(|| run(|| bars::parse(body))).map(PyRawRows)
}

/// Makes the JSON bodies of windows that follow each other one body.
#[pyfunction]
#[allow(clippy::needless_pass_by_value, reason = "PyO3 extracts arguments by value")]
pub(super) fn join_bodies(py: Python<'_>, bodies: Vec<PyBackedBytes>) -> PyResult<Vec<u8>> {
    py.detach(|| run(|| bars::join(&bodies)))
}

/// Cleans rows into closed bars.
#[pyfunction]
#[pyo3(signature = (rows, *, interval_s, now_s, jump_ratio = 0.05))]
pub(super) fn clean(
    py: Python<'_>,
    rows: &PyRawRows,
    interval_s: i64,
    now_s: i64,
    jump_ratio: f64,
) -> PyResult<PyCleaned> {
    let hygiene = Hygiene { interval_s, now_s, jump_ratio };
    py.detach(|| run(|| bars::clean(&rows.0, &hygiene).usable(&hygiene))).map(PyCleaned)
}

/// Reads text (seconds, milliseconds, ISO 8601) as UTC seconds.
#[pyfunction]
pub(super) fn parse_time(text: &str) -> Option<i64> {
    bars::time::from_text(text)
}

/// UTC seconds as text.
#[pyfunction]
pub(super) fn time_text(seconds: i64) -> String {
    bars::time::to_text(seconds)
}
