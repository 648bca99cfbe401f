//! Linear models: logistic and linear regression, in a small TOML of our own; docs/MODELS.md describes it.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::link::Link;
use super::parsed::{Body, Parsed};
use crate::{Error, Result};

/// The one format this build reads.
const FORMAT: &str = "mt5-sentinel-linear-1";

/// The file, every key of it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: String,
    kind: String,
    features: Vec<String>,
    intercept: Vec<f64>,
    coefficients: Vec<Vec<f64>>,
    mean: Option<Vec<f64>>,
    scale: Option<Vec<f64>>,
    fill: Option<Vec<f64>>,
}

/// Scores that are weighted sums of a row's standardised values.
#[derive(Debug, Clone)]
pub(super) struct Linear {
    /// One per output.
    intercept: Vec<f64>,
    /// Output after output, one per column.
    coefficients: Vec<f64>,
    /// One per column.
    columns: Vec<Column>,
}

/// How a value of a column is read.
#[derive(Debug, Clone, Copy)]
struct Column {
    mean: f64,
    /// Never 0.
    scale: f64,
    /// What stands in for a missing value; NaN when nothing does.
    fill: f64,
}

impl Column {
    fn standardised(self, value: f64) -> f64 {
        let value = if value.is_nan() { self.fill } else { value };
        (value - self.mean) / self.scale
    }
}

impl Linear {
    /// Scores per row, at least 1.
    pub fn outputs(&self) -> usize {
        self.intercept.len()
    }

    /// Writes the raw scores of rows laid end to end; the caller has checked the lengths.
    pub fn sum_rows(&self, rows: &[f64], out: &mut [f64]) {
        let rows = rows.chunks_exact(self.columns.len()).zip(out.chunks_exact_mut(self.outputs()));
        for (row, scores) in rows {
            scores.copy_from_slice(&self.intercept);
            self.terms(row, |output, _, term| scores[output] += term);
        }
    }

    /// Writes coefficient · standardised value per output and column, then the intercept, of rows laid end to end.
    pub fn explain_rows(&self, rows: &[f64], out: &mut [f64]) {
        let width = self.columns.len();
        let outs = out.chunks_exact_mut(self.outputs() * (width + 1));
        for (row, out) in rows.chunks_exact(width).zip(outs) {
            self.terms(row, |output, column, term| out[output * (width + 1) + column] = term);
            for (line, intercept) in out.chunks_exact_mut(width + 1).zip(&self.intercept) {
                line[width] = *intercept;
            }
        }
    }

    /// Calls `take` with output, column and term, column after column.
    fn terms(&self, row: &[f64], mut take: impl FnMut(usize, usize, f64)) {
        for (at, (value, column)) in row.iter().zip(&self.columns).enumerate() {
            let value = column.standardised(*value);
            for output in 0..self.outputs() {
                take(output, at, self.coefficients[output * self.columns.len() + at] * value);
            }
        }
    }
}

/// Whether the first line that says anything sets the key `format`.
pub(super) fn recognised(bytes: &[u8]) -> bool {
    let mut lines = bytes.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let first = lines.find(|line| !line.is_empty() && !line.starts_with(b"#"));
    let rest = first.and_then(|line| line.strip_prefix(b"format")).map(<[u8]>::trim_ascii_start);
    rest.is_some_and(|rest| rest.starts_with(b"="))
}

/// Whether `coefficients` comes last: any other key may be left out, and nobody would miss it in a file that is cut off.
fn check_order(text: &str) -> Result<()> {
    let mut keys = text.lines().filter_map(|line| line.split_once('=')).map(|(key, _)| key.trim());
    match keys.rfind(|key| !key.starts_with('#')) {
        Some("coefficients") => Ok(()),
        last => {
            let found = excerpt(last.unwrap_or("nothing"), 40);
            let problem = format!("the last key is `{found}`; `coefficients` comes last, so that a cut is noticed");
            Err(bad("file", problem))
        }
    }
}

