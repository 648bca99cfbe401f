//! Floor 2: model files → one flat forest; score one row, score many; refuse what was trained for something else.
//!
//! Files come in through [`Model::from_bytes`] (any model), [`Bundle::load`] or [`Model::from_bare`]
//! (models that may trade). What goes out to a decision is [`Scores`], which cannot hold a half answer.
//!
//! This floor does not know the feature catalogue: the names and the fingerprint a model must fit are handed in as
//! [`Expected`].

mod answer;
mod bundle;
mod excerpt;
mod explain;
mod forest;
mod format;
mod lightgbm;
mod linear;
mod link;
mod model;
mod onnx;
mod parsed;
mod request;
mod rows;
mod scores;
mod strict_json;
mod xgboost;

pub use answer::{ANSWER_BYTES_MAX, AnswerForm, failure_text, read_answer};
pub use bundle::{
    Archive, Bundle, CLASSES, Expected, GOLDEN, Golden, GoldenSource, Layout, MANIFEST, MODEL_BYTES_MAX, Manifest,
    PrivateKey, PublicKey, SIGNATURE, Source, check_trades, pack, verify_golden, verify_golden_by,
};
pub use forest::Kernel;
pub use format::Format;
pub use model::{BLOCK_ROWS, Model};
pub use onnx::{OnnxFacts, is_onnx, onnx_facts};
pub use request::check_request;
pub use rows::{made_up, read_rows, sequences};
pub use scores::Scores;
