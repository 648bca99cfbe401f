//! The 22 columns of many bars, block by block and column by column: the arithmetic of the families, in their order,
//! arranged so that one instruction serves several bars.
//!
//! An addition to the stream, not another definition: every formula is the family's own function, and tests hold each
//! value equal to the stream's by bits, on every instruction set of the machine.

#![allow(clippy::needless_range_loop, reason = "an index into a dozen series of one length reads better than a zip")]
#![allow(clippy::large_stack_arrays, reason = "a kernel is built once per thread, then boxed")]

mod ahead;
mod block;
mod emit;
mod recursion;
mod windows;

use std::cell::RefCell;

use ahead::Ahead;
use block::{BLOCK, Column, Copied, Input};
use emit::Target;
use ndarray::{ArrayView1, ArrayViewMut2, Axis, s};
use recursion::Recursion;
use windows::{WindowColumns, Windows, calendar};

use super::catalogue::WIDTH;
use super::stream::{Row, one_nan};
use crate::bars::Bars;
use crate::lanes::{Lanes, Task};

/// Bars after which no column is in warm-up.
const LEAD_IN: usize = 32;

/// Share of the whole work that the averages are (measured), in thousandths.
const AVERAGES_PER_MILLE: usize = 350;

/// Bars below which another thread costs more than it saves.
const WORTH_A_THREAD: usize = 20_000;

thread_local! {
    /// Kept from call to call: 100 kB that would cost more to clear than a short history takes to compute.
    static KERNEL: RefCell<Box<Kernel>> = RefCell::new(Kernel::new());
}

/// The columns of one block, in the catalogue's order.
type Columns<'a> = [&'a mut Column; WIDTH];

/// Series and columns of one block.
struct Kernel {
    copied: Copied,
    windows: Windows,
    recursion: Recursion,
    columns: [Column; WIDTH],
}

/// Every row of `out` (`bars.len()` × 22, checked by the caller).
pub(super) fn fill(lanes: Lanes, bars: &Bars, out: ArrayViewMut2<'_, f64>) {
    fill_part(lanes, bars, 0, out);
}

/// [`fill`] by several threads, each of which fills a stretch of rows: the same bits.
///
/// The averages need all of history, so each thread first runs them alone over the bars before its stretch; stretches
/// get shorter towards the end, so that all threads end together.
pub(super) fn fill_parallel(lanes: Lanes, bars: &Bars, out: ArrayViewMut2<'_, f64>, threads: usize) {
    let threads = useful_threads(bars.len(), threads);
    if threads == 1 {
        // Not even a scope: it would hand the work to another thread and wait.
        return fill(lanes, bars, out);
    }
    rayon::scope(|scope| {
        let (mut rest, mut start) = (out, 0);
        for end in stretches(bars.len(), threads) {
            let (part, behind) = rest.split_at(Axis(0), end - start);
            scope.spawn(move |_| fill_part(lanes, bars, start, part));
            (rest, start) = (behind, end);
        }
        fill_part(lanes, bars, start, rest);
    });
}

/// As many of `threads` as have something to do in a series of `bars`; at least one.
#[must_use]
pub fn useful_threads(bars: usize, threads: usize) -> usize {
    threads.min(bars / WORTH_A_THREAD).max(1)
}

/// Ends of the stretches but the last, multiples of [`BLOCK`].
fn stretches(len: usize, threads: usize) -> Vec<usize> {
    // In thousandths of the first stretch: each next one ends at 1 plus what the averages leave of the time.
    let after = |end: &usize| Some(1_000 + end * (1_000 - AVERAGES_PER_MILLE) / 1_000);
    let ends: Vec<usize> = std::iter::successors(Some(1_000), after).take(threads).collect();
    ends[..threads - 1].iter().map(|end| end * len / ends[threads - 1] / BLOCK * BLOCK).collect()
}

/// Rows `start` and on, as many as `part` has; `start` is a multiple of [`BLOCK`].
fn fill_part(lanes: Lanes, bars: &Bars, start: usize, mut part: ArrayViewMut2<'_, f64>) {
    let end = start + part.nrows();
    KERNEL.with_borrow_mut(|kernel| {
        kernel.forget();
        let mut target = Target::new(&mut part);
        for first in (0..end).step_by(BLOCK) {
            let Kernel { copied, windows, recursion, columns } = &mut **kernel;
            if first < start {
                // Windows reach back over less than one block.
                let windows = (start - first <= BLOCK).then(|| (windows, columns.each_mut()));
                lanes.run(Block { bars, first, copied, recursion, windows, ahead: Ahead::NOTHING });
                continue;
            }
            let ahead = target.ahead(first - start);
            if let Some(columns) = target.in_place() {
                lanes.run(Block { bars, first, copied, recursion, windows: Some((windows, columns)), ahead });
            } else {
                let windows = Some((windows, columns.each_mut()));
                lanes.run(Block { bars, first, copied, recursion, windows, ahead });
                target.copy(columns, first - start, BLOCK.min(end - first));
            }
        }
    });
}

