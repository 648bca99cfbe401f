//! AVX2, written out where the compiler would not find it.

#[allow(clippy::wildcard_imports, reason = "a page of intrinsics")]
use std::arch::x86_64::*;

use super::{BLOCK, Bits, Cuts, LANES, Row, Simd};

/// Bytes of a register.
const REGISTER: usize = 32;

/// Registers of a byte for each lane.
const PARTS: usize = LANES / REGISTER;

/// Proof that the processor has AVX2.
#[derive(Debug, Clone, Copy)]
pub struct Avx2(());

impl Avx2 {
    /// `None` where the processor lacks it.
    pub fn available() -> Option<Self> {
        is_x86_feature_detected!("avx2").then_some(Self(()))
    }
}

impl Simd for Avx2 {
    #[inline(always)]
    fn number<const DIGITS: usize>(self, digits: &[Bits; DIGITS], numbers: &mut [u8; BLOCK]) {
        // SAFETY: there is an `Avx2` only where the processor has it.
        unsafe { number(digits, numbers) }
    }

    #[inline(always)]
    fn leaves(self, row: &Row, columns: usize, cuts: &[Cuts]) -> [u8; LANES] {
        // SAFETY: there is an `Avx2` only where the processor has it.
        unsafe {
            match columns {
                0..=16 => leaves::<1>(row, cuts),
                17..=32 => leaves::<2>(row, cuts),
                33..=64 => leaves::<4>(row, cuts),
                65..=128 => leaves::<8>(row, cuts),
                _ => leaves::<16>(row, cuts),
            }
        }
    }
}

#[target_feature(enable = "avx2")]
#[inline]
fn number<const DIGITS: usize>(digits: &[Bits; DIGITS], numbers: &mut [u8; BLOCK]) {
    // Byte i of a half gets byte i / 8 of the 32 rows' bits, then keeps bit i % 8.
    let spread = _mm256_setr_epi64x(0, 0x0101_0101_0101_0101, 0x0202_0202_0202_0202, 0x0303_0303_0303_0303);
    let own = _mm256_set1_epi64x(0x8040_2010_0804_0201_u64.cast_signed());
    #[expect(clippy::cast_possible_truncation, reason = "half of a word is meant")]
    let halves: [[u32; BLOCK / 32]; DIGITS] =
        digits.map(|bits| std::array::from_fn(|half| (bits[half / 2] >> (half % 2 * 32)) as u32));
    for (part, numbers) in numbers.as_chunks_mut::<REGISTER>().0.iter_mut().enumerate() {
        let mut all = _mm256_setzero_si256();
        for (digit, halves) in halves.iter().enumerate() {
            let rows = _mm256_set1_epi32(halves[part].cast_signed());
            let kept = _mm256_and_si256(_mm256_shuffle_epi8(rows, spread), own);
            let value = _mm256_set1_epi8(1_i8 << digit);
            all = _mm256_or_si256(all, _mm256_and_si256(_mm256_cmpeq_epi8(kept, own), value));
        }
        store(numbers, all);
    }
}

/// `TABLES` is a power of two; columns are below `16 · TABLES`.
#[target_feature(enable = "avx2")]
#[inline]
fn leaves<const TABLES: usize>(row: &Row, cuts: &[Cuts]) -> [u8; LANES] {
    let tables: [__m256i; TABLES] = std::array::from_fn(|table| {
        let bytes: &[u8; 16] = row[16 * table..].first_chunk().unwrap_or(&[0; 16]);
        // SAFETY: sixteen bytes; the load needs no alignment.
        _mm256_broadcastsi128_si256(unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) })
    });
    // First and last leaf that are possible, signs turned over.
    let mut first = [_mm256_set1_epi8(i8::MIN); PARTS];
    let mut last = [_mm256_set1_epi8(i8::MAX); PARTS];
    for cuts in cuts {
        for part in 0..PARTS {
            let at = part * REGISTER;
            let (byte, cut) = (find(&tables, load(&cuts.columns, at)), load(&cuts.leaves, at));
            let is_no = _mm256_cmpgt_epi8(byte, load(&cuts.ranks, at));
            let is_inside =
                _mm256_andnot_si256(_mm256_cmpgt_epi8(cut, last[part]), _mm256_cmpgt_epi8(cut, first[part]));
            let before = _mm256_add_epi8(cut, _mm256_set1_epi8(-1));
            first[part] = _mm256_blendv_epi8(first[part], cut, _mm256_and_si256(is_no, is_inside));
            last[part] = _mm256_blendv_epi8(last[part], before, _mm256_andnot_si256(is_no, is_inside));
        }
    }
    let mut out = [0; LANES];
    for (out, first) in out.as_chunks_mut::<REGISTER>().0.iter_mut().zip(first) {
        store(out, _mm256_xor_si256(first, _mm256_set1_epi8(i8::MIN)));
    }
    out
}

/// The bytes of a row that stand in the columns.
#[target_feature(enable = "avx2")]
#[inline]
fn find<const TABLES: usize>(tables: &[__m256i; TABLES], columns: __m256i) -> __m256i {
    let place = if TABLES > 8 { _mm256_and_si256(columns, _mm256_set1_epi8(15)) } else { columns };
    let mut found: [__m256i; TABLES] = tables.map(|table| _mm256_shuffle_epi8(table, place));
    // Bit 4 of the column, moved to the sign, chooses between neighbouring tables; bit 5 between those chosen …
    let bits =
        [_mm256_slli_epi16::<3>(columns), _mm256_slli_epi16::<2>(columns), _mm256_slli_epi16::<1>(columns), columns];
    let mut count = TABLES;
    for bit in bits {
        count /= 2;
        for pair in 0..count {
            found[pair] = _mm256_blendv_epi8(found[2 * pair], found[2 * pair + 1], bit);
        }
    }
    found[0]
}

#[target_feature(enable = "avx2")]
#[inline]
fn load(lanes: &[u8; LANES], at: usize) -> __m256i {
    let part: &[u8; REGISTER] = lanes[at..].first_chunk().unwrap_or(&[0; REGISTER]);
    // SAFETY: `REGISTER` bytes; the load needs no alignment.
    unsafe { _mm256_loadu_si256(part.as_ptr().cast()) }
}

#[target_feature(enable = "avx2")]
#[inline]
fn store(bytes: &mut [u8; REGISTER], register: __m256i) {
    // SAFETY: `REGISTER` bytes; the store needs no alignment.
    unsafe { _mm256_storeu_si256(bytes.as_mut_ptr().cast(), register) }
}
