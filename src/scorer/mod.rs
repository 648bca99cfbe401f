//! Floor 2: model files → one flat forest; score one row, score many; refuse what was trained for something else.
//!
//! Text comes in through [`Model::from_bytes`] (any model), [`Model::from_bundle`] or [`Model::from_bare`]
//! (models that may trade). What goes out to a decision is [`Scores`], which cannot hold a half answer.
//!
//! This floor does not know the feature catalogue: the names and the fingerprint a model must fit are handed in as
//! [`Expected`].

mod explain;
mod forest;
mod format;
mod golden;
mod lightgbm;
mod linear;
mod link;
mod manifest;
mod model;
mod parsed;
mod scores;
mod xgboost;

pub use forest::Kernel;
pub use golden::verify_golden;
pub use manifest::{CLASSES, Expected, Manifest};
pub use model::Model;
pub use scores::Scores;
