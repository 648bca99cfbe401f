//! Arrays for the core to write into: fresh ones by layout, or the caller's once they are seen to fit.

use numpy::ndarray::Dimension;
use numpy::npyffi::{_PyArray_GET_ITEM_DATA, NPY_ARRAY_WRITEABLE};
use numpy::{Element, PyArray, PyArray2, PyArrayMethods, PyReadwriteArray2, PyUntypedArray, PyUntypedArrayMethods};
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

/// The caller's array as one of `shape`, which `what` needs.
///
/// # Errors
/// `Unusable`, with both shapes, when it is no float64 array of that shape; also when it cannot be written, when its
/// elements overlap or do not lie whole elements apart, or when another call writes into it.
pub(super) fn given<'py>(
    out: &Bound<'py, PyAny>,
    shape: (usize, usize),
    what: &str,
) -> PyResult<Bound<'py, PyArray2<f64>>> {
    let fits = out.cast::<PyArray2<f64>>().ok().filter(|array| array.shape() == [shape.0, shape.1]);
    let Some(array) = fits else {
        return Err(unusable(&format!("`out` is {}; {what} need float64 {shape:?}", described(out)?)));
    };
    if !is_regular(array) {
        return Err(unusable("the elements of `out` overlap or lie unaligned; give an array of its own memory"));
    }
    Ok(array.clone())
}

/// Type and shape of an array, or the class of anything else.
pub(super) fn described(object: &Bound<'_, PyAny>) -> PyResult<String> {
    Ok(match object.cast::<PyUntypedArray>() {
        Ok(array) => format!("{} {}", array.dtype(), array.getattr("shape")?),
        Err(_) => object.get_type().to_string(),
    })
}

/// The array for as long as the core writes into it.
pub(super) fn writable<'py>(array: &Bound<'py, PyArray2<f64>>) -> PyResult<PyReadwriteArray2<'py, f64>> {
    array.try_readwrite().map_err(|error| unusable(&format!("`out`: {error}")))
}

/// An input and an output as slices; `None` unless both are aligned, in one piece in C order and apart from each other,
/// and the output writable.
///
/// Without numpy's borrow flags, which would cost more than a row of a small model.
#[allow(clippy::mut_from_ref, reason = "the arrays are Python's; see the comment at the unsafe calls")]
pub(super) fn apart<'a, A: Element, B: Element, D: Dimension>(
    input: &'a Bound<'_, PyArray<A, D>>,
    out: &'a Bound<'_, PyArray<B, D>>,
) -> Option<(&'a [A], &'a mut [B])> {
    let reads = input.data().is_aligned() && input.is_c_contiguous();
    let writes = out.data().is_aligned() && out.is_c_contiguous() && is_writable(out);
    let (input_end, out_end) = (input.data().wrapping_add(input.len()), out.data().wrapping_add(out.len()));
    let are_apart = input_end.cast::<u8>() <= out.data().cast() || out_end.cast::<u8>() <= input.data().cast();
    if !(reads && writes && are_apart) {
        return None;
    }
    // SAFETY: both are aligned and in one piece, no element is in both, and `out` may be written. The slices are used
    // before any Python code can run, and the interpreter is held, so nothing else reads or writes them. What could is a
    // call that has let go of the interpreter to fill the same array in another thread; two writers of one array are
    // the caller's race in numpy too.
    unsafe { Some((input.as_slice().ok()?, out.as_slice_mut().ok()?)) }
}

/// Whether numpy lets anyone write into an array.
pub(super) fn is_writable<A: Element, D: Dimension>(array: &Bound<'_, PyArray<A, D>>) -> bool {
    // SAFETY: the flags of a live array are read while the interpreter is held.
    let flags = unsafe { (*_PyArray_GET_ITEM_DATA(array.as_array_ptr())).flags };
    flags & NPY_ARRAY_WRITEABLE != 0
}

/// Whether no two elements share memory and all lie whole elements apart.
pub(super) fn is_regular<D: Dimension>(array: &Bound<'_, PyArray<f64, D>>) -> bool {
    let size = size_of::<f64>();
    let mut axes: Vec<(usize, usize)> =
        array.strides().iter().map(|stride| stride.unsigned_abs()).zip(array.shape().iter().copied()).collect();
    axes.retain(|(_, len)| *len > 1);
    axes.sort_unstable();
    let apart = |extent: usize, (stride, len): (usize, usize)| (stride >= extent).then(|| stride * (len - 1) + extent);
    let is_empty = array.len() == 0;
    is_empty
        || array.data().is_aligned()
            && axes.iter().all(|(stride, _)| stride % size == 0)
            && axes.into_iter().try_fold(size, apart).is_some()
}
