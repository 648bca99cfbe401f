//! A row as bytes: each question is then "is this byte at most that one?".

use super::questions::{AxisQuestions, Questions};
use super::walk::category;

/// Columns of bytes at the most; a question names its column by a byte.
pub(super) const COLUMNS_MAX: usize = 256;

/// Ranks that one column tells apart; a feature asked about more thresholds takes several.
const RANKS: usize = 255;

/// Turns the sign over, so that signed comparisons order bytes.
const SIGN: u8 = 0x80;

/// The row's bytes, each with its sign turned over.
pub(super) type Row = [u8; COLUMNS_MAX];

/// How a row becomes bytes.
#[derive(Debug, Clone)]
pub(super) struct Codes {
    /// Columns of each of the questions' axes; those of their sets follow, one each.
    axes: Vec<Vec<Column>>,
    /// Columns in all.
    pub columns: usize,
    /// Per question: its column, and the byte (sign turned over) up to which the answer is yes.
    pub of_question: Vec<(u8, u8)>,
}

/// A stretch of a feature's ranks, for one treatment of missing values.
#[derive(Debug, Clone, Copy)]
struct Column {
    at: usize,
    /// Rank that the column's 0 stands for.
    base: usize,
    /// Rank that a missing value counts as.
    missing: usize,
}

impl Codes {
    /// `None` when the questions take more than [`COLUMNS_MAX`] columns.
    pub fn of(questions: &Questions) -> Option<Self> {
        let mut codes = Self { axes: Vec::new(), columns: 0, of_question: vec![(0, 0); questions.len] };
        for asked in &questions.axes {
            codes.add_axis(asked)?;
        }
        for question in questions.sets.iter().flat_map(|asked| asked.first..asked.first + asked.sets.len()) {
            codes.of_question[question] = (column(codes.columns)?, SIGN);
            codes.columns += 1;
        }
        Some(codes)
    }

    fn add_axis(&mut self, asked: &AxisQuestions) -> Option<()> {
        let axis = &asked.axis;
        // Where every question answers for a missing value what it answers for 0.0, one column does for both sides.
        let zero = axis.rank(0.0);
        let as_zero =
            !axis.zero_is_missing && asked.asked.iter().all(|asked| asked.missing_yes == (zero <= asked.rank as usize));
        let mut columns: Vec<Column> = Vec::new();
        for (at, asked) in asked.asked.iter().zip(asked.first..).map(|(asked, at)| (at, asked)) {
            let rank = asked.rank as usize;
            let base = rank / RANKS * RANKS;
            let missing = match (as_zero, asked.missing_yes) {
                (true, _) => zero,
                (false, true) => 0,
                (false, false) => axis.len(),
            };
            let found = columns.iter().rev().find(|column| column.base == base && column.missing == missing);
            let place = if let Some(column) = found {
                column.at
            } else {
                columns.push(Column { at: self.columns, base, missing });
                self.columns += 1;
                self.columns - 1
            };
            #[expect(clippy::cast_possible_truncation, reason = "below RANKS")]
            let below = (rank - base) as u8 ^ SIGN;
            self.of_question[at] = (column(place)?, below);
        }
        self.axes.push(columns);
        Some(())
    }

    /// The row's bytes.
    #[inline(always)]
    pub fn fill(&self, questions: &Questions, row: &[f64], bytes: &mut Row) {
        for (columns, asked) in self.axes.iter().zip(&questions.axes) {
            let value = row[asked.axis.feature];
            let (rank, is_missing) = (asked.axis.rank(value), asked.axis.is_missing(value));
            for column in columns {
                let rank = if is_missing { column.missing } else { rank };
                #[expect(clippy::cast_possible_truncation, reason = "at most RANKS")]
                let byte = rank.saturating_sub(column.base).min(RANKS) as u8 ^ SIGN;
                bytes[column.at % COLUMNS_MAX] = byte;
            }
        }
        for asked in &questions.sets {
            let value = row[asked.feature];
            let place = category(asked.rule, value).and_then(|category| asked.members.binary_search(&category).ok());
            for ((set, missing_yes), at) in asked.sets.iter().zip(asked.first..) {
                let is_in =
                    || place.is_some_and(|place| set.binary_search_by(|other| (*other as usize).cmp(&place)).is_ok());
                let yes = if value.is_nan() { *missing_yes } else { is_in() };
                bytes[self.of_question[at].0 as usize] = u8::from(!yes) ^ SIGN;
            }
        }
    }
}

fn column(at: usize) -> Option<u8> {
    u8::try_from(at).ok()
}
