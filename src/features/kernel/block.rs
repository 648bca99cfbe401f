//! A block of bars, and series that remember a little of the block before.

use crate::bars::Bars;

/// Bars worked on at a time: all series of a block stay in the processor's nearest caches.
pub(super) const BLOCK: usize = 128;
/// Values remembered from before the block; no lag is longer.
pub(super) const LEAD: usize = 16;

/// One value a bar.
pub(super) type Column = [f64; BLOCK];

/// One value a bar, behind the last values of the block before.
pub(super) type Series = [f64; LEAD + BLOCK];

/// Nothing known.
pub(super) const UNKNOWN: Series = [f64::NAN; LEAD + BLOCK];

/// The value `age` bars before bar `i` of the block.
#[inline(always)]
pub(super) fn ago(series: &Series, i: usize, age: usize) -> f64 {
    series[LEAD + i - age]
}

/// The values at several ages before bar `i` of the block; written out, because `array::map` is not always inlined.
macro_rules! ages {
    ($series:expr, $i:expr, $($age:literal),+) => { [$(ago($series, $i, $age)),+] };
}
pub(super) use ages;

/// Makes the end of the block what stands before the next.
#[inline(always)]
pub(super) fn turn(series: &mut Series) {
    for i in 0..LEAD {
        series[i] = series[BLOCK + i];
    }
}

/// The bars of a block.
pub(super) struct Input<'a> {
    pub time: &'a [i64; BLOCK],
    pub high: &'a Column,
    pub low: &'a Column,
    pub close: &'a Series,
    pub volume: &'a Series,
}

impl<'a> Input<'a> {
    /// The bars from `first` on where they stand, when the block is full and has bars before it; else a copy.
    #[inline(always)]
    pub(super) fn new(bars: &'a Bars, first: usize, copy: &'a mut Copied) -> Self {
        Self::in_place(bars, first).unwrap_or_else(|| copy.load(bars, first))
    }

    #[inline(always)]
    fn in_place(bars: &'a Bars, first: usize) -> Option<Self> {
        let before = first.checked_sub(LEAD)?;
        Some(Self {
            time: bars.time()[first..].first_chunk()?,
            high: bars.high()[first..].first_chunk()?,
            low: bars.low()[first..].first_chunk()?,
            close: bars.close()[before..].first_chunk()?,
            volume: bars.volume()[before..].first_chunk()?,
        })
    }
}

/// Bars of a block that starts or ends the history. Before the first bar nothing is known; behind the last stands what
/// an earlier block left: no bar looks ahead, so it is never seen.
pub(super) struct Copied {
    time: [i64; BLOCK],
    high: Column,
    low: Column,
    close: Series,
    volume: Series,
}

impl Copied {
    pub(super) const EMPTY: Self = Self {
        time: [0; BLOCK],
        high: [1.0; BLOCK],
        low: [1.0; BLOCK],
        close: [1.0; LEAD + BLOCK],
        volume: [1.0; LEAD + BLOCK],
    };

    fn load(&mut self, bars: &Bars, first: usize) -> Input<'_> {
        let count = BLOCK.min(bars.len() - first);
        let range = first..first + count;
        self.time.fill(bars.time()[first + count - 1]);
        self.time[..count].copy_from_slice(&bars.time()[range.clone()]);
        self.high[..count].copy_from_slice(&bars.high()[range.clone()]);
        self.low[..count].copy_from_slice(&bars.low()[range.clone()]);
        for (series, values) in [(&mut self.close, bars.close()), (&mut self.volume, bars.volume())] {
            let lead = LEAD.min(first);
            series[..LEAD - lead].fill(f64::NAN);
            series[LEAD - lead..LEAD + count].copy_from_slice(&values[first - lead..first + count]);
        }
        Input { time: &self.time, high: &self.high, low: &self.low, close: &self.close, volume: &self.volume }
    }
}
