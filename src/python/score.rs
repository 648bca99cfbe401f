//! Rows of the caller → scores: one row as fast as numpy lets it be, many without the interpreter.

use std::collections::HashSet;

use numpy::ndarray::{ArrayView2, ArrayViewMut2};
use numpy::{
    Element, IntoPyArray, PyArray1, PyArray3, PyArrayDyn, PyArrayMethods, PyReadonlyArrayDyn, PyUntypedArray,
    PyUntypedArrayMethods,
};
use pyo3::exceptions::PyException;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyList, PyString};

use super::engine::{Engine, Shape};
use super::errors::{exception, run, unusable};
use super::outputs::{self, Layout, described, is_regular};
use super::pool;
use crate::scorer::{self, BLOCK_ROWS, Model, made_up};

/// Scores `x` into `out` where that is given, else into a fresh array (n, classes); returns the array.
pub(super) fn score<'py>(
    engine: &Engine,
    x: &Bound<'py, PyAny>,
    raw: bool,
    out: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = x.py();
    if let (Engine::Core(model), Some(out)) = (engine, out)
        && let Some(outcome) = one_row(model, x, raw, out)
    {
        return outcome.map(|()| out.clone());
    }
    let shape = engine.shape();
    let x = numbers(x, engine.feature_names())?;
    let Some(count) = rows_of(x.shape(), shape) else { return Err(misfit(&x, shape)) };
    let answer = match out {
        None => outputs::fresh(py, (count, shape.classes), Layout::Rows).into_any(),
        Some(out) => out.clone(),
    };
    let flat = answer.cast::<PyArray1<f64>>().ok().filter(|flat| count == 1 && flat.len() == shape.classes);
    let target = match flat {
        Some(flat) if is_regular(flat) => flat.reshape([1, shape.classes])?,
        _ => outputs::given(&answer, (count, shape.classes), &format!("scores of rows {:?}", x.shape()))?,
    };
    match engine {
        Engine::Core(model) => {
            let rows = readable(&x)?;
            let mut target = outputs::writable(&target)?;
            let rows = rows.as_array();
            let rows = rows.to_shape((count, shape.width)).map_err(|fault| unusable(&fault.to_string()))?;
            many(py, model, rows.view(), raw, target.as_array_mut())?;
        }
        Engine::Session(session) => {
            // Once taken for writing and let go again: the graph writes through numpy, which asks no more than that.
            drop(outputs::writable(&target)?);
            let x = match (x.ndim(), shape.is_sequence) {
                (3, true) | (2, false) => x.into_any(),
                (_, true) => x.reshape([count, shape.steps, shape.width])?.into_any(),
                (_, false) => x.reshape([count, shape.width])?.into_any(),
            };
            session.score_into(&x, &target, raw)?;
        }
    }
    Ok(answer)
}

/// Contributions of the features to the raw scores of `x`, without the interpreter.
pub(super) fn explain<'py>(engine: &Engine, x: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyArray3<f64>>> {
    let (py, shape) = (x.py(), engine.shape());
    let model = engine.core("Model.explain")?;
    let x = numbers(x, engine.feature_names())?;
    let Some(count) = rows_of(x.shape(), shape) else { return Err(misfit(&x, shape)) };
    let rows = readable(&x)?;
    let rows = rows.as_array();
    let rows = rows.to_shape((count, shape.width)).map_err(|fault| unusable(&fault.to_string()))?;
    let workers = pool::workers()?;
    let parts = py.detach(|| workers.install(|| run(|| model.explain_batch(rows.view()))))?;
    Ok(parts.into_pyarray(py))
}

/// The answer to one row, a list or anything with floats in it.
pub(super) fn score_row(engine: &Engine, row: &Bound<'_, PyAny>) -> PyResult<Vec<f64>> {
    check_names(row, engine.feature_names())?;
    match engine {
        Engine::Core(model) => {
            let row: Vec<f64> = floats(row)?;
            run(|| model.score(&row))
        }
        Engine::Session(session) => session.score_rows(PyList::new(row.py(), [row])?.as_any(), false),
    }
}

/// The answer to `steps` rows, oldest first.
pub(super) fn score_rows(engine: &Engine, rows: &Bound<'_, PyAny>) -> PyResult<Vec<f64>> {
    match engine {
        Engine::Core(model) => match floats::<Vec<Vec<f64>>>(rows)?.as_slice() {
            [row] => run(|| model.score(row)),
            rows => Err(exception(("Unusable", "bad_row"), &format!("{} rows came, the model looks at 1", rows.len()))),
        },
        Engine::Session(session) => session.score_rows(rows, false),
    }
}

/// Lists of numbers, or the refusal that arrays of something else meet.
fn floats<'py, T: FromPyObjectOwned<'py, Error = PyErr>>(given: &Bound<'py, PyAny>) -> PyResult<T> {
    given.extract().map_err(|error: PyErr| {
        let problem = format!("the row cannot be read as float64: {error}");
        if error.is_instance_of::<PyException>(given.py()) {
            exception(("Unusable", "bad_row"), &problem)
        } else {
            error
        }
    })
}

