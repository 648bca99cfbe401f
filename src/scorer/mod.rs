//! Floor 2: model files → class scores.
mod scores;
pub use scores::Scores;
