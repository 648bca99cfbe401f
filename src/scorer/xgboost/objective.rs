//! What an objective does to `base_score` on the way in and to margins on the way out.

use super::Link;

/// What an objective decides.
pub(super) struct Objective {
    /// Margins → answers.
    pub link: Link,
    /// `base_score` → the margin every sum starts from.
    pub base: Base,
    /// Whether the outputs are classes that exclude each other.
    pub is_multiclass: bool,
}

/// How `base_score` becomes a margin; the same in all versions, but for the rounding of extreme probabilities.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Base {
    /// It is one.
    Margin,
    /// Its logit.
    Probability,
    /// Its logarithm.
    Mean,
}

/// Nearest that 3.2 and later let a probability come to 0 and to 1.
const PROBABILITY_MIN: f32 = 1e-6;

impl Objective {
    /// The objective of this name; `None` for one that is not known.
    ///
    /// Both multi-class objectives answer probabilities here: `multi:softmax` only differs by taking the largest.
    pub fn named(name: &str) -> Option<Self> {
        let (link, base) = match name {
            "binary:logistic" | "reg:logistic" => (Link::Sigmoid(1.0), Base::Probability),
            "multi:softprob" | "multi:softmax" => (Link::Softmax, Base::Margin),
            "count:poisson" | "reg:gamma" | "reg:tweedie" | "survival:cox" | "survival:aft" => (Link::Exp, Base::Mean),
            "binary:hinge" => (Link::Step, Base::Margin),
            "binary:logitraw"
            | "reg:squarederror"
            | "reg:linear"
            | "reg:absoluteerror"
            | "reg:pseudohubererror"
            | "reg:squaredlogerror"
            | "reg:quantileerror"
            | "rank:pairwise"
            | "rank:ndcg"
            | "rank:map" => (Link::Identity, Base::Margin),
            _ => return None,
        };
        Some(Self { link, base, is_multiclass: link == Link::Softmax })
    }
}

impl Base {
    /// The margin of a `base_score`, in single precision as the library computes it; the error says what is accepted.
    ///
    /// `version` is the file's (major, minor). The logarithm is the platform's, as it is the library's: the bits are
    /// equal to the library's on the same machine.
    pub fn margin(self, base_score: f32, version: (i32, i32)) -> Result<f32, &'static str> {
        if !base_score.is_finite() {
            return Err("it must be finite");
        }
        let margin = match self {
            Self::Margin => base_score,
            Self::Probability if (0.0..=1.0).contains(&base_score) => {
                let limits = (PROBABILITY_MIN, 1.0 - PROBABILITY_MIN);
                let score = if version < (3, 2) { base_score } else { base_score.clamp(limits.0, limits.1) };
                -(1.0 / score - 1.0).ln()
            }
            Self::Probability => return Err("this objective needs a probability"),
            Self::Mean => base_score.ln(),
        };
        if margin.is_finite() { Ok(margin) } else { Err("its margin is not finite") }
    }
}
