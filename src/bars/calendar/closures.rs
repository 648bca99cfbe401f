//! The caller's own holidays, one a line.

use std::collections::BTreeMap;

use chrono::{Datelike, NaiveDate, NaiveTime};

use super::holidays::Closing;
use super::session::usual_close;
use crate::{Error, Result};

/// Session days that close early or do not open, by New York date.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Closures(BTreeMap<NaiveDate, Closing>);

impl Closures {
    /// Reads `2026-12-24` (closed) and `2026-12-24 13:00` (closes then); of two lines for a day the earlier close
    /// counts.
    pub(super) fn read(lines: &[&str]) -> Result<Self> {
        let mut days = BTreeMap::new();
        for line in lines {
            let (day, closing) = read(line.trim()).map_err(|fault| refusal(line, fault))?;
            days.entry(day).and_modify(|known: &mut Closing| *known = closing.min(*known)).or_insert(closing);
        }
        Ok(Self(days))
    }

    /// What the caller says of a session day.
    pub(super) fn on(&self, day: NaiveDate) -> Option<Closing> {
        self.0.get(&day).copied()
    }
}

fn read(line: &str) -> std::result::Result<(NaiveDate, Closing), &'static str> {
    let (day, time) = line.split_once(' ').map_or((line, None), |(day, time)| (day, Some(time.trim_start())));
    let day = NaiveDate::parse_from_str(day, "%Y-%m-%d").ok().filter(|_| day.len() == 10).ok_or("no such date")?;
    if !(1971..2100).contains(&day.year()) {
        return Err("the year is not within 1971 to 2099");
    }
    let Some(time) = time else { return Ok((day, Closing::AllDay)) };
    let early =
        NaiveTime::parse_from_str(time, "%H:%M").ok().filter(|_| time.len() == 5).ok_or("no such time of day")?;
    if Some(early) >= usual_close() {
        return Err("the market closes at 17:00 anyway, and what opens then is the next date's session");
    }
    Ok((day, Closing::At(early)))
}

fn refusal(line: &str, fault: &str) -> Error {
    let given: String = line.chars().take(40).collect();
    let problem = format!(
        "{given:?}: {fault}; a New York date is expected, `2026-12-24`, or with the time at which \
                           the market closes, `2026-12-24 13:00`"
    );
    Error::BadSetting { field: "holidays", problem }
}
