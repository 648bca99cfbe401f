//! Rows to score, as a CSV file holds them.

use std::collections::HashSet;

use csv::ByteRecord;
use ndarray::{Array2, Array3};

use crate::bars::inflated;
use crate::{Error, Result};

/// Names told of those that are missing.
const NAMES_SHOWN: usize = 5;

/// Reads rows of a CSV file → (rows, `names.len()`), columns in the order of `names`.
///
/// A first line with a cell that is no number, or with all of the names as text (which may be numbers: `2020`), is a
/// header: columns are then matched by name, whatever their order, and others are left aside. Without one, columns are
/// `names` by position; so they are under a header of text alone that has none of the names when a library made these
/// up (`Column_0`, `f0`, `0` …). An empty cell, `nan`, `NA` or `NULL` is NaN; `inf` and `-inf` are what they say. A
/// UTF-8 byte order mark is skipped, and so are empty lines; the file may be gzipped.
///
/// # Errors
/// [`Error::BadField`] naming row (0-based, the header not counted) and column of a cell that is no number;
/// [`Error::BadRow`] for a row of another number of cells; [`Error::BadRows`] when there is no row, when the header
/// lacks a name or has it twice, or when the file is no CSV; [`Error::Malformed`] when it is gzipped and damaged.
pub fn read_rows(body: &[u8], names: &[String]) -> Result<Array2<f64>> {
    let unpacked = inflated(body)?;
    let body: &[u8] = &unpacked;
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(body);
    let mut record = ByteRecord::new();
    if !next(&mut reader, &mut record)? {
        return Err(bad("there are no rows".to_owned()));
    }
    let has_header = record.iter().any(|cell| number(cell).is_none()) || holds_all(&record, names);
    let columns = if has_header { positions(&record, names)? } else { (0..names.len()).collect() };
    let width = if has_header { record.len() } else { names.len() };
    let mut is_left = !has_header || next(&mut reader, &mut record)?;
    // A cell and what parts it take two bytes at least, so the capacity is never more than the file's size.
    let mut values = Vec::with_capacity(body.len() / 16);
    let mut row = 0;
    while is_left {
        if record.len() != width {
            let problem = format!("{} cells where {width} are expected", record.len());
            return Err(Error::BadRow { row, problem });
        }
        for (name, column) in names.iter().zip(&columns) {
            values.push(number(&record[*column]).ok_or_else(|| not_a_number(row, name, &record[*column]))?);
        }
        row += 1;
        is_left = next(&mut reader, &mut record)?;
    }
    Array2::from_shape_vec((row, names.len()), values).map_err(|fault| bad(fault.to_string()))
}

/// Rows as sequences of `steps`, one behind the other → (sequences, `steps`, columns).
///
/// # Errors
/// [`Error::BadRows`] when the rows are no whole number of sequences.
pub fn sequences(rows: Array2<f64>, steps: usize) -> Result<Array3<f64>> {
    let (count, width) = rows.dim();
    if steps == 0 || !count.is_multiple_of(steps) {
        return Err(bad(format!("{count} rows are no whole number of sequences of {steps}")));
    }
    let shaped = rows.into_shape_with_order((count / steps, steps, width));
    shaped.map_err(|fault| bad(fault.to_string()))
}

fn next(reader: &mut csv::Reader<&[u8]>, record: &mut ByteRecord) -> Result<bool> {
    reader.read_byte_record(record).map_err(|fault| bad(format!("not a CSV file: {fault}")))
}

/// Whether every name stands in the line: a plain table's names are numbers, and so is then each cell of its header.
fn holds_all(line: &ByteRecord, names: &[String]) -> bool {
    let cells: HashSet<&[u8]> = line.iter().map(<[u8]>::trim_ascii).collect();
    !names.is_empty() && names.iter().all(|name| cells.contains(name.as_bytes()))
}

/// Where each name stands in the header.
fn positions(header: &ByteRecord, names: &[String]) -> Result<Vec<usize>> {
    let cells: Vec<&[u8]> = header.iter().map(<[u8]>::trim_ascii).collect();
    let place = |name: &String| cells.iter().position(|cell| *cell == name.as_bytes());
    let missing: Vec<&str> = names.iter().filter(|name| place(name).is_none()).map(String::as_str).collect();
    if missing.len() == names.len() && cells.len() == names.len() && made_up(names) {
        // With a number among the text it is a damaged row rather than a header, and must not be dropped.
        let text = cells.iter().position(|cell| number(cell).is_none());
        if let Some(at) = text.filter(|_| cells.iter().any(|cell| number(cell).is_some())) {
            return Err(not_a_number(0, &names[at], cells[at]));
        }
        return Ok((0..names.len()).collect());
    }
    if !missing.is_empty() {
        let more = if missing.len() > NAMES_SHOWN { " …" } else { "" };
        let shown: Vec<String> = missing.iter().take(NAMES_SHOWN).map(|name| shortened(name.as_bytes())).collect();
        let (count, all) = (missing.len(), names.len());
        let problem = format!("the header lacks {count} of the model's {all} features: {}{more}", shown.join(", "));
        return Err(bad(problem));
    }
    let twice = names.iter().find(|name| cells.iter().filter(|cell| **cell == name.as_bytes()).nth(1).is_some());
    if let Some(name) = twice {
        return Err(bad(format!("the header names `{}` more than once", shortened(name.as_bytes()))));
    }
    Ok(names.iter().filter_map(place).collect())
}

/// Whether a library made the names up because the model was trained without: position is then all there is.
#[must_use]
pub fn made_up(names: &[String]) -> bool {
    ["Column_", "f", ""].iter().any(|stem| names.iter().enumerate().all(|(i, name)| *name == format!("{stem}{i}")))
}

/// `None` for what is no number.
fn number(cell: &[u8]) -> Option<f64> {
    let cell = cell.trim_ascii();
    if cell.is_empty() || cell.eq_ignore_ascii_case(b"na") || cell.eq_ignore_ascii_case(b"null") {
        return Some(f64::NAN);
    }
    std::str::from_utf8(cell).ok()?.parse().ok()
}

fn not_a_number(row: usize, name: &str, cell: &[u8]) -> Error {
    let problem = format!("{:?} is not a number", shortened(cell));
    Error::BadField { row, field: shortened(name.as_bytes()), problem }
}

fn shortened(text: &[u8]) -> String {
    String::from_utf8_lossy(text).chars().take(40).collect()
}

fn bad(problem: String) -> Error {
    Error::BadRows { problem }
}