/// One contiguous float64 row into a contiguous float64 output: no array is made and nothing converted. `None` when it
/// is anything else, which the general way then takes or refuses.
fn one_row(model: &Model, x: &Bound<'_, PyAny>, raw: bool, out: &Bound<'_, PyAny>) -> Option<PyResult<()>> {
    let one = |shape: &[usize], len: usize| matches!(*shape, [n] | [1, n] if n == len);
    let x = x.cast_exact::<PyArrayDyn<f64>>().ok().filter(|x| one(x.shape(), model.feature_names().len()))?;
    let out = out.cast_exact::<PyArrayDyn<f64>>().ok().filter(|out| one(out.shape(), model.num_classes()))?;
    let (row, out) = outputs::apart(x, out)?;
    Some(run(|| if raw { model.score_raw_into(row, out) } else { model.score_into(row, out) }))
}

/// Letting go of the interpreter costs more than one row.
#[expect(clippy::needless_pass_by_value, reason = "a view is a pointer and four words; ndarray passes it so")]
fn many(
    py: Python<'_>,
    model: &Model,
    rows: ArrayView2<'_, f64>,
    raw: bool,
    out: ArrayViewMut2<'_, f64>,
) -> PyResult<()> {
    let count = rows.nrows();
    let score = || run(|| model.score_batch_into(rows.view(), raw, out));
    match count {
        0 | 1 => score(),
        2..=BLOCK_ROWS => py.detach(score),
        _ => {
            let workers = pool::workers()?;
            py.detach(|| workers.install(score))
        }
    }
}

/// Number of answers `x` asks for; `None` when it does not fit.
fn rows_of(x: &[usize], shape: Shape) -> Option<usize> {
    let Shape { width, steps, is_sequence, .. } = shape;
    match *x {
        [k] if steps == 1 && k == width => Some(1),
        [n, k] if steps == 1 && k == width => Some(n),
        [t, k] if is_sequence && (t, k) == (steps, width) => Some(1),
        [n, t, k] if is_sequence && (t, k) == (steps, width) => Some(n),
        _ => None,
    }
}

fn misfit(x: &Bound<'_, PyArrayDyn<f64>>, shape: Shape) -> PyErr {
    let Shape { width, steps, .. } = shape;
    let needed = if shape.is_sequence {
        format!("(n, {steps}, {width}), or ({steps}, {width}) for one sequence")
    } else {
        format!("(n, {width}), or ({width},) for one row")
    };
    exception(("Unusable", "bad_row"), &format!("the rows are float64 {:?}; the model needs {needed}", x.shape()))
}

/// `x` as float64, itself where it is that already.
fn numbers<'py>(x: &Bound<'py, PyAny>, names: &[String]) -> PyResult<Bound<'py, PyArrayDyn<f64>>> {
    let py = x.py();
    let is_plain = |array: &&Bound<'py, PyArrayDyn<f64>>| {
        array.data().is_aligned() && array.strides().iter().all(|stride| stride % 8 == 0)
    };
    if let Some(array) = x.cast_exact::<PyArrayDyn<f64>>().ok().filter(is_plain) {
        return Ok(array.clone());
    }
    // numpy would drop the mask and take what it hides.
    if x.get_type().name()? == "MaskedArray" {
        return Err(unusable("the rows are a masked array; fill or drop what it masks first"));
    }
    check_names(x, names)?;
    let refuse = |problem: String| exception(("Unusable", "bad_row"), &problem);
    let array = py.import(intern!(py, "numpy"))?.call_method1(intern!(py, "asarray"), (x,));
    let array = array.map_err(|error| refuse(format!("the rows are no array of numbers: {error}")))?;
    let kind: String = array.getattr(intern!(py, "dtype"))?.getattr(intern!(py, "kind"))?.extract()?;
    if !"fiubO".contains(&kind) {
        return Err(refuse(format!("the rows are {}; numbers are needed", described(&array)?)));
    }
    let fresh = array.call_method1(intern!(py, "astype"), ("float64",));
    let fresh = fresh.map_err(|error| refuse(format!("the rows cannot be read as float64: {error}")))?;
    Ok(fresh.cast_into::<PyArrayDyn<f64>>()?)
}

