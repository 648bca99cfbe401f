//! Arrays and lists of the caller → columns the core owns, copied once.

use numpy::{PyArray1, PyArrayMethods, PyUntypedArrayMethods};
use pyo3::intern;
use pyo3::prelude::*;

use super::errors::{run, unusable};
use crate::bars::time;

/// A column of numbers as float64.
pub(super) fn floats(name: &str, input: &Bound<'_, PyAny>) -> PyResult<Vec<f64>> {
    if let Some(values) = copied::<f64>(name, input)? {
        return Ok(values);
    }
    converted(name, input, "fiu", "float64")
}

/// A column of unix seconds as int64.
pub(super) fn seconds(input: &Bound<'_, PyAny>) -> PyResult<Vec<i64>> {
    const NAME: &str = "timestamp";
    if let Some(values) = copied::<i64>(NAME, input)? {
        return Ok(values);
    }
    let array = as_array(NAME, input)?;
    // An empty list is an array of floats.
    match kind(&array)?.as_str() {
        "f" if dtype(&array)?.getattr(intern!(input.py(), "itemsize"))?.lt(8)? => {
            let given = dtype(&array)?.str()?;
            Err(unusable(&format!(
                "`{NAME}` is {given}, which cannot hold unix seconds to the second; int64 is needed"
            )))
        }
        "f" => {
            let values = floats(NAME, &array)?;
            run(|| time::whole_seconds(&values))
        }
        "u" => {
            let values: Vec<u64> = converted(NAME, &array, "u", "uint64")?;
            run(|| time::signed_seconds(&values))
        }
        _ => converted(NAME, &array, "i", "int64"),
    }
}

/// The values of a one-dimensional array of this very type whose places lie whole elements apart; `None` for all else.
///
/// A field of a record array may have any distance in bytes, which an array view of the core cannot express.
fn copied<T: numpy::Element + Copy>(name: &str, input: &Bound<'_, PyAny>) -> PyResult<Option<Vec<T>>> {
    let Ok(array) = input.cast_exact::<PyArray1<T>>() else { return Ok(None) };
    if !is_regular::<T>(array) {
        return Ok(None);
    }
    taken(name, array).map(Some)
}

fn is_regular<T: numpy::Element>(array: &Bound<'_, PyArray1<T>>) -> bool {
    let step = isize::try_from(size_of::<T>()).unwrap_or(isize::MAX);
    array.data().is_aligned() && array.strides().iter().all(|stride| stride % step == 0)
}

/// What numpy makes of the input, in a fresh array of the type `target`; `kinds` are the kinds of numbers taken.
fn converted<T: numpy::Element + Copy>(
    name: &str,
    input: &Bound<'_, PyAny>,
    kinds: &str,
    target: &str,
) -> PyResult<Vec<T>> {
    let py = input.py();
    let array = as_array(name, input)?;
    let (kind, ndim) = (kind(&array)?, array.getattr(intern!(py, "ndim"))?.extract::<usize>()?);
    if ndim != 1 || !kinds.contains(&kind) {
        let given = dtype(&array)?.str()?;
        let wanted = if name == "timestamp" { "unix seconds, int64" } else { "float64" };
        let problem = format!("`{name}` is {given} of {ndim} dimensions; a column of shape (n,), {wanted}, is needed");
        return Err(unusable(&problem));
    }
    let fresh = array.call_method1(intern!(py, "astype"), (target,));
    let fresh = fresh.map_err(|error| unusable(&format!("`{name}` cannot be read as {target}: {error}")))?;
    taken(name, fresh.cast::<PyArray1<T>>()?)
}

fn taken<T: numpy::Element + Copy>(name: &str, array: &Bound<'_, PyArray1<T>>) -> PyResult<Vec<T>> {
    let values = array.try_readonly().map_err(|error| unusable(&format!("`{name}`: {error}")))?;
    Ok(values.as_array().to_vec())
}

/// The input as numpy sees it.
fn as_array<'py>(name: &str, input: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let py = input.py();
    // numpy would drop the mask and take what it hides.
    if input.get_type().name()? == "MaskedArray" {
        return Err(unusable(&format!("`{name}` is a masked array; fill or drop what it masks first")));
    }
    let array = py.import(intern!(py, "numpy"))?.call_method1(intern!(py, "asarray"), (input,));
    array.map_err(|error| unusable(&format!("`{name}` is no column of numbers: {error}")))
}

/// The type of an array's elements.
fn dtype<'py>(array: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    array.getattr(intern!(array.py(), "dtype"))
}

/// numpy's letter for the kind of an array's elements.
fn kind(array: &Bound<'_, PyAny>) -> PyResult<String> {
    dtype(array)?.getattr(intern!(array.py(), "kind"))?.extract()
}
