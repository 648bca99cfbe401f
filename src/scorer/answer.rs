//! The answer of a hub (an `MLflow` scoring server) to one row → [`Scores`], or an error naming what came.

use super::Scores;
use super::excerpt::{both_ends, one_line};
use super::strict_json::{Json, keys_shown, parse};
use crate::{Error, Result};

/// No answer to one row comes near this, in bytes; a larger one is not looked at.
pub const ANSWER_BYTES_MAX: usize = 1 << 16;

/// Names under which an answer may hold the three probabilities, in the order sell, hold, buy; exactly so spelled.
const NAMES: [[&str; 3]; 2] = [["class_0_prob", "class_1_prob", "class_2_prob"], ["sell", "hold", "buy"]];

/// Characters told of each end of a server's own message: `MLflow` quotes the input between the two.
const MESSAGE_CHARS: usize = 120;

/// Characters told of the last line of a traceback, and of a body that is something else.
const LINE_CHARS: usize = 120;

/// What the configuration says a prediction is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerForm {
    /// Probabilities of sell, hold and buy.
    Classes,
    /// The probability of a rise, alone.
    PUp,
}

impl AnswerForm {
    /// The form by its name in the configuration.
    ///
    /// # Errors
    /// [`Error::BadSetting`] for a name that is neither `classes` nor `p_up`.
    pub fn named(name: &str) -> Result<Self> {
        match name {
            "classes" => Ok(Self::Classes),
            "p_up" => Ok(Self::PUp),
            _ => Err(Error::BadSetting {
                field: "hub_answer",
                problem: format!("{:?} is none of classes, p_up", one_line(name, LINE_CHARS)),
            }),
        }
    }
}

/// Reads the answer to one row: a JSON object with `predictions` alone.
///
/// With [`AnswerForm::Classes`]: `[[sell, hold, buy]]`, or a list of one object with the three keys `class_0_prob`,
/// `class_1_prob`, `class_2_prob` or `sell`, `hold`, `buy`, spelled exactly so, and no other. With
/// [`AnswerForm::PUp`]: p, `[p]` or `[[p]]`, which becomes [1 - p, 0, p]. Nothing is guessed, padded or normalised.
///
/// # Errors
/// [`Error::BadAnswer`] naming what came, in one line of bounded length: another shape, a value that is no finite
/// number in 0..=1, a sum further than 1e-3 from 1, a bare NaN, an error object of `MLflow`, an HTML page.
pub fn read_answer(body: &[u8], form: AnswerForm) -> Result<Scores> {
    let bad = |problem: String| Error::BadAnswer { problem };
    let members = members(body).map_err(bad)?;
    if let Some(error) = mlflow_error(&members) {
        return Err(bad(format!("an error came instead of predictions: {error}")));
    }
    let predictions = match members.as_slice() {
        [(key, value)] if key == "predictions" => value,
        _ => return Err(bad(format!("an object with {} came, `predictions` alone is needed", keys_shown(&members)))),
    };
    let values = match form {
        AnswerForm::Classes => class_values(predictions),
        AnswerForm::PUp => p_up(predictions).map(|up| around(up).to_vec()),
    };
    Scores::from_slice(&values.map_err(bad)?).map_err(|fault| match fault {
        Error::BadScores { problem } => bad(problem),
        other => other,
    })
}

/// What a body that comes with a failing status says: `MLflow`'s code, message and last line of its traceback, or what
/// else the body is; one line of bounded length.
#[must_use]
pub fn failure_text(body: &[u8]) -> String {
    match members(body).map(|members| mlflow_error(&members)) {
        Ok(Some(error)) => error,
        Ok(None) => foreign(body).unwrap_or_else(|| "an object that is no error of MLflow".to_owned()),
        Err(problem) => foreign(body).unwrap_or(problem),
    }
}

/// The body as the members of a JSON object.
fn members(body: &[u8]) -> std::result::Result<Vec<(String, Json)>, String> {
    if body.len() > ANSWER_BYTES_MAX {
        return Err(format!("{} bytes came, {ANSWER_BYTES_MAX} at most are the answer to one row", body.len()));
    }
    match body.trim_ascii_start().first() {
        None => return Err("an empty body came".to_owned()),
        Some(b'<') => return Err(format!("an HTML or XML page came ({:?})", head(body))),
        Some(_) => {}
    }
    match parse(body)? {
        Json::Object(members) => Ok(members),
        other => Err(format!("{} came, an object with `predictions` is needed", other.shown())),
    }
}

