//! The few steps that a compiler does not find by itself, once for every machine and once for AVX2.

#[cfg(target_arch = "x86_64")]
mod avx2;

#[cfg(target_arch = "x86_64")]
pub(super) use avx2::Avx2;

use super::bitmap::{BLOCK, Bits};
use super::codes::Row;
use super::row::Cuts;

/// Trees that are scored side by side for one row.
pub(super) const LANES: usize = 64;

/// Steps that instruction sets do differently; the same bits on all.
pub(super) trait Simd: Copy {
    /// Writes every row's number, whose binary digits are given, lowest first.
    fn number<const DIGITS: usize>(self, digits: &[Bits; DIGITS], numbers: &mut [u8; BLOCK]);

    /// The leaf that each lane's tree leaves possible after all cuts; columns of the row are below `columns`.
    fn leaves(self, row: &Row, columns: usize, cuts: &[Cuts]) -> [u8; LANES];
}

/// Any machine.
#[derive(Debug, Clone, Copy)]
pub(super) struct Portable;

impl Simd for Portable {
    #[inline(always)]
    fn number<const DIGITS: usize>(self, digits: &[Bits; DIGITS], numbers: &mut [u8; BLOCK]) {
        const ONES: u64 = 0x0101_0101_0101_0101;
        for (eight, numbers) in numbers.chunks_exact_mut(8).enumerate() {
            let mut all = 0_u64;
            for (digit, bits) in digits.iter().enumerate() {
                let byte = bits[eight / 8] >> (eight % 8 * 8) & 0xff;
                // Eight copies; of the copy for row i only bit i is kept, then moved to the lowest place.
                let own = (byte * ONES) & 0x8040_2010_0804_0201;
                all |= ((own + 0x7f7f_7f7f_7f7f_7f7f) >> 7 & ONES) << digit;
            }
            numbers.copy_from_slice(&all.to_le_bytes());
        }
    }

    #[inline(always)]
    fn leaves(self, row: &Row, _: usize, cuts: &[Cuts]) -> [u8; LANES] {
        // First and last leaf that are possible.
        let (mut first, mut last) = ([0_u8; LANES], [u8::MAX; LANES]);
        for cuts in cuts {
            // Apart from the arithmetic, which runs on whole registers when it has no branches.
            let bytes: [u8; LANES] = std::array::from_fn(|lane| row[cuts.columns[lane] as usize]);
            for lane in 0..LANES {
                let cut = cuts.leaves[lane] ^ 0x80;
                let inside = all_if(first[lane] < cut) & all_if(cut <= last[lane]);
                let no = all_if(bytes[lane].cast_signed() > cuts.ranks[lane].cast_signed());
                let (right, left) = (inside & no, inside & !no);
                first[lane] = first[lane] & !right | cut & right;
                last[lane] = last[lane] & !left | cut.wrapping_sub(1) & left;
            }
        }
        first
    }
}

/// All bits where it holds, none elsewhere.
#[inline(always)]
fn all_if(holds: bool) -> u8 {
    u8::from(holds).wrapping_neg()
}
