//! The 22 columns of many bars, block by block and column by column: the arithmetic of the families, in their order,
//! arranged so that one instruction serves several bars.
//!
//! An addition to the stream, not another definition: every formula is the family's own function, and tests hold each
//! value equal to the stream's by bits, on every instruction set of the machine.

#![allow(clippy::inline_always, reason = "a call would leave the instruction set that the caller is compiled for")]
#![allow(clippy::needless_range_loop, reason = "an index into a dozen series of one length reads better than a zip")]

mod block;
mod emit;
mod lanes;
mod place;
mod recursion;
mod windows;

use std::cell::RefCell;

use block::{BLOCK, Column, Input};
pub use lanes::Lanes;
pub(super) use lanes::Task;
use ndarray::ArrayViewMut2;
use recursion::Recursion;
use windows::Windows;

use super::catalogue::WIDTH;
use super::stream::{Row, one_nan};
use crate::bars::Bars;

/// Bars after which no column is in warm-up.
const LEAD_IN: usize = 32;

thread_local! {
    /// Kept from call to call: 100 kB that would cost more to clear than a short history takes to compute.
    static KERNEL: RefCell<Box<Kernel>> = RefCell::new(Kernel::new());
}

/// Series and columns of one block.
struct Kernel {
    input: Input,
    windows: Windows,
    recursion: Recursion,
    columns: [Column; WIDTH],
}

/// Every row of `out` (`bars.len()` × 22, checked by the caller).
pub(super) fn fill(lanes: Lanes, bars: &Bars, out: &mut ArrayViewMut2<'_, f64>) {
    KERNEL.with_borrow_mut(|kernel| {
        kernel.forget();
        for first in (0..bars.len()).step_by(BLOCK) {
            let count = BLOCK.min(bars.len() - first);
            lanes.run(Block { kernel, bars, first, count, has_windows: true });
            emit::emit(&kernel.columns, first, count, out);
        }
    });
}

/// The last row, of at least one bar.
pub(super) fn last_row(lanes: Lanes, bars: &Bars) -> Row {
    let len = bars.len();
    KERNEL.with_borrow_mut(|kernel| {
        kernel.forget();
        for first in (0..len).step_by(BLOCK) {
            let count = BLOCK.min(len - first);
            // Averages need all of history, windows only its end: the last block and the full one before it.
            lanes.run(Block { kernel, bars, first, count, has_windows: len - first <= 2 * BLOCK });
        }
        let last = (len - 1) % BLOCK;
        kernel.columns.map(|column| column[last])
    })
}

impl Kernel {
    fn new() -> Box<Self> {
        Box::new(Self {
            input: Input::EMPTY,
            windows: Windows::UNKNOWN,
            recursion: Recursion::new(),
            columns: [[f64::NAN; BLOCK]; WIDTH],
        })
    }

    fn forget(&mut self) {
        self.input.forget();
        self.windows.forget();
        self.recursion.forget();
    }
}

/// One block of work.
struct Block<'a> {
    kernel: &'a mut Kernel,
    bars: &'a Bars,
    first: usize,
    count: usize,
    has_windows: bool,
}

impl Task for Block<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Kernel { input, windows, recursion, columns } = self.kernel;
        input.load(self.bars, self.first, self.count);
        recursion.advance(&input.close, self.first == 0);
        if self.has_windows {
            recursion.fill(&input.close, columns);
            windows.fill(input, columns);
            windows.turn();
            if self.first == 0 {
                columns.iter_mut().for_each(|column| column.iter_mut().take(LEAD_IN).for_each(one_nan));
            }
        }
        recursion.turn();
        input.turn();
    }
}
