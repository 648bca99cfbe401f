//! CSV with a header: EODHD's (capitalised, quoted datetime), plain OHLCV, and dumps with `time`/`tick_volume`.

use super::rows::{Field, RawRow, RawRows, is_absent};
use crate::{Error, Result};

/// Delimiters told apart by counting them in the header.
const DELIMITERS: [u8; 3] = [b',', b';', b'\t'];

/// Whether the first line names a time and the four prices.
pub(super) fn has_header(text: &[u8]) -> bool {
    let line = first_line(text);
    let names: Vec<_> = line
        .split(|byte| *byte == delimiter(line))
        .filter_map(|name| Field::from_name(std::str::from_utf8(name).ok()?.trim().trim_matches('"')))
        .collect();
    let has = |field| names.contains(&field);
    (has(Field::Timestamp) || has(Field::Datetime))
        && [Field::Open, Field::High, Field::Low, Field::Close].into_iter().all(has)
}

pub(super) fn parse(text: &[u8]) -> Result<RawRows> {
    let mut reader =
        ::csv::ReaderBuilder::new().delimiter(delimiter(first_line(text))).trim(::csv::Trim::All).from_reader(text);
    let columns = columns(reader.headers().map_err(|error| malformed(&error))?)?;
    let mut rows = RawRows::default();
    let mut record = ::csv::StringRecord::new();
    while reader.read_record(&mut record).map_err(|error| malformed(&error))? {
        let mut row = RawRow::default();
        for (position, field, name) in &columns {
            let value = record.get(*position).unwrap_or_default();
            if is_absent(value) {
                continue;
            }
            row.set_text(*field, value).map_err(|problem| Error::BadField {
                row: rows.len(),
                field: name.clone(),
                problem,
            })?;
        }
        rows.push(&row)?;
    }
    Ok(rows)
}

/// Position, meaning and name of each column that is ours.
fn columns(header: &::csv::StringRecord) -> Result<Vec<(usize, Field, String)>> {
    let mut columns: Vec<(usize, Field, String)> = Vec::new();
    for (position, name) in header.iter().enumerate() {
        let Some(field) = Field::from_name(name) else { continue };
        if let Some((_, _, first)) = columns.iter().find(|(_, known, _)| *known == field) {
            let problem = format!("columns `{first}` and `{name}` mean the same; keep one of them");
            return Err(Error::Malformed {
                format: "CSV",
                place: format!("the header, column {}", position + 1),
                problem,
            });
        }
        columns.push((position, field, name.into()));
    }
    // Terminal dumps have no `volume` but the number of ticks.
    if !columns.iter().any(|(_, field, _)| *field == Field::Volume)
        && let Some(position) = header.iter().position(|name| name.eq_ignore_ascii_case("tick_volume"))
    {
        columns.push((position, Field::Volume, "tick_volume".into()));
    }
    Ok(columns)
}

fn first_line(text: &[u8]) -> &[u8] {
    text.split(|byte| *byte == b'\n').next().unwrap_or_default()
}

fn delimiter(line: &[u8]) -> u8 {
    let fields = |delimiter: &u8| line.split(|byte| byte == delimiter).count();
    DELIMITERS.into_iter().rev().max_by_key(fields).unwrap_or(b',')
}

fn malformed(error: &::csv::Error) -> Error {
    let place = error.position().map_or_else(|| "the header".into(), |at| format!("line {}", at.line()));
    let problem = match error.kind() {
        ::csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("{len} fields where the header has {expected_len}; the file may be cut short")
        }
        ::csv::ErrorKind::Utf8 { .. } => "not UTF-8 text".into(),
        _ => error.to_string(),
    };
    Error::Malformed { format: "CSV", place, problem }
}