/// Refuses a table whose columns, or a series whose labels, are not the model's features in their order: positions would
/// be taken for names.
fn check_names(x: &Bound<'_, PyAny>, names: &[String]) -> PyResult<()> {
    if x.is_exact_instance_of::<PyList>() || x.is_instance_of::<PyUntypedArray>() {
        return Ok(());
    }
    let py = x.py();
    if let Ok(columns) = x.getattr(intern!(py, "columns")).and_then(|columns| columns.try_iter()) {
        let columns = columns.collect::<PyResult<Vec<_>>>()?;
        return check_order(&columns, names, ["column", "table", "columns"]);
    }
    // Of a list or a tuple `index` is a method.
    let Ok(index) = x.getattr(intern!(py, "index")) else { return Ok(()) };
    let is_line = x.getattr(intern!(py, "ndim")).and_then(|ndim| ndim.extract::<usize>()).is_ok_and(|ndim| ndim == 1);
    let Some(labels) = index.try_iter().ok().filter(|_| is_line && !index.is_callable()) else { return Ok(()) };
    let labels = labels.collect::<PyResult<Vec<_>>>()?;
    if labels.iter().any(PyAnyMethods::is_instance_of::<PyString>) || holds_all(&labels, names)? {
        return check_order(&labels, names, ["label", "series", "labels"]);
    }
    Ok(())
}

/// Compares what a table or a series calls its values with the model's names; names that a library made up count only
/// where all of them are there.
fn check_order(given: &[Bound<'_, PyAny>], names: &[String], [one, whole, many]: [&str; 3]) -> PyResult<()> {
    if made_up(names) && !holds_all(given, names)? {
        return Ok(());
    }
    let given = texts(given)?;
    let Some(at) = (0..given.len().max(names.len())).find(|at| given.get(*at) != names.get(*at)) else {
        return Ok(());
    };
    let shown = |names: &[String]| names.get(at).map_or("missing".to_owned(), |name| format!("{name:?}"));
    let problem = format!(
        "{one} {at} of the {whole} is {}, of the model {}; select its {many}: score({whole}[model.feature_names])",
        shown(&given),
        shown(names)
    );
    Err(unusable(&problem))
}

fn texts(given: &[Bound<'_, PyAny>]) -> PyResult<Vec<String>> {
    given.iter().map(|name| Ok(name.str()?.to_string())).collect()
}

fn holds_all(given: &[Bound<'_, PyAny>], names: &[String]) -> PyResult<bool> {
    let given: HashSet<String> = texts(given)?.into_iter().collect();
    Ok(names.iter().all(|name| given.contains(name)))
}

fn readable<'py>(x: &Bound<'py, PyArrayDyn<f64>>) -> PyResult<PyReadonlyArrayDyn<'py, f64>> {
    x.try_readonly().map_err(|error| unusable(&format!("the rows: {error}; another call writes into them")))
}

/// Rows of a CSV file as an array (n, features), or (n, steps, features) where an answer looks at several.
#[pyfunction]
#[pyo3(signature = (body, names, steps = None))]
#[allow(clippy::needless_pass_by_value, reason = "PyO3 extracts arguments by value")]
pub(super) fn read_rows<'py>(
    py: Python<'py>,
    body: &[u8],
    names: Vec<String>,
    steps: Option<usize>,
) -> PyResult<Bound<'py, PyAny>> {
    let rows = py.detach(|| run(|| scorer::read_rows(body, &names)))?;
    match steps {
        None => Ok(rows.into_pyarray(py).into_any()),
        Some(steps) => Ok(run(|| scorer::sequences(rows, steps))?.into_pyarray(py).into_any()),
    }
}

/// Copies float64 values into a float32 array of the same shape; what is too large for float32 becomes infinite.
///
/// numpy does it too, and raises a flag for such values that costs more to mask than the copy.
#[pyfunction]
#[allow(clippy::cast_possible_truncation, reason = "the rounding is what this function is for")]
pub(super) fn narrow(x: &Bound<'_, PyArrayDyn<f64>>, out: &Bound<'_, PyArrayDyn<f32>>) -> PyResult<()> {
    copied(x, out, |wide| wide as f32)
}

/// Copies float32 values into a float64 array of the same shape.
#[pyfunction]
pub(super) fn widen(x: &Bound<'_, PyArrayDyn<f32>>, out: &Bound<'_, PyArrayDyn<f64>>) -> PyResult<()> {
    copied(x, out, f64::from)
}

fn copied<A: Element + Copy, B: Element>(
    x: &Bound<'_, PyArrayDyn<A>>,
    out: &Bound<'_, PyArrayDyn<B>>,
    cast: impl Fn(A) -> B,
) -> PyResult<()> {
    if x.shape() != out.shape() {
        return Err(unusable(&format!("{:?} values do not go into {:?}", x.shape(), out.shape())));
    }
    if let Some((x, out)) = outputs::apart(x, out) {
        out.iter_mut().zip(x).for_each(|(out, x)| *out = cast(*x));
        return Ok(());
    }
    let refuse = |error: &dyn std::fmt::Display| unusable(&format!("`out`: {error}"));
    let x = x.try_readonly().map_err(|error| refuse(&error))?;
    let mut out = out.try_readwrite().map_err(|error| refuse(&error))?;
    out.as_array_mut().zip_mut_with(&x.as_array(), |out, x| *out = cast(*x));
    Ok(())
}