/// Some of the columns: each of `places` is a column of the 22, and the column of `out` (`bars.len()` rows) it belongs in.
pub(super) fn fill_some(lanes: Lanes, bars: &Bars, places: &[(usize, usize)], out: &mut ArrayViewMut2<'_, f64>) {
    KERNEL.with_borrow_mut(|kernel| {
        kernel.forget();
        let Kernel { copied, windows, recursion, columns } = &mut **kernel;
        for first in (0..bars.len()).step_by(BLOCK) {
            let count = BLOCK.min(bars.len() - first);
            let filled = Some((&mut *windows, columns.each_mut()));
            lanes.run(Block { bars, first, copied, recursion, windows: filled, ahead: Ahead::NOTHING });
            for &(from, to) in places {
                out.slice_mut(s![first..first + count, to]).assign(&ArrayView1::from(&columns[from][..count]));
            }
        }
    });
}

/// The last row, of at least one bar.
pub(super) fn last_row(lanes: Lanes, bars: &Bars) -> Row {
    let len = bars.len();
    KERNEL.with_borrow_mut(|kernel| {
        kernel.forget();
        let Kernel { copied, windows, recursion, columns } = &mut **kernel;
        for first in (0..len).step_by(BLOCK) {
            // Averages need all of history, windows only its end: the last block and the full one before it.
            let windows = (len - first <= 2 * BLOCK).then(|| (&mut *windows, columns.each_mut()));
            lanes.run(Block { bars, first, copied, recursion, windows, ahead: Ahead::NOTHING });
        }
        let last = (len - 1) % BLOCK;
        kernel.columns.map(|column| column[last])
    })
}

impl Kernel {
    fn new() -> Box<Self> {
        Box::new(Self {
            copied: Copied::EMPTY,
            windows: Windows::UNKNOWN,
            recursion: Recursion::new(),
            columns: [[f64::NAN; BLOCK]; WIDTH],
        })
    }

    fn forget(&mut self) {
        self.windows.forget();
        self.recursion.forget();
    }
}

/// One block of work; without `windows` only the averages move on.
struct Block<'a> {
    bars: &'a Bars,
    first: usize,
    copied: &'a mut Copied,
    recursion: &'a mut Recursion,
    windows: Option<(&'a mut Windows, Columns<'a>)>,
    ahead: Ahead,
}

impl Task for Block<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { bars, first, copied, recursion, windows, mut ahead } = self;
        let input = Input::new(bars, first, copied);
        recursion.advance(input.close, first == 0, &mut ahead);
        if let Some((windows, mut columns)) = windows {
            fill_columns(&input, windows, recursion, columns.each_mut().map(|column| &mut **column), &mut ahead);
            windows.turn();
            if first == 0 {
                for column in &mut columns {
                    column.iter_mut().take(LEAD_IN).for_each(one_nan);
                }
            }
        }
    }
}

#[inline(always)]
fn fill_columns(input: &Input, windows: &mut Windows, recursion: &Recursion, columns: Columns, ahead: &mut Ahead) {
    let [
        return_1,
        return_5,
        return_10,
        sma_10,
        sma_20,
        ema_10,
        ema_20,
        volatility_10,
        volatility_20,
        rsi,
        macd,
        macd_signal,
        macd_hist,
        high_low_ratio,
        close_high_ratio,
        close_low_ratio,
        volume_sma_20,
        volume_ratio_20,
        hour,
        day_of_week,
        momentum_5,
        acceleration_5,
    ] = columns;
    recursion.fill(input.close, [ema_10, ema_20, macd, macd_signal, macd_hist], ahead);
    let columns = WindowColumns {
        returns: [return_1, return_5, return_10],
        means: [sma_10, sma_20],
        volatilities: [volatility_10, volatility_20],
        rsi,
        ratios: [high_low_ratio, close_high_ratio, close_low_ratio],
        volumes: [volume_sma_20, volume_ratio_20],
        momenta: [momentum_5, acceleration_5],
    };
    windows.fill(input, recursion.changes(), columns, ahead);
    calendar(input.time, [hour, day_of_week]);
}
