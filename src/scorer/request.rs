//! What may be sent to a hub.

use crate::{Error, Result};

/// Accepts `steps` rows of `width` finite values.
///
/// JSON has no NaN: an encoder writes null or a bare word in its place, and what a server makes of these is its own
/// affair.
///
/// # Errors
/// [`Error::BadRow`] naming the row (0-based) and the column of the first value that is not finite, or the lengths.
pub fn check_request(rows: &[Vec<f64>], steps: usize, width: usize) -> Result<()> {
    if rows.len() != steps {
        return Err(Error::BadRow { row: 0, problem: format!("{} rows, the hub is asked with {steps}", rows.len()) });
    }
    for (row, values) in rows.iter().enumerate() {
        if values.len() != width {
            let problem = format!("{} values, the hub is asked with {width}", values.len());
            return Err(Error::BadRow { row, problem });
        }
        if let Some(column) = values.iter().position(|value| !value.is_finite()) {
            let problem = format!("column {column} is {}, which JSON cannot carry", values[column]);
            return Err(Error::BadRow { row, problem });
        }
    }
    Ok(())
}
