//! Where a value lies among all the thresholds a forest asks one feature about.
//!
//! A forest asks the same few hundred questions many thousand times, for trainers cut features at the edges of bins.
//! One look-up here answers them all: `value <= threshold` is `rank(value) <= rank of the threshold`, exactly.

use super::bitmap::{BLOCK, Bits};

/// Sizes of the table that are tried, up to so many cells a threshold: a table stays a small part of the forest.
const TABLES: [usize; 5] = [16, 64, 256, 1024, 4096];
const CELLS_A_THRESHOLD: usize = 16;

/// Shares of the thresholds left out at each end when the table's range is chosen: outliers must not stretch it.
const CLIPPED: [f64; 4] = [0.0, 1.0 / 64.0, 1.0 / 16.0, 1.0 / 6.0];

/// The distinct thresholds of one feature, ascending, and a table of where to begin looking.
#[derive(Debug, Clone)]
pub(super) struct Axis {
    /// Column of the row.
    pub feature: usize,
    /// Whether |value| ≤ [`ZERO`](super::ZERO) is missing, as NaN is.
    pub zero_is_missing: bool,
    /// Thresholds, then as many infinities as a search may step beyond them.
    thresholds: Vec<f64>,
    /// Number of thresholds.
    len: usize,
    /// A value's cell in the table is `(value - low) * scale`, clamped.
    low: f64,
    scale: f64,
    /// Thresholds in the cells before each cell, all of them below every value of the cell.
    before: Vec<u32>,
    /// Halvings that find the place among the thresholds of the fullest cell.
    steps: u32,
}

impl Axis {
    /// `thresholds` ascending, all different, none NaN, at least one.
    pub fn new(feature: usize, zero_is_missing: bool, thresholds: Vec<f64>) -> Self {
        let len = thresholds.len();
        let mut axis =
            Self { feature, zero_is_missing, thresholds, len, low: 0.0, scale: 0.0, before: vec![0], steps: u32::MAX };
        for cells in TABLES.into_iter().filter(|cells| *cells <= CELLS_A_THRESHOLD * len) {
            for share in CLIPPED {
                let (low, scale) = axis.range(cells, share);
                let fullest = axis.fullest(cells, low, scale);
                // 2^steps - 1 thresholds are told apart.
                let steps = usize::BITS - fullest.leading_zeros();
                if steps < axis.steps {
                    (axis.low, axis.scale, axis.steps) = (low, scale, steps);
                    axis.before = vec![0; cells];
                }
            }
        }
        axis.fill();
        axis
    }

    /// Number of thresholds; the rank of a value above them all.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Number of thresholds below `value`; some number for NaN.
    #[inline(always)]
    pub fn rank(&self, value: f64) -> usize {
        let first = self.before[cell(value, self.low, self.scale, self.before.len())] as usize;
        search(&self.thresholds, self.steps, value, first)
    }

    /// Marks each value, missing or not, at its [`Axis::rank`]; `cells` is memory for as many cells as there are values.
    #[inline(always)]
    pub fn mark(&self, values: &[f64], cells: &mut [u32], found: &mut [Bits]) {
        let (low, scale, count) = (self.low, self.scale, self.before.len());
        for (at, value) in cells.iter_mut().zip(values) {
            #[expect(clippy::cast_possible_truncation, reason = "a cell of a few thousand")]
            let cell = cell(*value, low, scale, count) as u32;
            *at = cell;
        }
        // The usual numbers of steps are compiled on their own: no loop, no branch on data.
        match self.steps {
            1 => self.places::<1>(values, cells, found),
            2 => self.places::<2>(values, cells, found),
            3 => self.places::<3>(values, cells, found),
            4 => self.places::<4>(values, cells, found),
            _ => self.places::<0>(values, cells, found),
        }
    }

    #[inline(always)]
    fn places<const STEPS: u32>(&self, values: &[f64], cells: &[u32], found: &mut [Bits]) {
        let (before, thresholds) = (self.before.as_slice(), self.thresholds.as_slice());
        let steps = if STEPS == 0 { self.steps } else { STEPS };
        for (word, (values, cells)) in (0..BLOCK / 64).zip(values.chunks(64).zip(cells.chunks(64))) {
            for (bit, (value, cell)) in values.iter().zip(cells).enumerate() {
                let rank = search(thresholds, steps, *value, before[*cell as usize] as usize);
                found[rank][word] |= 1 << bit;
            }
        }
    }

    /// Whether the value goes where the node sends missing ones.
    #[inline(always)]
    pub fn is_missing(&self, value: f64) -> bool {
        value.is_nan() | (self.zero_is_missing & (value.abs() <= super::ZERO))
    }

    /// Whether any of the values is missing.
    #[inline(always)]
    pub fn are_missing(&self, values: &[f64]) -> bool {
        values.iter().fold(false, |any, value| any | self.is_missing(*value))
    }

    /// Low end and scale of a table of `cells` over the thresholds without a `share` at each end.
    fn range(&self, cells: usize, share: f64) -> (f64, f64) {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a length")]
        let left_out = (self.len as f64 * share) as usize;
        let low = self.thresholds[left_out].clamp(f64::MIN, f64::MAX);
        let high = self.thresholds[self.len - 1 - left_out].clamp(f64::MIN, f64::MAX);
        // Neither zero nor infinite: a cell is never NaN but for NaN.
        (low, ((cells - 1) as f64 / (high - low)).clamp(1e-300, 1e300))
    }

    fn fullest(&self, cells: usize, low: f64, scale: f64) -> usize {
        let mut fullest = 0;
        let mut rest = self.thresholds.as_slice();
        while let Some(first) = rest.first() {
            let at = cell(*first, low, scale, cells);
            let here = rest.partition_point(|threshold| cell(*threshold, low, scale, cells) == at);
            fullest = fullest.max(here);
            rest = &rest[here..];
        }
        fullest
    }

    fn fill(&mut self) {
        let cells = self.before.len();
        let mut next = 0_usize;
        for at in 0..cells {
            #[expect(clippy::cast_possible_truncation, reason = "a forest holds fewer than 2^31 thresholds")]
            let before = next as u32;
            self.before[at] = before;
            while next < self.len && cell(self.thresholds[next], self.low, self.scale, cells) == at {
                next += 1;
            }
        }
        self.thresholds.resize(self.len + (1 << self.steps), f64::INFINITY);
    }
}

/// The place among the thresholds from `first` on: those before are below the value, the last cell is padded.
#[inline(always)]
fn search(thresholds: &[f64], steps: u32, value: f64, first: usize) -> usize {
    let mut place = first;
    for step in (0..steps).rev() {
        place += usize::from(thresholds[place + (1 << step) - 1] < value) << step;
    }
    place
}

/// The cell of a value: never falls as the value grows, for difference, product and rounding do not; 0 for NaN.
#[inline(always)]
fn cell(value: f64, low: f64, scale: f64, cells: usize) -> usize {
    let place = ((value - low) * scale).max(0.0).min((cells - 1) as f64);
    // 2^52 leaves no bit for a fraction: the sum is rounded, and its last bits are the cell. Quicker than a conversion,
    // which would have to care for values that were ruled out above.
    #[expect(clippy::cast_possible_truncation, reason = "just clamped to the cells")]
    let cell = (place + 4_503_599_627_370_496.0).to_bits() as u32;
    cell as usize
}