/// Reads a whole model file.
pub(super) fn parse(bytes: &[u8]) -> Result<Parsed> {
    let text = std::str::from_utf8(bytes)
        .map_err(|fault| bad(&format!("byte {}", fault.valid_up_to()), "not UTF-8 text".to_owned()))?;
    let file: File = toml::from_str(text).map_err(|fault| {
        let start = fault.span().map_or(0, |span| span.start);
        let line = text.bytes().take(start).filter(|byte| *byte == b'\n').count() + 1;
        bad(&format!("line {line}"), excerpt(fault.message(), 160))
    })?;
    check_order(text)?;
    if file.format != FORMAT {
        return Err(bad("`format`", format!("{:?}; {FORMAT:?} is supported", excerpt(&file.format, 40))));
    }
    let features = check_names(&file.features)?;
    let link = link(&file.kind, file.intercept.len())?;
    finite("`intercept`", &file.intercept)?;
    if file.coefficients.len() != file.intercept.len() {
        let problem =
            format!("{} lists for the {} values of `intercept`", file.coefficients.len(), file.intercept.len());
        return Err(bad("`coefficients`", problem));
    }
    for (output, list) in file.coefficients.iter().enumerate() {
        column_values(&format!("`coefficients`, list {output}"), list, features)?;
    }
    let columns = columns(&file, features)?;
    Ok(Parsed {
        format: "Linear",
        body: Body::Linear(Linear { intercept: file.intercept, coefficients: file.coefficients.concat(), columns }),
        feature_names: file.features,
        objective: file.kind,
        link,
        // Libraries sum in an order of their own.
        tolerance: Some(1e-12),
        divisor: 1.0,
    })
}

/// The number of features, at least one, all different and named.
fn check_names(names: &[String]) -> Result<usize> {
    let mut seen = BTreeSet::new();
    if let Some(at) = names.iter().position(|name| name.is_empty() || !seen.insert(name)) {
        let problem = format!("position {at} is {:?}: empty, or there twice", excerpt(&names[at], 40));
        return Err(bad("`features`", problem));
    }
    if names.is_empty() { Err(bad("`features`", "no name in it".to_owned())) } else { Ok(names.len()) }
}

fn link(kind: &str, outputs: usize) -> Result<Link> {
    let (link, fits, needed) = match kind {
        "softmax" => (Link::Softmax, outputs >= 2, "two or more"),
        "logistic" => (Link::Sigmoid(1.0), outputs == 1, "one"),
        "linear" => (Link::Identity, outputs >= 1, "one or more"),
        _ => {
            let problem = format!("{:?}; softmax, logistic and linear are supported", excerpt(kind, 40));
            return Err(bad("`kind`", problem));
        }
    };
    if fits {
        return Ok(link);
    }
    Err(bad("`intercept`", format!("{outputs} values, a {kind} model has {needed}")))
}

fn columns(file: &File, features: usize) -> Result<Vec<Column>> {
    let list = |place: &str, list: &Option<Vec<f64>>, otherwise: f64| match list {
        Some(list) => column_values(place, list, features).map(|()| list.clone()),
        None => Ok(vec![otherwise; features]),
    };
    let mean = list("`mean`", &file.mean, 0.0)?;
    let scale = list("`scale`", &file.scale, 1.0)?;
    let stand_in = list("`fill`", &file.fill, f64::NAN)?;
    if let Some(at) = scale.iter().position(|scale| *scale == 0.0) {
        return Err(bad("`scale`", format!("value {at} is 0, by which nothing can be divided")));
    }
    let columns = mean.into_iter().zip(scale).zip(stand_in);
    Ok(columns.map(|((mean, scale), fill)| Column { mean, scale, fill }).collect())
}

/// Refuses a list that does not hold one finite value per feature.
fn column_values(place: &str, list: &[f64], features: usize) -> Result<()> {
    if list.len() != features {
        return Err(bad(place, format!("{} values for {features} features", list.len())));
    }
    finite(place, list)
}

fn finite(place: &str, list: &[f64]) -> Result<()> {
    match list.iter().position(|value| !value.is_finite()) {
        Some(at) => Err(bad(place, format!("value {at} is {}, which is not finite", list[at]))),
        None => Ok(()),
    }
}

/// The first characters of a text, for a message of bounded length.
fn excerpt(text: &str, length: usize) -> String {
    text.chars().take(length).collect()
}

fn bad(place: &str, problem: String) -> Error {
    Error::BadModel { place: format!("linear model, {place}"), problem }
}
