//! The stream of any selection of columns, which judges its bars and can be stored.

use std::fmt;

use super::catalogue::all_families;
use super::family::{AnyFamily, Entry};
use super::moment::{Closes, Moment};
use super::selection::Selection;
use super::stream::{Stream, one_nan};
use crate::bars::{Bar, time};
use crate::lanes::{Lanes, Task};
use crate::rolling::Ring;
use crate::{Error, Result};

/// Features of a stream of bars of one symbol and one interval, for any [`Selection`].
///
/// Its size does not depend on how many bars it has seen; a clone continues independently. Only the families whose
/// columns are selected are computed.
#[derive(Clone)]
pub struct ColumnStream {
    pub(super) selection: Selection,
    pub(super) engine: Engine,
    pub(super) bars_seen: u64,
    pub(super) last_time: Option<i64>,
}

/// The 22 are stepped without a call through a pointer.
#[derive(Clone)]
pub(super) enum Engine {
    SentinelV1(Box<Stream>),
    Chosen(Box<Chosen>),
}

/// The families of a selection, which is given by places in the two catalogues.
pub(super) struct Chosen {
    pub(super) closes: Closes,
    pub(super) families: Vec<Box<dyn AnyFamily>>,
    plan: Plan,
    /// Every column of those families at the newest bar.
    row: Vec<f64>,
}

/// Which families a selection needs, and where its columns stand in their common row.
#[derive(Clone)]
struct Plan {
    entries: Vec<&'static Entry>,
    places: Vec<usize>,
}

impl Plan {
    fn of(selected: &[usize]) -> Self {
        let (mut entries, mut place_in_row) = (Vec::new(), Vec::new());
        let mut first = 0;
        for entry in all_families() {
            let columns = first..first + entry.specs.len();
            if selected.iter().any(|place| columns.contains(place)) {
                entries.push(entry);
                place_in_row.extend(columns.clone());
            }
            first = columns.end;
        }
        // The row is in catalogue order, so every selected place is found in it.
        let places = selected.iter().map(|place| place_in_row.partition_point(|known| known < place));
        Self { places: places.collect(), entries }
    }

    fn width(&self) -> usize {
        self.entries.iter().map(|entry| entry.specs.len()).sum()
    }
}

impl Chosen {
    pub(super) fn new(places: &[usize]) -> Self {
        let plan = Plan::of(places);
        let families = plan.entries.iter().map(|entry| (entry.start)()).collect();
        Self { closes: Ring::filled(f64::NAN), families, row: vec![f64::NAN; plan.width()], plan }
    }

    /// The families as they stand in `bytes`, and the bytes behind them; `None` when they do not.
    pub(super) fn load<'bytes>(places: &[usize], closes: Closes, bytes: &'bytes [u8]) -> Option<(Self, &'bytes [u8])> {
        let plan = Plan::of(places);
        let (mut families, mut rest) = (Vec::with_capacity(plan.entries.len()), bytes);
        for entry in &plan.entries {
            let (family, behind) = (entry.load)(rest)?;
            families.push(family);
            rest = behind;
        }
        Some((Self { closes, families, row: vec![f64::NAN; plan.width()], plan }, rest))
    }

    /// Takes one bar; the selected values are then told by [`Chosen::values`].
    pub(super) fn step(&mut self, bar: &Bar) {
        Lanes::widest().run(Step { chosen: self, bar });
    }

    /// The selected columns at the newest bar, in the selection's order.
    pub(super) fn values(&self) -> impl Iterator<Item = f64> + '_ {
        self.plan.places.iter().map(|&place| self.row[place])
    }
}

/// One bar, compiled for every instruction set; each family sees to its own part.
struct Step<'a> {
    chosen: &'a mut Chosen,
    bar: &'a Bar,
}

impl Task for Step<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Chosen { closes, families, plan, row } = self.chosen;
        closes.push(self.bar.close);
        let moment = Moment::new(self.bar, closes);
        let mut rest = row.as_mut_slice();
        for (family, entry) in families.iter_mut().zip(&plan.entries) {
            let (mine, behind) = rest.split_at_mut(entry.specs.len());
            family.advance(&moment, mine);
            rest = behind;
        }
        row.iter_mut().for_each(one_nan);
    }
}

