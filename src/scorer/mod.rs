//! Floor 2: model files → one flat forest; score one row, score many; refuse what was trained for something else.
//!
//! Files come in through [`Model::from_bytes`] (any model), [`Bundle::load`] or [`Model::from_bare`]
//! (models that may trade). What goes out to a decision is [`Scores`], which cannot hold a half answer.
//!
//! This floor does not know the feature catalogue: the names and the fingerprint a model must fit are handed in as
//! [`Expected`].

mod bundle;
mod explain;
mod forest;
mod format;
mod lightgbm;
mod linear;
mod link;
mod model;
mod parsed;
mod scores;
mod xgboost;

pub use bundle::{
    Archive, Bundle, CLASSES, Expected, FORMATS, GOLDEN, GoldenSource, Layout, MANIFEST, MODEL_BYTES_MAX, Manifest,
    PrivateKey, PublicKey, SIGNATURE, Source, pack, verify_golden,
};
pub use forest::Kernel;
pub use format::name as format_name;
pub use model::Model;
pub use scores::Scores;
