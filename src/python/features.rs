//! The feature catalogue, the matrix and the newest row.

use std::sync::Arc;

use numpy::PyArray2;
use numpy::ndarray::ArrayViewMut2;
use pyo3::prelude::*;
use rayon::prelude::*;

use super::bars::PyBars;
use super::errors::{misconfigured, run};
use super::outputs::{self, Layout, Threads};
use crate::bars::Bars;
use crate::features as engine;
use crate::features::{NEVER, RowLayout, Selection, Spec};

/// One column of the feature contract.
#[pyclass(name = "FeatureSpec", module = "mt5_sentinel._core", frozen)]
pub(super) struct PySpec(&'static Spec);

#[pymethods]
impl PySpec {
    #[getter]
    fn name(&self) -> &'static str {
        self.0.name
    }

    #[getter]
    fn family(&self) -> &'static str {
        self.0.family
    }

    #[getter]
    fn formula(&self) -> &'static str {
        self.0.formula
    }

    #[getter]
    fn unit(&self) -> &'static str {
        self.0.unit.as_str()
    }

    #[getter]
    fn first_finite(&self) -> usize {
        self.0.first_finite
    }

    #[getter]
    fn settle_bars(&self) -> Option<usize> {
        Some(self.0.settle_bars).filter(|bars| *bars != NEVER)
    }

    #[getter]
    fn range(&self) -> (f64, f64) {
        self.0.range
    }

    #[getter]
    fn nullable(&self) -> bool {
        self.0.nullable
    }

    #[getter]
    fn source(&self) -> &'static str {
        self.0.source
    }

    fn __repr__(&self) -> String {
        format!("FeatureSpec({}: {})", self.0.name, self.0.formula)
    }
}

/// The columns a caller names: nothing (the 22), the name of a catalogue, or a sequence of names.
pub(super) fn selection(columns: Option<&Bound<'_, PyAny>>) -> PyResult<Selection> {
    let Some(columns) = columns else { return Ok(Selection::sentinel_v1()) };
    if let Ok(which) = columns.extract::<&str>() {
        return catalogue_named("columns", which);
    }
    let names: Vec<String> = columns.extract().map_err(|_| {
        misconfigured("`columns` is None, a sequence of column names, or \"sentinel-v1\", \"extended\" or \"all\"")
    })?;
    run(|| Selection::named(&names))
}

fn catalogue_named(argument: &str, which: &str) -> PyResult<Selection> {
    match which {
        "sentinel-v1" => Ok(Selection::sentinel_v1()),
        "extended" => Ok(Selection::extended()),
        "all" => Ok(Selection::all()),
        _ => {
            let hint = if argument == "columns" { "; one column is given as a list of one name" } else { "" };
            let problem = format!("`{argument}` is {which:?}; it is \"sentinel-v1\", \"extended\" or \"all\"{hint}");
            Err(misconfigured(&problem))
        }
    }
}

/// The columns of a catalogue, in order.
#[pyfunction]
#[pyo3(signature = (which = "sentinel-v1"))]
pub(super) fn catalogue(which: &str) -> PyResult<Vec<PySpec>> {
    Ok(catalogue_named("which", which)?.specs().map(PySpec).collect())
}

/// Identity of columns: names, formulas and order.
#[pyfunction]
#[pyo3(signature = (columns = None))]
pub(super) fn fingerprint(columns: Option<&Bound<'_, PyAny>>) -> PyResult<String> {
    Ok(selection(columns)?.fingerprint())
}

/// Bars of history from which every column has settled.
#[pyfunction]
#[pyo3(signature = (columns = None))]
pub(super) fn needed_bars(columns: Option<&Bound<'_, PyAny>>) -> PyResult<Option<usize>> {
    Ok(selection(columns)?.needed_bars())
}

/// Bars of history for a model that looks at so many rows.
#[pyfunction]
pub(super) fn needed_bars_for(steps: usize) -> usize {
    engine::needed_bars_for(steps)
}

/// What is computed: columns, or the older hub's layout.
struct Plan {
    columns: Selection,
    layout: Layout,
}

impl Plan {
    fn new(columns: Option<&Bound<'_, PyAny>>, layout: Layout) -> PyResult<Self> {
        if layout == Layout::Legacy23 && columns.is_some() {
            return Err(misconfigured("`layout` \"legacy23\" has its own 23 columns; leave `columns` out"));
        }
        Ok(Self { columns: selection(columns)?, layout })
    }

    fn shape(&self, bars: &Bars) -> (usize, usize) {
        let is_legacy = self.layout == Layout::Legacy23;
        (bars.len(), if is_legacy { engine::LEGACY_WIDTH } else { self.columns.width() })
    }

