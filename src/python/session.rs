//! ONNX graphs: opened and run by `mt5_sentinel.onnx_model`, which alone imports the `onnxruntime` wheel.

use numpy::{PyArray2, PyArrayMethods};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::engine::Shape;
use super::errors::run;
use crate::scorer::onnx_facts;

/// A graph ready to run, and what it said of itself when it was opened.
pub(super) struct Session {
    graph: Py<PyAny>,
    pub(super) shape: Shape,
    pub(super) feature_names: Vec<String>,
    pub(super) kind: &'static str,
    pub(super) sha256: String,
}

impl Session {
    /// Opens a graph after its file is seen to be whole.
    pub(super) fn open(py: Python<'_>, model: &[u8]) -> PyResult<Self> {
        let facts = run(|| onnx_facts(model))?;
        let class = py.import("mt5_sentinel.onnx_model")?.getattr("OnnxGraph")?;
        let graph = class.call1((PyBytes::new(py, model), facts.takes_nan()))?;
        let feature_names: Vec<String> = graph.getattr("feature_names")?.extract()?;
        let shape = Shape {
            width: feature_names.len(),
            steps: graph.getattr("steps")?.extract()?,
            is_sequence: graph.getattr("is_sequence")?.extract()?,
            classes: graph.getattr("num_classes")?.extract()?,
        };
        let sha256 = graph.getattr("sha256")?.extract()?;
        Ok(Self { graph: graph.unbind(), shape, feature_names, kind: facts.kind(), sha256 })
    }

    /// Scores `x`, float64 of the graph's own number of axes, into `out`, float64 (n, classes).
    pub(super) fn score_into(&self, x: &Bound<'_, PyAny>, out: &Bound<'_, PyAny>, raw: bool) -> PyResult<()> {
        let graph = self.graph.bind(x.py());
        graph.call_method1(intern!(x.py(), "score_into"), (x, out, raw)).map(|_| ())
    }

    /// The answer to `steps` rows that lie end to end, or are a list of lists.
    pub(super) fn score_rows(&self, rows: &Bound<'_, PyAny>, raw: bool) -> PyResult<Vec<f64>> {
        self.graph.bind(rows.py()).call_method1(intern!(rows.py(), "score_rows"), (rows, raw))?.extract()
    }

    /// [`Session::score_rows`] for rows of the core.
    pub(super) fn score_window(&self, py: Python<'_>, rows: &[f64], raw: bool) -> PyResult<Vec<f64>> {
        let rows = numpy::PyArray1::from_slice(py, rows);
        self.score_rows(rows.reshape((self.shape.steps, self.shape.width))?.as_any(), raw)
    }

    /// The answer to rows of zeros.
    pub(super) fn answer_to_zeros(&self, py: Python<'_>) -> PyResult<Vec<f64>> {
        let zeros = PyArray2::<f64>::zeros(py, (self.shape.steps, self.shape.width), false);
        self.score_rows(zeros.as_any(), false)
    }
}
