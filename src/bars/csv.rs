//! Text with a row a line: EODHD's CSV (capitalised, quoted datetime), plain OHLCV, dumps of `copy_rates`, and what
//! terminals export.

use ::csv::StringRecord;

use super::header::{Columns, delimiter, first_line, is_headerless};
use super::parse::excerpt;
use super::rows::{Field, RawRow, RawRows, is_absent};
use super::time;
use crate::{Error, Result};

pub(super) fn parse(text: &[u8]) -> Result<RawRows> {
    let has_header = !is_headerless(text);
    let mut reader = ::csv::ReaderBuilder::new()
        .delimiter(delimiter(first_line(text)))
        .trim(::csv::Trim::All)
        .has_headers(has_header)
        .from_reader(text);
    let mut record = StringRecord::new();
    let header = if has_header { reader.headers().map_err(|error| malformed(&error))?.clone() } else { record.clone() };
    let mut is_row = reader.read_record(&mut record).map_err(|error| malformed(&error))?;
    let columns = if has_header { Columns::of_header(&header, &record)? } else { Columns::headerless() };

    let mut rows = RawRows { is_of_terminal: columns.is_of_terminal, ..RawRows::default() };
    let mut ticks = Vec::new();
    while is_row {
        let row = row(&record, &columns, rows.len())?;
        rows.push(&row)?;
        if let Some(position) = columns.ticks {
            ticks.push(number(&record, position, "tick_volume", rows.len() - 1)?.unwrap_or(0.0));
        }
        is_row = reader.read_record(&mut record).map_err(|error| malformed(&error))?;
    }
    if columns.ticks.is_some() && rows.volume.iter().all(|volume| *volume == 0.0) {
        rows.volume = ticks;
    }
    Ok(rows)
}

fn row(record: &StringRecord, columns: &Columns, number: usize) -> Result<RawRow> {
    let mut row = RawRow { datetime: open_time(record, columns, number)?, ..RawRow::default() };
    for (position, field, name) in &columns.fields {
        let value = record.get(*position).unwrap_or_default();
        if is_absent(value) {
            continue;
        }
        row.set_text(*field, value).map_err(|problem| Error::BadField { row: number, field: name.clone(), problem })?;
    }
    Ok(row)
}

/// A date and a time of day that came in two columns; either absent means the row has no time.
fn open_time(record: &StringRecord, columns: &Columns, row: usize) -> Result<Option<i64>> {
    let Some((day, clock)) = columns.day_and_clock else { return Ok(None) };
    let [day, clock] = [day, clock].map(|position| record.get(position).unwrap_or_default());
    if is_absent(day) || is_absent(clock) {
        return Ok(None);
    }
    time::from_day_and_clock(day, clock).map(Some).ok_or_else(|| {
        let found = excerpt(format!("{day} {clock}").as_bytes());
        let problem =
            format!("{found:?} is no time; a date such as 2015.03.02 and a time of day such as 13:05 are read");
        Error::BadField { row, field: "date and time".into(), problem }
    })
}

fn number(record: &StringRecord, position: usize, name: &str, row: usize) -> Result<Option<f64>> {
    let mut read = RawRow::default();
    let value = record.get(position).unwrap_or_default();
    if !is_absent(value) {
        let bad = |problem| Error::BadField { row, field: name.into(), problem };
        read.set_text(Field::Volume, value).map_err(bad)?;
    }
    Ok(read.volume)
}

fn malformed(error: &::csv::Error) -> Error {
    let place = error.position().map_or_else(|| "the header".into(), |at| format!("line {}", at.line()));
    let problem = match error.kind() {
        ::csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("{len} fields where the first line has {expected_len}; the file may be cut short")
        }
        ::csv::ErrorKind::Utf8 { .. } => "not UTF-8 text".into(),
        _ => error.to_string(),
    };
    Error::Malformed { format: "CSV", place, problem }
}
