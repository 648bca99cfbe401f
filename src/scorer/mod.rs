//! Floor 2: model files → one flat forest; score one row, score many; refuse what was trained for something else.
//!
//! Text comes in through [`Model::from_bytes`] (any model), [`Model::from_bundle`] or [`Model::from_bare`]
//! (models that may trade). What goes out to a decision is [`Scores`], which cannot hold a half answer.
//!
//! This floor does not know the feature catalogue: the names and the fingerprint a model must fit are handed in as
//! [`Expected`].

mod forest;
mod format;
mod golden;
mod lightgbm;
mod link;
mod manifest;
mod model;
mod onnx;
mod parsed;
mod rows;
mod scores;

pub use forest::Kernel;
pub use golden::{Golden, verify_golden, verify_golden_by};
pub use manifest::{CLASSES, Expected, Manifest, check_trades};
pub use model::{BLOCK_ROWS, Model};
pub use onnx::{OnnxFacts, is_onnx, onnx_facts};
pub use rows::{made_up, read_rows, sequences};
pub use scores::Scores;
