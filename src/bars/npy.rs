//! What `numpy.save` makes of the array that `copy_rates` answers: one layout, told by its header word for word.

use super::rows::{RawRow, RawRows};
use super::time;
use crate::{Error, Result};

/// First bytes of the format.
pub(super) const MAGIC: &[u8] = b"\x93NUMPY";

/// Header up to the number of rows: the fields of `copy_rates`, little-endian, packed.
const RATES: &str = "{'descr': [('time', '<i8'), ('open', '<f8'), ('high', '<f8'), ('low', '<f8'), ('close', '<f8'), \
                     ('tick_volume', '<u8'), ('spread', '<i4'), ('real_volume', '<u8')], 'fortran_order': False, 'shape': (";

/// Magic, version and the length of the header, which is a u16 in version 1.
const PREFIX_BYTES: usize = 10;

/// Bytes of one row: seven fields of 8 bytes, and the spread.
const ROW_BYTES: usize = 60;

pub(super) fn parse(body: &[u8]) -> Result<RawRows> {
    let Some((&[_, _, _, _, _, _, major, _, low, high], rest)) = body.split_first_chunk::<PREFIX_BYTES>() else {
        return Err(malformed("the header", "the file is cut short"));
    };
    if major != 1 {
        return Err(malformed("the header", "not version 1 of the format; save the array of copy_rates as it came"));
    }
    let Some((header, data)) = rest.split_at_checked(usize::from(u16::from_le_bytes([low, high]))) else {
        return Err(malformed("the header", "the file is cut short"));
    };
    let named = std::str::from_utf8(header).ok().and_then(|text| text.strip_prefix(RATES));
    let Some(count) = named.and_then(|rest| rest.split(',').next()?.parse::<usize>().ok()) else {
        let problem = "not the array of copy_rates with its eight fields; save that one, or write the rows as CSV";
        return Err(malformed("the header", problem));
    };
    if count.checked_mul(ROW_BYTES) != Some(data.len()) {
        let problem =
            format!("{} bytes follow where {count} rows have {ROW_BYTES} each; the file may be cut short", data.len());
        return Err(malformed("the rows", &problem));
    }
    let mut rows = RawRows { is_of_terminal: true, ..RawRows::default() };
    for packed in data.as_chunks::<ROW_BYTES>().0 {
        rows.push(&row(packed, rows.len())?)?;
    }
    Ok(rows)
}

fn row(packed: &[u8; ROW_BYTES], row: usize) -> Result<RawRow> {
    let (fields, _) = packed.as_chunks::<8>();
    let [opened, open, high, low, close, ticks, ..] = fields else { return Err(malformed("the rows", "cut short")) };
    let opened = i64::from_le_bytes(*opened);
    if let Some(problem) = time::seconds_fault(opened) {
        return Err(Error::BadField { row, field: "time".into(), problem });
    }
    let price = |field: &[u8; 8]| Some(f64::from_le_bytes(*field));
    Ok(RawRow {
        timestamp: Some(opened),
        open: price(open),
        high: price(high),
        low: price(low),
        close: price(close),
        volume: Some(u64::from_le_bytes(*ticks) as f64),
        ..RawRow::default()
    })
}

fn malformed(place: &str, problem: &str) -> Error {
    Error::Malformed { format: "npy", place: place.into(), problem: problem.into() }
}
