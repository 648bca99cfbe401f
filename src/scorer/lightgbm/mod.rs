//! `LightGBM`'s text format, versions v2 to v4: header, tree blocks, end mark, parameters.
//!
//! **Nothing is guessed.** `LightGBM`'s own reader skips what it does not know and cuts trees out by byte counts without
//! looking; here a key that is unknown, doubled or missing, or a count that does not fit, refuses the file by name.
//! Memory stays a small multiple of the file's size: every array is as long as its text, and counts are only compared.
//!
//! Source: the format as written by `LightGBM` 2.2 to 4.7.

mod fields;
mod header;
mod leaves;
mod tree;

use self::header::Header;
use super::forest::{Forest, Sums};
use super::link::Link;
use super::parsed::{Body, Parsed};
use crate::{Error, Result};

/// Reads a whole model file.
pub(super) fn parse(bytes: &[u8]) -> Result<Parsed> {
    let text = recognise(bytes)?;
    let Some((head, mut rest)) = text.split_once("\n\n") else {
        return Err(bad("header", "no blank line ends it: the file is cut off or not a LightGBM text model"));
    };
    let header = Header::read(head)?;
    let mut forest = Forest::new(header.feature_names.len(), vec![0.0; header.num_class], Sums::Double);
    for (index, &size) in header.tree_sizes.iter().enumerate() {
        // `get` also refuses a size that ends inside a UTF-8 character.
        let Some((block, after)) = rest.get(..size).zip(rest.get(size..)) else {
            let problem = format!("tree_sizes promises {size} bytes, {} are left", rest.len());
            return Err(bad(&format!("tree {index}"), &problem));
        };
        forest
            .push(tree::read(index, block)?, index % header.num_class)
            .map_err(|problem| Error::BadModel { place: format!("tree {index}"), problem })?;
        rest = after;
    }
    check_end(&header.version, rest)?;
    // Random forests divide the sum by the number of iterations; dividing by 1 changes no bit.
    let divisor = if header.average_output { (forest.trees() / header.num_class) as f64 } else { 1.0 };
    Ok(Parsed {
        format: "LightGBM",
        body: Body::Forest(forest),
        feature_names: header.feature_names,
        objective: header.objective,
        link: header.link,
        tolerance: None,
        divisor,
    })
}

/// The file as text, or the name of what it is instead.
fn recognise(bytes: &[u8]) -> Result<&str> {
    let place = "first line";
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(fault) => {
            return Err(bad(&format!("byte {}", fault.valid_up_to()), "not UTF-8, so not a LightGBM text model"));
        }
    };
    if text.starts_with("tree\n") {
        return Ok(text);
    }
    let problem = match text.trim_start().get(..1) {
        _ if text.starts_with("tree\r") => "line ends are CRLF: the file was altered on its way, copy it as binary",
        Some("<") => "this looks like an HTML or XML page, not a LightGBM text model",
        _ => "`tree` was expected: not a LightGBM text model, or its beginning is lost",
    };
    Err(bad(place, problem))
}

/// The end mark must follow the last tree at once, and a parameters block, once begun, must end.
fn check_end(version: &str, rest: &str) -> Result<()> {
    // LightGBM before 2.3 wrote no mark; there the importances follow the trees.
    let marked = rest.starts_with("end of trees\n") || version == "v2" && rest.starts_with("\nfeature importances:\n");
    if !marked {
        let problem = if rest.starts_with("Tree=") {
            "more trees follow than tree_sizes lists"
        } else {
            "`end of trees` is missing: the file is cut off, or tree_sizes does not fit its trees"
        };
        return Err(bad("after the last tree", problem));
    }
    let mut lines = rest.lines().skip_while(|line| *line != "parameters:");
    if lines.next().is_some() && !lines.any(|line| line == "end of parameters") {
        return Err(bad("parameters", "`end of parameters` is missing: the file is cut off"));
    }
    match rest.lines().find_map(|line| line.strip_prefix("pandas_categorical:")) {
        Some(lists) => check_pandas(lists),
        None => Ok(()),
    }
}

/// A model trained on pandas' categories was trained on their codes; only where these are the values themselves does a
/// row of values say what the model learnt from.
fn check_pandas(lists: &str) -> Result<()> {
    const PLACE: &str = "`pandas_categorical`";
    let lists: Option<Vec<Vec<serde_json::Value>>> = serde_json::from_str(lists)
        .map_err(|_| bad(PLACE, "it is no list of lists of categories: the file is cut off or altered"))?;
    let is_code = |(code, category): (usize, &serde_json::Value)| category.as_u64() == Some(code as u64);
    let lists = lists.unwrap_or_default();
    match lists.iter().position(|categories| !categories.iter().enumerate().all(is_code)) {
        None => Ok(()),
        Some(at) => {
            let problem = "are not 0, 1, 2 …: the model was trained on pandas' codes for them, and rows hold values; train \
                           it on integer codes of your own";
            Err(bad(PLACE, &format!("the categories of its column {at} {problem}")))
        }
    }
}

fn bad(place: &str, problem: &str) -> Error {
    Error::BadModel { place: place.to_owned(), problem: problem.to_owned() }
}
