//! Recorded bars played as if it were now, as Python sees them.

use pyo3::prelude::*;

use super::bars::PyBars;
use super::errors::run;
use super::trade::{PyQuote, PySymbolFacts, quote_side_from};
use crate::trade::{PlayedBar, Recording};

/// Open time, open, high, low, close, ticks, spread in points.
type Row = (i64, f64, f64, f64, f64, f64, i64);

/// A recording of one symbol.
#[pyclass(name = "Recording", module = "mt5_sentinel._core", frozen)]
pub(super) struct PyRecording(Recording);

#[pymethods]
impl PyRecording {
    #[new]
    #[pyo3(signature = (bars, facts, *, interval_s, start_s, shows, spread_points))]
    fn new(
        bars: &PyBars,
        facts: &PySymbolFacts,
        interval_s: i64,
        start_s: i64,
        shows: &str,
        spread_points: f64,
    ) -> PyResult<Self> {
        let bars = bars.0.as_ref().clone();
        run(|| Recording::new(bars, interval_s, start_s, &facts.0, quote_side_from(shows)?, spread_points)).map(Self)
    }

    #[getter]
    fn interval_s(&self) -> i64 {
        self.0.interval_s()
    }

    fn quote(&self, now_s: i64) -> PyResult<PyQuote> {
        run(|| self.0.quote(now_s)).map(PyQuote)
    }

    fn quotes(&self, after_s: i64, until_s: i64, count: usize) -> PyResult<Vec<PyQuote>> {
        Ok(run(|| self.0.quotes(after_s, until_s, count))?.into_iter().map(PyQuote).collect())
    }

    fn bars_at(&self, now_s: i64, start_pos: i64, count: i64) -> PyResult<Vec<Row>> {
        let row = |played: PlayedBar| {
            let bar = played.bar;
            (bar.time, bar.open, bar.high, bar.low, bar.close, bar.volume, played.spread_points)
        };
        run(|| Ok(self.0.bars_at(now_s, start_pos, count).into_iter().map(row).collect()))
    }
}