    fn write(&self, bars: &Bars, out: ArrayViewMut2<'_, f64>, threads: usize) -> crate::Result<()> {
        match self.layout {
            Layout::Legacy23 => engine::legacy_into(bars, out),
            Layout::Rows | Layout::Columns => engine::batch_selected_parallel(bars, &self.columns, out, threads),
        }
    }
}

/// A pool of one call's own: the global one does not survive a fork, which Python's multiprocessing may do.
fn pool(threads: usize) -> PyResult<rayon::ThreadPool> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    pool.map_err(|error| misconfigured(&format!("`threads`: no threads could be started: {error}")))
}

/// One row per bar.
#[pyfunction]
#[pyo3(signature = (bars, out = None, *, layout = Layout::Rows, columns = None, threads = Threads(1)))]
pub(super) fn features<'py>(
    py: Python<'py>,
    bars: &PyBars,
    out: Option<&Bound<'py, PyAny>>,
    layout: Layout,
    columns: Option<&Bound<'py, PyAny>>,
    threads: Threads,
) -> PyResult<Bound<'py, PyAny>> {
    let plan = Plan::new(columns, layout)?;
    let shape = plan.shape(&bars.0);
    let given = |out| outputs::given(out, shape, "features of these bars");
    let array = out.map_or_else(|| Ok(outputs::fresh(py, shape, layout)), given)?;
    let mut target = outputs::writable(&array)?;
    let view = target.as_array_mut();
    let threads = engine::useful_threads(bars.0.len(), threads.0);
    if threads > 1 {
        let pool = pool(threads)?;
        py.detach(|| run(|| pool.install(|| plan.write(&bars.0, view, threads))))?;
    } else {
        py.detach(|| run(|| plan.write(&bars.0, view, 1)))?;
    }
    drop(target);
    Ok(array.into_any())
}

/// One matrix per symbol, in parallel.
#[pyfunction]
#[pyo3(signature = (bars, *, layout = Layout::Rows, columns = None, threads = None))]
#[allow(clippy::needless_pass_by_value, reason = "PyO3 extracts a sequence by value")]
pub(super) fn features_many<'py>(
    py: Python<'py>,
    bars: Vec<PyRef<'py, PyBars>>,
    layout: Layout,
    columns: Option<&Bound<'py, PyAny>>,
    threads: Option<Threads>,
) -> PyResult<Vec<Bound<'py, PyArray2<f64>>>> {
    let plan = Plan::new(columns, layout)?;
    let bars: Vec<Arc<Bars>> = bars.iter().map(|bars| Arc::clone(&bars.0)).collect();
    let arrays: Vec<_> = bars.iter().map(|bars| outputs::fresh(py, plan.shape(bars), layout)).collect();
    let mut targets: Vec<_> = arrays.iter().map(outputs::writable).collect::<PyResult<_>>()?;
    let views: Vec<_> = bars.iter().zip(targets.iter_mut().map(|target| target.as_array_mut())).collect();
    let available = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let pool = pool(threads.map_or_else(available, |threads| threads.0).min(bars.len()).max(1))?;
    py.detach(|| {
        run(|| pool.install(|| views.into_par_iter().try_for_each(|(bars, view)| plan.write(bars, view, 1))))
    })?;
    drop(targets);
    Ok(arrays)
}

/// The newest bar's row, without the matrix.
#[pyfunction]
#[pyo3(signature = (bars, columns = None))]
pub(super) fn latest(py: Python<'_>, bars: &PyBars, columns: Option<&Bound<'_, PyAny>>) -> PyResult<Vec<f64>> {
    let columns = selection(columns)?;
    py.detach(|| run(|| engine::latest_selected(&bars.0, &columns)))
}

/// Rows of the newest bars, oldest first, without numpy.
#[pyfunction]
#[pyo3(signature = (bars, steps, layout = "catalogue"))]
pub(super) fn latest_rows(py: Python<'_>, bars: &PyBars, steps: usize, layout: &str) -> PyResult<Vec<Vec<f64>>> {
    let Some(layout) = RowLayout::ALL.into_iter().find(|known| known.as_str() == layout) else {
        return Err(misconfigured(&format!(
            "`layout` is {layout:?}; rows are laid out as \"catalogue\" or \"legacy23\""
        )));
    };
    let rows = py.detach(|| run(|| engine::latest_rows(&bars.0, layout, steps)))?;
    Ok(rows.rows().into_iter().map(|row| row.to_vec()).collect())
}
