//! Trading hours: windows of the week, UTC.

use crate::{Error, Result};

const DAY_S: i64 = 86_400;
const WEEK_S: i64 = 7 * DAY_S;

/// 1970-01-01 was a Thursday; the week begins on Monday here.
const MONDAY_OFFSET_S: i64 = 3 * DAY_S;

const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// When positions may be opened; without a window always.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hours {
    windows: Vec<Window>,
}

/// The same hours on some days.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Window {
    days: [bool; 7],
    /// Seconds from midnight, below a day.
    from_s: i64,
    /// Seconds from the same midnight, up to two days: a window may pass the next one.
    to_s: i64,
}

impl Hours {
    /// Windows such as `Mon-Fri 07:00-20:00`, `Sun 22:00-24:00` or, on every day, `22:00-02:00`: one that ends before
    /// it begins passes midnight and belongs to the day it begins on. The last second of a window is not in it.
    ///
    /// # Errors
    /// [`Error::BadSetting`] naming the first text of another form.
    pub fn read(texts: &[String]) -> Result<Self> {
        let read = |text: &String| {
            window(text).ok_or_else(|| {
                let shown: String = text.chars().take(40).collect();
                let problem = format!("{shown:?} is no window; write `Mon-Fri 07:00-20:00`, `Sun 22:00-24:00` (UTC)");
                Error::BadSetting { field: "trading_hours", problem }
            })
        };
        Ok(Self { windows: texts.iter().map(read).collect::<Result<_>>()? })
    }

    /// Whether `now_s`, UTC seconds, is within a window.
    #[must_use]
    pub fn contain(&self, now_s: i64) -> bool {
        let week_s = (now_s + MONDAY_OFFSET_S).rem_euclid(WEEK_S);
        self.windows.is_empty() || self.windows.iter().any(|window| window.contains(week_s))
    }
}

impl Window {
    fn contains(&self, week_s: i64) -> bool {
        let begins = (0..).step_by(86_400).zip(self.days).filter(|(_, is_on)| *is_on);
        begins.map(|(midnight_s, _): (i64, bool)| midnight_s).any(|midnight_s| {
            let (from_s, to_s) = (midnight_s + self.from_s, midnight_s + self.to_s);
            // A window of Sunday night ends in the week that follows.
            (from_s..to_s).contains(&week_s) || (from_s..to_s).contains(&(week_s + WEEK_S))
        })
    }
}

fn window(text: &str) -> Option<Window> {
    let mut words = text.split_whitespace();
    let (first, second) = (words.next()?, words.next());
    let (days, clocks) = second.map_or((Some([true; 7]), first), |clocks| (days(first), clocks));
    let (from, to) = clocks.split_once('-')?;
    let (from_s, end_s) = (clock_s(from)?, clock_s(to)?);
    if words.next().is_some() || from_s == end_s || from_s == DAY_S {
        return None;
    }
    let to_s = if end_s < from_s { end_s + DAY_S } else { end_s };
    Some(Window { days: days?, from_s, to_s })
}

fn days(text: &str) -> Option<[bool; 7]> {
    let day = |name: &str| DAYS.iter().position(|known| *known == name);
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (day(first)?, day(last)?);
    Some(std::array::from_fn(
        |day| if first <= last { (first..=last).contains(&day) } else { day >= first || day <= last },
    ))
}

/// `07:00` … `24:00` as seconds from midnight.
fn clock_s(text: &str) -> Option<i64> {
    let [h1, h2, b':', m1, m2] = text.as_bytes() else { return None };
    let digit = |byte: &u8| char::from(*byte).to_digit(10).map(i64::from);
    let (hour, minute) = (digit(h1)? * 10 + digit(h2)?, digit(m1)? * 10 + digit(m2)?);
    let second_s = hour * 3_600 + minute * 60;
    (minute < 60 && second_s <= DAY_S).then_some(second_s)
}