/// The beginning of a body that is no JSON object.
fn foreign(body: &[u8]) -> Option<String> {
    let first = *body.trim_ascii_start().first()?;
    match first {
        b'{' => None,
        b'<' => Some(format!("an HTML or XML page: {:?}", head(body))),
        _ => Some(format!("{:?}", head(body))),
    }
}

fn head(body: &[u8]) -> String {
    // A character takes four bytes at most.
    let cut = &body[..body.len().min(LINE_CHARS * 4 + 4)];
    one_line(&String::from_utf8_lossy(cut), LINE_CHARS)
}

/// `MLflow`'s error object in one line.
fn mlflow_error(members: &[(String, Json)]) -> Option<String> {
    let text = |wanted: &str| {
        members.iter().find_map(|(key, value)| match value {
            Json::Text(text) if key == wanted => Some(text.as_str()),
            _ => None,
        })
    };
    let code = text("error_code")?;
    let message = text("message").map(|message| format!(": {}", both_ends(message, MESSAGE_CHARS, MESSAGE_CHARS)));
    // The message of a model's exception is always the same; what went wrong ends the traceback.
    let last = text("stack_trace").and_then(|trace| trace.lines().rfind(|line| !line.trim().is_empty()));
    let last = last.map(|last| format!(" ({})", one_line(last.trim(), LINE_CHARS)));
    Some(one_line(code, 40) + &message.unwrap_or_default() + &last.unwrap_or_default())
}

/// The three values of the one row, or what came instead.
fn class_values(predictions: &Json) -> std::result::Result<Vec<f64>, String> {
    let Json::Array(rows) = predictions else {
        return Err(format!("`predictions` is {}, [[sell, hold, buy]] is needed", predictions.shown()));
    };
    match rows.as_slice() {
        [Json::Number(alone)] => Err(one_alone(*alone)),
        [Json::Array(values)] => match values.as_slice() {
            [Json::Number(alone)] => Err(one_alone(*alone)),
            values => values.iter().enumerate().map(|(at, value)| number(&format!("[{at}]"), value)).collect(),
        },
        [Json::Object(members)] => by_name(members),
        [other] => Err(format!("the prediction is {}, [sell, hold, buy] is needed", other.shown())),
        rows => Err(format!("{} predictions came for 1 row; [[sell, hold, buy]] is needed", rows.len())),
    }
}

fn one_alone(value: f64) -> String {
    let hint = "hub_answer = \"p_up\" if it is the probability of a rise";
    format!("the number {value} came alone, [sell, hold, buy] is needed ({hint})")
}

fn by_name(members: &[(String, Json)]) -> std::result::Result<Vec<f64>, String> {
    let value = |name: &str| members.iter().find(|(key, _)| key == name).map(|(_, value)| value);
    for names in NAMES {
        let found: Vec<(&str, &Json)> = names.iter().filter_map(|name| Some((*name, value(name)?))).collect();
        if found.len() == names.len() && members.len() == names.len() {
            return found.into_iter().map(|(name, value)| number(&format!("`{name}`"), value)).collect();
        }
    }
    let needed = NAMES.map(|names| names.join(", ")).join(" or ");
    Err(format!("the prediction has {}; exactly {needed} are needed", keys_shown(members)))
}

/// The probability of a rise, in as many brackets as `MLflow` puts around one value.
fn p_up(predictions: &Json) -> std::result::Result<f64, String> {
    let value = match predictions {
        Json::Array(rows) => match rows.as_slice() {
            [Json::Array(values)] => match values.as_slice() {
                [value] => value,
                _ => return Err(format!("{} values came, the probability of a rise alone is needed", values.len())),
            },
            [value] => value,
            _ => return Err(format!("{} predictions came for 1 row; one is needed", rows.len())),
        },
        value => value,
    };
    let up = number("the probability of a rise", value)?;
    if (0.0..=1.0).contains(&up) {
        Ok(up)
    } else {
        Err(format!("the probability of a rise is {up}, a number in 0..=1 is needed"))
    }
}

/// P(up) → [sell, hold, buy].
fn around(up: f64) -> [f64; 3] {
    [1.0 - up, 0.0, up]
}

fn number(place: &str, value: &Json) -> std::result::Result<f64, String> {
    match value {
        Json::Number(number) => Ok(*number),
        other => Err(format!("{place} is {}, a number is needed", other.shown())),
    }
}