impl Clone for Chosen {
    fn clone(&self) -> Self {
        let families = self.families.iter().map(|family| family.duplicate()).collect();
        Self { closes: self.closes.clone(), families, plan: self.plan.clone(), row: self.row.clone() }
    }
}

impl ColumnStream {
    /// A stream that has seen no bar.
    #[must_use]
    pub fn new(selection: Selection) -> Self {
        let engine = if selection.is_sentinel_v1() {
            Engine::SentinelV1(Box::default())
        } else {
            Engine::Chosen(Box::new(Chosen::new(selection.places())))
        };
        Self { selection, engine, bars_seen: 0, last_time: None }
    }

    /// The columns it computes.
    #[must_use]
    pub fn selection(&self) -> &Selection {
        &self.selection
    }

    /// Bars taken so far.
    #[must_use]
    pub fn bars_seen(&self) -> u64 {
        self.bars_seen
    }

    /// Open time of the newest bar, UTC seconds.
    #[must_use]
    pub fn last_time(&self) -> Option<i64> {
        self.last_time
    }

    /// Takes the next bar and writes its row, one value per column, NaN in warm-up.
    ///
    /// # Errors
    /// [`Error::BadColumns`] when `out` is not as long as the selection; [`Error::BadField`] when the bar is unsound
    /// (see [`Bar::fault`]), its time no unix seconds or not later than the one before, with the number of bars taken as
    /// its row. The stream and `out` are then as they were.
    #[inline]
    pub fn update_into(&mut self, bar: &Bar, out: &mut [f64]) -> Result<()> {
        if out.len() != self.selection.width() {
            return Err(self.wrong_length(out.len()));
        }
        let is_late = self.last_time.is_some_and(|last| bar.time <= last);
        if is_late || !bar.is_sound() || time::seconds_fault(bar.time).is_some() {
            return Err(self.refusal(bar));
        }
        match &mut self.engine {
            Engine::SentinelV1(stream) => match out.try_into() {
                Ok(row) => stream.update_into(bar, row),
                Err(_) => return Err(self.wrong_length(out.len())),
            },
            Engine::Chosen(chosen) => {
                chosen.step(bar);
                out.iter_mut().zip(chosen.values()).for_each(|(out, value)| *out = value);
            }
        }
        self.last_time = Some(bar.time);
        self.bars_seen = self.bars_seen.saturating_add(1);
        Ok(())
    }

    /// Takes the next bar and returns its row.
    ///
    /// # Errors
    /// As [`ColumnStream::update_into`].
    pub fn update(&mut self, bar: &Bar) -> Result<Vec<f64>> {
        let mut row = vec![f64::NAN; self.selection.width()];
        self.update_into(bar, &mut row)?;
        Ok(row)
    }

    #[cold]
    fn wrong_length(&self, len: usize) -> Error {
        let problem = format!("the output has {len} places, the stream has {} columns", self.selection.width());
        Error::BadColumns { problem }
    }

    #[cold]
    fn refusal(&self, bar: &Bar) -> Error {
        let row = usize::try_from(self.bars_seen).unwrap_or(usize::MAX);
        let late = || {
            let last = self.last_time.unwrap_or(i64::MIN);
            format!("{} does not come after {last}; bars come oldest first, each once", bar.time)
        };
        let time = || ("timestamp", time::seconds_fault(bar.time).unwrap_or_else(late));
        let (field, problem) = bar.fault().unwrap_or_else(time);
        Error::BadField { row, field: field.into(), problem }
    }
}

impl Default for ColumnStream {
    fn default() -> Self {
        Self::new(Selection::default())
    }
}

impl fmt::Debug for ColumnStream {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns: Vec<_> = self.selection.specs().map(|spec| spec.name).collect();
        let mut shown = formatter.debug_struct("ColumnStream");
        shown.field("columns", &columns).field("bars_seen", &self.bars_seen).field("last_time", &self.last_time);
        shown.finish_non_exhaustive()
    }
}
