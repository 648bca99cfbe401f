//! What a reader of one format hands over: everything that decides a score, whatever the file looked like.

use super::forest::Forest;
use super::linear::Linear;
use super::link::Link;

/// A parsed model file.
#[derive(Debug, Clone)]
pub(super) struct Parsed {
    /// Name of the format for people, e.g. `LightGBM`.
    pub format: &'static str,
    /// Row → raw scores.
    pub body: Body,
    /// Feature names in column order.
    pub feature_names: Vec<String>,
    /// The objective's name as the file has it, `custom` when it has none.
    pub objective: String,
    /// Raw scores → answers.
    pub link: Link,
    /// How far scores may be off those of the library that trained the model, relative to scores beyond 1; `None` where
    /// raw scores agree by bits and answers within 2 ulp.
    pub tolerance: Option<f64>,
    /// What raw scores are divided by before the link; 1 unless the model averages.
    pub divisor: f64,
}

/// The part of a model that turns a row into raw scores.
#[derive(Debug, Clone)]
pub(super) enum Body {
    /// Trees.
    Forest(Forest),
    /// Weighted sums.
    Linear(Linear),
}
