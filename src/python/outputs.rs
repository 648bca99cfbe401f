//! Arrays for the core to write into: fresh ones by layout, or the caller's once they are seen to fit.

use numpy::{PyArray2, PyArrayMethods, PyReadwriteArray2, PyUntypedArray, PyUntypedArrayMethods};
use pyo3::prelude::*;

use super::errors::{misconfigured, unusable};

/// How a matrix lies in memory, and whether it is the older hub's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    Rows,
    Columns,
    Legacy23,
}

impl<'py> FromPyObject<'_, 'py> for Layout {
    type Error = PyErr;

    fn extract(given: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        match given.extract::<&str>() {
            Ok("rows") => Ok(Self::Rows),
            Ok("columns") => Ok(Self::Columns),
            Ok("legacy23") => Ok(Self::Legacy23),
            _ => Err(misconfigured(&format!(
                "`layout` is {}; it is \"rows\", \"columns\" or \"legacy23\"",
                given.repr()?
            ))),
        }
    }
}

/// Number of threads the caller allows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Threads(pub(super) usize);

impl<'py> FromPyObject<'_, 'py> for Threads {
    type Error = PyErr;

    fn extract(given: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        match given.extract::<usize>() {
            Ok(threads) if threads > 0 => Ok(Self(threads)),
            _ => Err(misconfigured(&format!("`threads` is {}; it is a whole number of at least 1", given.repr()?))),
        }
    }
}

/// A fresh array; `Columns` puts the values of one column next to each other.
pub(super) fn fresh(py: Python<'_>, shape: (usize, usize), layout: Layout) -> Bound<'_, PyArray2<f64>> {
    PyArray2::zeros(py, shape, layout == Layout::Columns)
}

/// The caller's array as one of `shape`.
///
/// # Errors
/// `Unusable`, with both shapes, when it is no float64 array of that shape; also when it cannot be written, when its
/// elements overlap or do not lie whole elements apart, or when another call writes into it.
pub(super) fn given<'py>(out: &Bound<'py, PyAny>, shape: (usize, usize)) -> PyResult<Bound<'py, PyArray2<f64>>> {
    let needed = format!("features of these bars need float64 {shape:?}");
    let fits = out.cast::<PyArray2<f64>>().ok().filter(|array| array.shape() == [shape.0, shape.1]);
    let Some(array) = fits else {
        let found = match out.cast::<PyUntypedArray>() {
            Ok(array) => format!("{} {}", array.dtype(), array.getattr("shape")?),
            Err(_) => out.get_type().to_string(),
        };
        return Err(unusable(&format!("`out` is {found}; {needed}")));
    };
    if !is_regular(array) {
        return Err(unusable("the elements of `out` overlap or lie unaligned; give an array of its own memory"));
    }
    Ok(array.clone())
}

/// The array for as long as the core writes into it.
pub(super) fn writable<'py>(array: &Bound<'py, PyArray2<f64>>) -> PyResult<PyReadwriteArray2<'py, f64>> {
    array.try_readwrite().map_err(|error| unusable(&format!("`out`: {error}")))
}

/// Whether no two elements share memory and all lie whole elements apart.
fn is_regular(array: &Bound<'_, PyArray2<f64>>) -> bool {
    let size = size_of::<f64>();
    let mut axes: Vec<(usize, usize)> =
        array.strides().iter().map(|stride| stride.unsigned_abs()).zip(array.shape().iter().copied()).collect();
    axes.retain(|(_, len)| *len > 1);
    axes.sort_unstable();
    let apart = |needed: usize, (stride, len): (usize, usize)| (stride >= needed).then(|| stride * len);
    array.data().is_aligned()
        && axes.iter().all(|(stride, _)| stride % size == 0)
        && axes.into_iter().try_fold(size, apart).is_some()
}
