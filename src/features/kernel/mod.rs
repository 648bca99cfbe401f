//! The 22 columns of many bars, block by block and column by column: the arithmetic of the families, in their order,
//! arranged so that one instruction serves several bars.
//!
//! An addition to the stream, not another definition: every formula is the family's own function, and tests hold each
//! value equal to the stream's by bits, on every instruction set of the machine.

#![allow(clippy::needless_range_loop, reason = "an index into a dozen series of one length reads better than a zip")]
#![allow(clippy::large_stack_arrays, reason = "a kernel is built once per thread, then boxed")]

mod block;
mod emit;
mod lanes;
mod recursion;
mod windows;

use std::cell::RefCell;

use block::{BLOCK, Column, Copied, Input};
use emit::Target;
pub use lanes::Lanes;
pub(super) use lanes::Task;
use ndarray::ArrayViewMut2;
use recursion::Recursion;
use windows::{WindowColumns, Windows, calendar, candle};

use super::catalogue::WIDTH;
use super::stream::{Row, one_nan};
use crate::bars::Bars;

/// Bars after which no column is in warm-up.
const LEAD_IN: usize = 32;

thread_local! {
    /// Kept from call to call: 100 kB that would cost more to clear than a short history takes to compute.
    static KERNEL: RefCell<Box<Kernel>> = RefCell::new(Kernel::new());
}

/// The columns of one block, in the catalogue's order.
type Columns<'a> = [&'a mut Column; WIDTH];

/// The rows of one block.
type Rows = [Row; BLOCK];

/// Series and columns of one block.
struct Kernel {
    copied: Copied,
    windows: Windows,
    recursion: Recursion,
    columns: [Column; WIDTH],
    rows: Rows,
}

/// Every row of `out` (`bars.len()` × 22, checked by the caller).
pub(super) fn fill(lanes: Lanes, bars: &Bars, out: &mut ArrayViewMut2<'_, f64>) {
    KERNEL.with_borrow_mut(|kernel| {
        kernel.forget();
        let mut target = Target::new(out);
        for first in (0..bars.len()).step_by(BLOCK) {
            let Kernel { copied, windows, recursion, columns, rows } = &mut **kernel;
            let count = BLOCK.min(bars.len() - first);
            if let Some(columns) = target.in_place() {
                lanes.run(Block { bars, first, copied, recursion, windows: Some((windows, columns)) });
            } else {
                let windows = Some((windows, columns.each_mut()));
                lanes.run(Block { bars, first, copied, recursion, windows });
                target.copy(columns, first, count, rows);
            }
        }
        emit::settle();
    });
}

/// The last row, of at least one bar.
pub(super) fn last_row(lanes: Lanes, bars: &Bars) -> Row {
    let len = bars.len();
    KERNEL.with_borrow_mut(|kernel| {
        kernel.forget();
        let Kernel { copied, windows, recursion, columns, .. } = &mut **kernel;
        for first in (0..len).step_by(BLOCK) {
            // Averages need all of history, windows only its end: the last block and the full one before it.
            let windows = (len - first <= 2 * BLOCK).then(|| (&mut *windows, columns.each_mut()));
            lanes.run(Block { bars, first, copied, recursion, windows });
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
            rows: [[f64::NAN; WIDTH]; BLOCK],
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
}

impl Task for Block<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { bars, first, copied, recursion, windows } = self;
        let input = Input::new(bars, first, copied);
        recursion.advance(input.close, first == 0);
        if let Some((windows, mut columns)) = windows {
            fill_columns(&input, windows, recursion, columns.each_mut().map(|column| &mut **column));
            windows.turn();
            if first == 0 {
                for column in &mut columns {
                    column.iter_mut().take(LEAD_IN).for_each(one_nan);
                }
            }
        }
        recursion.turn();
    }
}

#[inline(always)]
#[rustfmt::skip] // the pattern is the catalogue, a line per family
fn fill_columns(input: &Input, windows: &mut Windows, recursion: &Recursion, columns: Columns) {
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
    recursion.fill(input.close, [ema_10, ema_20, macd, macd_signal, macd_hist]);
    windows.fill(
        input,
        WindowColumns {
            returns: [return_1, return_5, return_10],
            means: [sma_10, sma_20],
            volatilities: [volatility_10, volatility_20],
            rsi,
            volumes: [volume_sma_20, volume_ratio_20],
            momenta: [momentum_5, acceleration_5],
        },
    );
    candle(input, [high_low_ratio, close_high_ratio, close_low_ratio]);
    calendar(input.time, [hour, day_of_week]);
}
