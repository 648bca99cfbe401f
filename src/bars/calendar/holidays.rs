//! Days on which a market does not keep its weekly hours: rules by year, no list of years.
//!
//! A session day is named by the New York date it ends on; closed means closed from 17:00 of the day before. Where
//! brokers differ, the market is taken to be *open*, so that missing data is told as a fault and not excused:
//!
//! - Currencies on 24 December: some brokers close between 12:00 and 15:00, others trade until 17:00: open.
//! - Currencies on 31 December: the years of bars these rules were checked with end at 17:00: open.
//! - Currencies in the night to 25 December: one feed of those goes on quoting until 03:00, the terminals' do not:
//!   closed with the whole day, the one place where a bar may lie in closed time.
//! - Currencies on Good Friday and on holidays of the United States: thin, and open.
//! - Metals on holidays of the United States: until 2021 the exchange closed at 13:00, since then at 14:30 (13:00 when
//!   the day is a Friday): 14:30 throughout.

use chrono::{Datelike, Days, NaiveDate, NaiveTime, Weekday};

use super::Session;

/// How a session day ends before its time. In this order the least is the one that closes earlier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Closing {
    /// It does not open.
    AllDay,
    /// It closes at this New York time.
    At(NaiveTime),
}

/// Which day of a year.
#[derive(Clone, Copy)]
enum Date {
    /// Month and day, wherever in the week; on a weekend it closes nothing.
    Fixed(u32, u32),
    /// Month and day; from a Sunday it moves to Monday.
    NotSunday(u32, u32),
    /// Month and day; from a Saturday it moves to Friday, from a Sunday to Monday.
    Nearest(u32, u32),
    /// The so-manieth weekday of a month.
    Nth(u32, u8, Weekday),
    /// The last Monday of May.
    LastMondayOfMay,
    /// The day after the fourth Thursday of November.
    AfterThanksgiving,
    /// Two days before Easter.
    GoodFriday,
}

/// Hour and minute of an early close, New York; `None` closes the day.
type Early = Option<(u32, u32)>;

struct Rule {
    session: Session,
    date: Date,
    early: Early,
    /// First year it was kept.
    since: i32,
}

const fn rule(session: Session, date: Date, early: Early, since: i32) -> Rule {
    Rule { session, date, early, since }
}

use Session::{Fx, Metal};
/// Holidays of the United States, on which metals trade for half a day.
const HALF: Early = Some((14, 30));
/// The exchange's shorter days beside Christmas and Thanksgiving.
const EVE: Early = Some((13, 45));

const RULES: [Rule; 14] = [
    rule(Fx, Date::Fixed(12, 25), None, 0),
    rule(Fx, Date::Fixed(1, 1), None, 0),
    // Christmas on a Saturday is kept on Friday, New Year's Day on a Saturday is not.
    rule(Metal, Date::Nearest(12, 25), None, 0),
    rule(Metal, Date::NotSunday(1, 1), None, 0),
    rule(Metal, Date::GoodFriday, None, 0),
    rule(Metal, Date::Fixed(12, 24), EVE, 0),
    rule(Metal, Date::AfterThanksgiving, EVE, 0),
    // Martin Luther King, Presidents, Memorial, Juneteenth, Independence, Labor, Thanksgiving.
    rule(Metal, Date::Nth(1, 3, Weekday::Mon), HALF, 0),
    rule(Metal, Date::Nth(2, 3, Weekday::Mon), HALF, 0),
    rule(Metal, Date::LastMondayOfMay, HALF, 0),
    rule(Metal, Date::Nearest(6, 19), HALF, 2022),
    rule(Metal, Date::Nearest(7, 4), HALF, 0),
    rule(Metal, Date::Nth(9, 1, Weekday::Mon), HALF, 0),
    rule(Metal, Date::Nth(11, 4, Weekday::Thu), HALF, 0),
];

/// How the table ends a session day; `None` when it is an ordinary one.
pub(super) fn closing(session: Session, day: NaiveDate) -> Option<Closing> {
    let kept = RULES.iter().filter(|rule| rule.session == session && day.year() >= rule.since);
    kept.filter(|rule| rule.date.of(day.year()) == Some(day)).filter_map(Rule::closing).min()
}

impl Rule {
    fn closing(&self) -> Option<Closing> {
        match self.early {
            None => Some(Closing::AllDay),
            Some((hour, minute)) => NaiveTime::from_hms_opt(hour, minute, 0).map(Closing::At),
        }
    }
}

impl Date {
    fn of(self, year: i32) -> Option<NaiveDate> {
        match self {
            Self::Fixed(month, day) => NaiveDate::from_ymd_opt(year, month, day),
            Self::NotSunday(month, day) => {
                let date = NaiveDate::from_ymd_opt(year, month, day)?;
                if date.weekday() == Weekday::Sun { date.succ_opt() } else { Some(date) }
            }
            Self::Nearest(month, day) => {
                let date = NaiveDate::from_ymd_opt(year, month, day)?;
                match date.weekday() {
                    Weekday::Sat => date.pred_opt(),
                    Weekday::Sun => date.succ_opt(),
                    _ => Some(date),
                }
            }
            Self::Nth(month, n, weekday) => NaiveDate::from_weekday_of_month_opt(year, month, weekday, n),
            Self::LastMondayOfMay => {
                let last = NaiveDate::from_ymd_opt(year, 5, 31)?;
                last.checked_sub_days(Days::new(u64::from(last.weekday().num_days_from_monday())))
            }
            Self::AfterThanksgiving => Self::Nth(11, 4, Weekday::Thu).of(year)?.succ_opt(),
            Self::GoodFriday => easter(year)?.checked_sub_days(Days::new(2)),
        }
    }
}

/// Easter Sunday, for years 1900 to 2099: in this stretch the Gregorian corrections to Gauss's rule are constant.
fn easter(year: i32) -> Option<NaiveDate> {
    let moon = (19 * (year % 19) + 24) % 30;
    let sunday = (2 * (year % 4) + 4 * (year % 7) + 6 * moon + 5) % 7;
    // Gauss's two exceptions: a paschal moon that would fall a day too late.
    let late = moon == 29 && sunday == 6 || moon == 28 && sunday == 6 && year % 19 > 10;
    let after_march_22 = moon + sunday - if late { 7 } else { 0 };
    let start = NaiveDate::from_ymd_opt(year, 3, 22)?;
    start.checked_add_days(Days::new(u64::try_from(after_march_22).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn easter_is_where_it_was() {
        // Ordinary years, the earliest and the latest of two centuries, and Gauss's exceptions (1954, 1981, 2049, 2076).
        for (year, month, day) in [
            (1954, 4, 18),
            (1981, 4, 19),
            (2008, 3, 23),
            (2018, 4, 1),
            (2024, 3, 31),
            (2025, 4, 20),
            (2026, 4, 5),
            (2038, 4, 25),
            (2049, 4, 18),
            (2076, 4, 19),
        ] {
            assert_eq!(easter(year), NaiveDate::from_ymd_opt(year, month, day), "{year}");
        }
    }
}
