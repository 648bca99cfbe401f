//! What stands behind a `Model`: the core, or a graph that the `onnxruntime` wheel runs.

use pyo3::prelude::*;

use super::errors::{exception, run};
use super::session::Session;
use crate::features::{self, RowLayout};
use crate::scorer::{
    Expected, Golden, Manifest, Model, Scores, check_trades, is_onnx, made_up, verify_golden, verify_golden_by,
};

/// How far a graph's probabilities may be off those of the trainer's machine: they are sums in float32.
const ONNX_TOLERANCE: f64 = 1e-5;

/// A model of either kind.
pub(super) enum Engine {
    Core(Box<Model>),
    Session(Session),
}

/// What `x` must look like.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    /// Values of a row.
    pub(super) width: usize,
    /// Rows an answer looks at.
    pub(super) steps: usize,
    /// Whether `x` has an axis of its own for them.
    pub(super) is_sequence: bool,
    /// Scores of an answer.
    pub(super) classes: usize,
}

impl Engine {
    /// Reads a model file of any format.
    pub(super) fn open(py: Python<'_>, model: &[u8]) -> PyResult<Self> {
        if is_onnx(model) {
            Session::open(py, model).map(Self::Session)
        } else {
            run(|| Model::from_bytes(model)).map(|model| Self::Core(Box::new(model)))
        }
    }

    /// The core's model, for what only that can do.
    ///
    /// # Errors
    /// `Misconfigured` for a graph; `what` is the start of the sentence.
    pub(super) fn core(&self, what: &str) -> PyResult<&Model> {
        match self {
            Self::Core(model) => Ok(model),
            Self::Session(_) => {
                Err(exception(("Misconfigured", "bad_model"), &format!("{what} is not there for ONNX models")))
            }
        }
    }

    pub(super) fn shape(&self) -> Shape {
        match self {
            Self::Core(model) => {
                Shape { width: model.feature_names().len(), steps: 1, is_sequence: false, classes: model.num_classes() }
            }
            Self::Session(session) => session.shape,
        }
    }

    pub(super) fn feature_names(&self) -> &[String] {
        match self {
            Self::Core(model) => model.feature_names(),
            Self::Session(session) => &session.feature_names,
        }
    }

    pub(super) fn sha256(&self) -> &str {
        match self {
            Self::Core(model) => model.sha256(),
            Self::Session(session) => &session.sha256,
        }
    }

    pub(super) fn format(&self) -> &str {
        match self {
            Self::Core(model) => model.format(),
            Self::Session(_) => "ONNX",
        }
    }

    /// The objective, or what kind of graph it is.
    pub(super) fn objective(&self) -> &str {
        match self {
            Self::Core(model) => model.objective(),
            Self::Session(session) => session.kind,
        }
    }

    pub(super) fn num_trees(&self) -> usize {
        match self {
            Self::Core(model) => model.num_trees(),
            Self::Session(_) => 0,
        }
    }

    /// How the rows are laid out that the daemon must feed; `None` for columns it does not know.
    pub(super) fn layout(&self) -> Option<RowLayout> {
        RowLayout::of(self.feature_names())
    }

    /// Gives a graph without names of its own those of its bundle.
    pub(super) fn name_by(&mut self, manifest: &Manifest) {
        if let Self::Session(session) = self
            && made_up(&session.feature_names)
            && session.feature_names.len() == manifest.features.len()
        {
            session.feature_names.clone_from(&manifest.features);
        }
    }

    /// Refuses a bundle that speaks of other rows than the model looks at.
    ///
    /// # Errors
    /// `Misconfigured` naming `features` or `steps` of the manifest.
    pub(super) fn check_rows(&self, manifest: &Manifest) -> PyResult<()> {
        run(|| manifest.check_rows(self.feature_names(), self.shape().steps))
    }

    /// Refuses what may not trade.
    ///
    /// # Errors
    /// `Misconfigured` naming what does not fit.
    pub(super) fn check_trades(&self, py: Python<'_>) -> PyResult<()> {
        let layout = self.layout().filter(|_| matches!(self, Self::Session(_))).unwrap_or(RowLayout::Catalogue);
        let columns = layout.column_names();
        let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
        let expected = Expected { feature_names: &columns, fingerprint: &features::fingerprint() };
        let (objective, is_distribution) = match self {
            Self::Core(model) => (model.objective().to_owned(), model.is_distribution()),
            Self::Session(session) => {
                let answer = session.answer_to_zeros(py)?;
                (format!("an answer of {answer:?} to zeros"), Scores::from_slice(&answer).is_ok())
            }
        };
        run(|| check_trades(self.feature_names(), self.shape().classes, (&objective, is_distribution), &expected))
    }

    /// Replays golden rows.
    ///
    /// # Errors
    /// `Misconfigured` naming the row and class that differ.
    pub(super) fn verify_golden(&self, py: Python<'_>, rows_csv: &[u8]) -> PyResult<usize> {
        let session = match self {
            Self::Core(model) => return run(|| verify_golden(model, rows_csv)),
            Self::Session(session) => session,
        };
        let golden = Golden {
            feature_names: &session.feature_names,
            classes: session.shape.classes,
            steps: session.shape.steps,
            tolerance: Some(ONNX_TOLERANCE),
        };
        let mut fault = None;
        let replayed = run(|| {
            verify_golden_by(&golden, rows_csv, |rows, raw| {
                session.score_window(py, rows, raw).map_err(|error| {
                    let problem = error.value(py).to_string();
                    fault = Some(error);
                    crate::Error::BadRow { row: 0, problem }
                })
            })
        });
        fault.map_or(replayed, Err)
    }
}
