//! The feature stream: one bar in, one row out.

use numpy::{PyArray1, PyArrayMethods, PyUntypedArrayMethods};
use pyo3::exceptions::PyOverflowError;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyBytes, PyDict, PyType};

use super::errors::{run, unusable};
use super::features::selection;
use super::outputs::{described, is_writable};
use crate::bars::Bar;
use crate::features::ColumnStream;

/// State of the chosen columns after the bars taken so far.
#[pyclass(name = "FeatureStream", module = "mt5_sentinel._core")]
pub(super) struct PyStream(ColumnStream);

/// An open time: an int, or what stands for one.
#[derive(Clone, Copy)]
struct Seconds(i64);

impl<'py> FromPyObject<'_, 'py> for Seconds {
    type Error = PyErr;

    fn extract(given: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        given.extract().map(Self).map_err(|error| {
            let is_large = error.is_instance_of::<PyOverflowError>(given.py());
            let what = if is_large { "too large a number".into() } else { given.get_type().to_string() };
            unusable(&format!("field `timestamp`: {what}; a whole number of unix seconds is needed, an int"))
        })
    }
}

#[pymethods]
impl PyStream {
    #[new]
    #[pyo3(signature = (columns = None))]
    fn new(columns: Option<&Bound<'_, PyAny>>) -> PyResult<Self> {
        Ok(Self(ColumnStream::new(selection(columns)?)))
    }

    #[getter]
    fn columns(&self) -> Vec<&'static str> {
        self.0.selection().specs().map(|spec| spec.name).collect()
    }

    #[getter]
    fn bars_seen(&self) -> u64 {
        self.0.bars_seen()
    }

    #[getter]
    fn last_timestamp(&self) -> Option<i64> {
        self.0.last_time()
    }

    #[allow(clippy::too_many_arguments, reason = "a bar has six fields")]
    fn update<'py>(
        &mut self,
        py: Python<'py>,
        timestamp: Seconds,
        open: f64,
        high: f64,
        low: f64,
        close: f64,
        volume: f64,
    ) -> PyResult<Bound<'py, PyArray1<f64>>> {
        let bar = Bar { time: timestamp.0, open, high, low, close, volume };
        let array = PyArray1::zeros(py, self.0.selection().width(), false);
        let row = row(array.as_any(), array.len())?;
        run(|| self.0.update_into(&bar, row))?;
        Ok(array)
    }

    #[allow(clippy::too_many_arguments, reason = "a bar has six fields")]
    fn update_into(
        &mut self,
        out: &Bound<'_, PyAny>,
        timestamp: Seconds,
        open: f64,
        high: f64,
        low: f64,
        close: f64,
        volume: f64,
    ) -> PyResult<()> {
        let bar = Bar { time: timestamp.0, open, high, low, close, volume };
        let row = row(out, self.0.selection().width())?;
        run(|| self.0.update_into(&bar, row))
    }

    fn copy(&self) -> Self {
        Self(self.0.clone())
    }

    fn __copy__(&self) -> Self {
        self.copy()
    }

    fn __deepcopy__(&self, _memo: &Bound<'_, PyDict>) -> Self {
        self.copy()
    }

    fn to_bytes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        run(|| self.0.to_bytes()).map(|bytes| PyBytes::new(py, &bytes))
    }

    #[staticmethod]
    #[allow(clippy::needless_pass_by_value, reason = "PyO3 extracts arguments by value")]
    fn from_bytes(data: PyBackedBytes) -> PyResult<Self> {
        run(|| ColumnStream::from_bytes(&data)).map(Self)
    }

    /// Pickle makes a new stream and then sets its state, columns included.
    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyType>, (), Bound<'py, PyBytes>)> {
        Ok((py.get_type::<Self>(), (), self.to_bytes(py)?))
    }

    fn __setstate__(&mut self, state: PyBackedBytes) -> PyResult<()> {
        *self = Self::from_bytes(state)?;
        Ok(())
    }

    fn __repr__(&self) -> String {
        format!("FeatureStream({} columns, {} bars seen)", self.0.selection().width(), self.0.bars_seen())
    }
}

/// The caller's array of `width` values as a slice.
///
/// Without numpy's borrow flags, which would cost as much as the row itself.
#[allow(clippy::mut_from_ref, reason = "the array is Python's; see the comment at the unsafe call")]
fn row<'a>(out: &'a Bound<'_, PyAny>, width: usize) -> PyResult<&'a mut [f64]> {
    let fits =
        |array: &&Bound<'_, PyArray1<f64>>| is_writable(array) && array.data().is_aligned() && array.len() == width;
    // SAFETY: the elements are writable and aligned, and `as_slice_mut` refuses gaps. The slice is filled before any
    // Python code can run, and the interpreter is held, so nothing else reads or writes them. What could is a call that
    // has let go of the interpreter to fill the same array (`features(bars, out)` in another thread); two writers of
    // one array are the caller's race in numpy too, and the stub says so.
    let slice = out.cast::<PyArray1<f64>>().ok().filter(fits).map(|array| unsafe { array.as_slice_mut() });
    if let Some(Ok(row)) = slice {
        return Ok(row);
    }
    let found = described(out)?;
    Err(unusable(&format!("`out` is {found}; a writable, contiguous float64 array of shape ({width},) is needed")))
}
