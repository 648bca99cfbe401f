//! Which column of a text file is which: by its header, or by the one form that has none.

use super::rows::Field;
use super::time;
use crate::{Error, Result};

/// Delimiters told apart by counting them in the first line.
const DELIMITERS: [u8; 3] = [b',', b';', b'\t'];

/// Fields of a line of a file without a header: date, time, open, high, low, close, volume.
const HEADERLESS_FIELDS: usize = 7;

/// Where the fields of a row stand.
#[derive(Debug, Default)]
pub(super) struct Columns {
    /// Position, meaning and name of each column that is ours; of a date and a time of day only when they are not
    /// taken together.
    pub(super) fields: Vec<(usize, Field, String)>,
    /// Positions of a date and a time of day that together are the open time.
    pub(super) day_and_clock: Option<(usize, usize)>,
    /// Position of the number of ticks beside a column of volumes, which it stands in for when that is all zero.
    pub(super) ticks: Option<usize>,
    /// Whether a terminal wrote the file, so that times are its broker's.
    pub(super) is_of_terminal: bool,
}

/// Whether the first line names a time and the four prices.
pub(super) fn has_header(text: &[u8]) -> bool {
    let named: Vec<_> = names(text).filter_map(|name| Field::from_name(bare(&name))).collect();
    let has = |field| named.contains(&field);
    (has(Field::Timestamp) || has(Field::Datetime))
        && [Field::Open, Field::High, Field::Low, Field::Close].into_iter().all(has)
}

/// Whether text begins as a terminal's export does, and not as a page.
pub(super) fn is_export(text: &[u8]) -> bool {
    text.get(..6).is_some_and(|start| start.eq_ignore_ascii_case(b"<DATE>"))
}

/// Whether the first line is a row already: date, time of day, four prices and a volume, as MT4 exports them.
pub(super) fn is_headerless(text: &[u8]) -> bool {
    let line: Vec<String> = names(text).collect();
    let [date, clock, numbers @ ..] = line.as_slice() else { return false };
    line.len() == HEADERLESS_FIELDS
        && time::from_day_and_clock(date, clock).is_some()
        && numbers.iter().all(|number| number.parse::<f64>().is_ok())
}

fn names(text: &[u8]) -> impl Iterator<Item = String> + '_ {
    let line = first_line(text);
    let delimiter = delimiter(line);
    let plain = |name: &[u8]| String::from_utf8_lossy(name).trim().trim_matches('"').to_owned();
    line.split(move |byte| *byte == delimiter).map(plain)
}

/// A column's name without the angle brackets of a terminal's export.
fn bare(name: &str) -> &str {
    name.strip_prefix('<').and_then(|name| name.strip_suffix('>')).unwrap_or(name)
}

impl Columns {
    /// The columns of a file without a header.
    pub(super) fn headerless() -> Self {
        let named = [
            ("open", Field::Open),
            ("high", Field::High),
            ("low", Field::Low),
            ("close", Field::Close),
            ("volume", Field::Volume),
        ];
        let fields = named.into_iter().zip(2..).map(|((name, field), at)| (at, field, name.to_owned())).collect();
        Self { fields, day_and_clock: Some((0, 1)), ticks: None, is_of_terminal: true }
    }

    /// The columns a header names. `first` is the first row: beside a `date`, a `time` is the time of day when it looks
    /// like one, and the whole open time otherwise.
    ///
    /// # Errors
    /// [`Error::Malformed`] when two columns mean the same.
    pub(super) fn of_header(header: &::csv::StringRecord, first: &::csv::StringRecord) -> Result<Self> {
        let at = |wanted: &str| header.iter().position(|name| bare(name).eq_ignore_ascii_case(wanted));
        let is_export = header.iter().any(|name| bare(name) != name);
        let day_and_clock =
            at("date").zip(at("time")).filter(|(_, clock)| is_export || first.get(*clock).is_some_and(time::is_clock));
        let mut columns = Self { day_and_clock, ..Self::default() };
        for (position, name) in header.iter().enumerate() {
            if day_and_clock.is_some_and(|(day, clock)| day == position || clock == position) {
                continue;
            }
            let Some(field) = Field::from_name(bare(name)) else { continue };
            let twin = columns.fields.iter().find(|(_, known, _)| *known == field).map(|(_, _, name)| name.as_str());
            let pair = day_and_clock.filter(|_| field == Field::Datetime).and_then(|(day, _)| header.get(day));
            if let Some(twin) = twin.or(pair) {
                let problem = format!("columns `{twin}` and `{name}` mean the same; keep one of them");
                return Err(Error::Malformed {
                    format: "CSV",
                    place: format!("the header, column {}", position + 1),
                    problem,
                });
            }
            columns.fields.push((position, field, name.into()));
        }
        let ticks = at("tick_volume").or_else(|| at("tickvol"));
        columns.is_of_terminal = is_export || (ticks.is_some() && at("spread").is_some());
        columns.choose_volume(ticks, at("real_volume").or_else(|| at("vol").filter(|_| is_export)));
        Ok(columns)
    }

    /// A column `volume` is the volume, or the ticks are where it is all zero, as it is for currencies. Without one the
    /// ticks are, and a terminal's real volume only where there are none: the real one is zero for currencies, and rows
    /// of one symbol must not change their unit from one file to the next.
    fn choose_volume(&mut self, ticks: Option<usize>, real: Option<usize>) {
        if self.fields.iter().any(|(_, field, _)| *field == Field::Volume) {
            self.ticks = ticks;
        } else if let Some(position) = ticks.or(real) {
            self.fields.push((
                position,
                Field::Volume,
                if ticks.is_some() { "tick_volume" } else { "real_volume" }.into(),
            ));
        }
    }
}

pub(super) fn first_line(text: &[u8]) -> &[u8] {
    text.split(|byte| *byte == b'\n').next().unwrap_or_default()
}

pub(super) fn delimiter(line: &[u8]) -> u8 {
    let fields = |delimiter: &u8| line.split(|byte| byte == delimiter).count();
    DELIMITERS.into_iter().rev().max_by_key(fields).unwrap_or(b',')
}
