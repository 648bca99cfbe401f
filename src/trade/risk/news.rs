//! Times around news in which nothing is opened, from a CSV file.

use csv::StringRecord;

use super::pair;
use crate::bars::time;
use crate::{Error, Result};

const HEADER: [&str; 4] = ["from", "to", "currency", "title"];

/// How many bad lines a refusal names one by one.
const NAMED_LINES_MAX: usize = 10;

/// Windows of the news file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct News {
    windows: Vec<NewsWindow>,
}

/// One line of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewsWindow {
    /// First second, UTC.
    pub from_s: i64,
    /// First second after it, UTC.
    pub to_s: i64,
    /// Currency it is about; empty for all.
    pub currency: String,
    /// What is published.
    pub title: String,
}

impl News {
    /// Reads a CSV file with the header `from,to,currency,title`: UTC times such as `2026-12-16 18:30`, a currency such
    /// as `USD` (empty: all), any title.
    ///
    /// # Errors
    /// [`Error::BadSetting`] naming every bad line (the first ten one by one) by its number in the file.
    pub fn parse(file: &[u8]) -> Result<Self> {
        let text = file.strip_prefix(b"\xef\xbb\xbf").unwrap_or(file);
        // Line by line: a quote that is not closed must not swallow the windows behind it.
        let mut lines = text.split(|byte| *byte == b'\n').map(fields).enumerate();
        if lines.next().is_none_or(|(_, header)| !header.is_some_and(|header| header.iter().eq(HEADER))) {
            return Err(bad(format!("the first line must be `{}`", HEADER.join(","))));
        }
        let (mut windows, mut faults) = (Vec::new(), Vec::new());
        for (at, line) in lines {
            match line.map_or_else(|| Err("no UTF-8 text".into()), |record| window(&record)) {
                Ok(window) => windows.extend(window),
                Err(problem) => faults.push(format!("line {}: {problem}", at + 1)),
            }
        }
        if faults.is_empty() { Ok(Self { windows }) } else { Err(bad(told(&faults))) }
    }

    /// The window that `now_s` is in and that touches `symbol`: one for all currencies or for one of its two. A symbol
    /// that is no currency pair is touched by every window, for nothing tells what moves it.
    #[must_use]
    pub fn window(&self, symbol: &str, now_s: i64) -> Option<&NewsWindow> {
        let pair = pair::currencies(symbol);
        let touches = |currency: &str| currency.is_empty() || pair.is_none_or(|pair| pair.contains(&currency));
        self.windows.iter().find(|window| (window.from_s..window.to_s).contains(&now_s) && touches(&window.currency))
    }

    /// Whether every window lies in the past: a file that nobody continued. False where there is no window.
    #[must_use]
    pub fn has_ended(&self, now_s: i64) -> bool {
        self.windows.iter().map(|window| window.to_s).max().is_some_and(|last_s| last_s <= now_s)
    }
}

/// Fields of one line, none of an empty one; `None` where it is no text.
fn fields(line: &[u8]) -> Option<StringRecord> {
    let mut reader = ::csv::ReaderBuilder::new().has_headers(false).trim(::csv::Trim::All).from_reader(line);
    let mut record = StringRecord::new();
    reader.read_record(&mut record).ok().map(|_| record)
}

fn window(record: &StringRecord) -> std::result::Result<Option<NewsWindow>, String> {
    if record.is_empty() {
        return Ok(None);
    }
    let [from, to, currency, title] = record.iter().collect::<Vec<_>>()[..] else {
        return Err(format!("{} fields, {} are expected", record.len(), HEADER.len()));
    };
    let (from_s, to_s) = (moment(from)?, moment(to)?);
    if from_s >= to_s {
        return Err(format!("`to` {:?} is not after `from`", shown(to)));
    }
    let is_code = currency.len() == 3 && currency.bytes().all(|byte| byte.is_ascii_uppercase());
    if !(currency.is_empty() || is_code) {
        return Err(format!("{:?} is no currency such as USD; leave it empty for all", shown(currency)));
    }
    Ok(Some(NewsWindow { from_s, to_s, currency: currency.into(), title: title.into() }))
}

fn moment(text: &str) -> std::result::Result<i64, String> {
    let read_s = time::from_text(text).filter(|seconds| (time::EARLIEST_S..time::LATEST_S).contains(seconds));
    read_s.ok_or_else(|| format!("{:?} is no UTC time such as 2026-12-16 18:30", shown(text)))
}

fn told(faults: &[String]) -> String {
    let named = faults.iter().take(NAMED_LINES_MAX).map(String::as_str).collect::<Vec<_>>().join("; ");
    let more = faults.len().saturating_sub(NAMED_LINES_MAX);
    if more == 0 { named } else { format!("{named}; and {more} more bad lines") }
}

fn shown(text: &str) -> String {
    text.chars().take(30).collect()
}

fn bad(problem: String) -> Error {
    Error::BadSetting { field: "news_file", problem }
}
