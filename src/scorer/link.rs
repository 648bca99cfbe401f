//! From a model's raw sum to the answer its objective promises.

use crate::scorer::excerpt::excerpt;
use crate::{Error, Result};

/// How raw scores become answers, in `LightGBM`'s own order of operations so that the bits agree with it; `XGBoost`
/// computes the same in single precision.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Link {
    /// Raw score as it is.
    Identity,
    /// exp(x - max) / Σ over the classes.
    Softmax,
    /// 1 / (1 + exp(-factor · x)), each class on its own.
    Sigmoid(f64),
    /// log(1 + exp(x)).
    LogOnePlusExp,
    /// exp(x).
    Exp,
    /// sign(x) · x²: undoes a square-root transform of the target.
    SignedSquare,
    /// 1 where x > 0, else 0.
    Step,
}

impl Link {
    /// Reads `LightGBM`'s `objective=` line, e.g. `multiclass num_class:3`; `None` (a custom objective) is identity.
    ///
    /// `classes` is the header's `num_class`, which the objective must agree with.
    pub fn from_lightgbm(objective: Option<&str>, classes: usize) -> Result<Self> {
        let mut words = objective.unwrap_or("custom").split_ascii_whitespace();
        let name = words.next().unwrap_or("");
        let arguments: Vec<&str> = words.collect();
        let sqrt = arguments.contains(&"sqrt");
        let link = match name {
            "multiclass" => Self::Softmax,
            "multiclassova" | "binary" => Self::Sigmoid(sigmoid_factor(&arguments)?),
            "cross_entropy" => Self::Sigmoid(1.0),
            "cross_entropy_lambda" => Self::LogOnePlusExp,
            "poisson" | "gamma" | "tweedie" => Self::Exp,
            "regression" | "regression_l1" | "huber" | "fair" | "quantile" | "mape" if sqrt => Self::SignedSquare,
            "regression" | "regression_l1" | "huber" | "fair" | "quantile" | "mape" | "lambdarank" | "rank_xendcg"
            | "custom" => Self::Identity,
            _ => return Err(bad(format!("unknown objective {:?}", excerpt(name)))),
        };
        match name {
            "custom" => {}
            "multiclass" | "multiclassova" => {
                let stated = argument(&arguments, "num_class:").and_then(|count| count.parse().ok());
                if stated != Some(classes) || classes < 2 {
                    return Err(bad(format!(
                        "`{name}` states {stated:?} classes, the header says num_class={classes}"
                    )));
                }
            }
            _ if classes != 1 => return Err(bad(format!("`{name}` has one output, the header says {classes}"))),
            _ => {}
        }
        Ok(link)
    }

    /// Turns one row's raw scores into answers, in place.
    pub fn apply(self, scores: &mut [f64]) {
        match self {
            Self::Identity => {}
            // The three classes of a trading model without a loop.
            Self::Softmax => match <&mut [f64; 3]>::try_from(&mut *scores) {
                Ok(three) => softmax(three),
                Err(_) => softmax(scores),
            },
            Self::Sigmoid(factor) => each(scores, |x| 1.0 / (1.0 + (-factor * x).exp())),
            Self::LogOnePlusExp => each(scores, |x| x.exp().ln_1p()),
            Self::Exp => each(scores, f64::exp),
            Self::SignedSquare => each(scores, |x| sign(x) * x * x),
            Self::Step => each(scores, |x| f64::from(u8::from(x > 0.0))),
        }
    }
}

fn each(scores: &mut [f64], answer: impl Fn(f64) -> f64) {
    for score in scores {
        *score = answer(*score);
    }
}

/// 1, 0 or -1; `f64::signum` has no 0.
fn sign(x: f64) -> f64 {
    f64::from(i8::from(x > 0.0) - i8::from(x < 0.0))
}

#[inline(always)]
fn softmax<S: AsMut<[f64]> + ?Sized>(scores: &mut S) {
    let scores = scores.as_mut();
    let largest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut sum = 0.0;
    for x in scores.iter_mut() {
        *x = (*x - largest).exp();
        sum += *x;
    }
    each(scores, |x| x / sum);
}

fn argument<'a>(arguments: &[&'a str], key: &str) -> Option<&'a str> {
    arguments.iter().find_map(|argument| argument.strip_prefix(key))
}

fn sigmoid_factor(arguments: &[&str]) -> Result<f64> {
    let text = argument(arguments, "sigmoid:").ok_or_else(|| bad("`sigmoid:` is missing".to_owned()))?;
    match text.parse::<f64>() {
        Ok(factor) if factor.is_finite() && factor > 0.0 => Ok(factor),
        _ => Err(bad(format!("sigmoid {:?} is not a positive number", excerpt(text)))),
    }
}

fn bad(problem: String) -> Error {
    Error::BadModel { place: "header, `objective`".to_owned(), problem }
}
