//! `XGBoost` asks `(float)x < split`; the forest asks `x <= threshold` in double precision.

/// The largest double that rounds (ties to even) to a single below `split`; `None` when not even -inf does.
///
/// For every double `x` but NaN: `(x as f32) < split` exactly when `x <= threshold`. `split` is not NaN.
pub(super) fn threshold_below(split: f32) -> Option<f64> {
    if split == f32::NEG_INFINITY {
        return None;
    }
    let below = split.next_down();
    // Halfway is exact in double precision: 25 bits at most. Beyond the largest single, infinity stands for the next
    // step of the same width, which is where rounding puts it.
    let halfway = f64::midpoint(widened(below), widened(split));
    // The tie goes to the neighbour with the even last bit.
    let tie_goes_below = below.to_bits() & 1 == 0;
    Some(if tie_goes_below { halfway } else { halfway.next_down() })
}

/// 2^128, one step beyond `f32::MAX`.
const BEYOND: f64 = 2.0 * (1_u128 << 127) as f64;

fn widened(single: f32) -> f64 {
    if single.is_infinite() { BEYOND.copysign(f64::from(single)) } else { f64::from(single) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Doubles where the rounding to single can change its mind around `split`.
    fn probes(split: f32) -> Vec<f64> {
        let mut singles = vec![split];
        for _ in 0..3 {
            singles.insert(0, singles[0].next_down());
            singles.push(singles[singles.len() - 1].next_up());
        }
        let middles = singles.windows(2).map(|pair| f64::midpoint(widened(pair[0]), widened(pair[1])));
        let centres: Vec<f64> = singles.iter().map(|single| f64::from(*single)).chain(middles).collect();
        let mut probes =
            vec![f64::NEG_INFINITY, f64::MIN, -1.0, -5e-324, -0.0, 0.0, 5e-324, 1.0, f64::MAX, f64::INFINITY];
        for centre in centres {
            let (mut down, mut up) = (centre, centre);
            probes.push(centre);
            for _ in 0..4 {
                (down, up) = (down.next_down(), up.next_up());
                probes.extend([down, up]);
            }
        }
        probes
    }

    fn check(split: f32) -> usize {
        let threshold = threshold_below(split);
        let values = probes(split);
        for x in values.iter().filter(|x| !x.is_nan()) {
            #[expect(clippy::cast_possible_truncation, reason = "what XGBoost does")]
            let expected = (*x as f32) < split;
            assert_eq!(threshold.is_some_and(|threshold| *x <= threshold), expected, "{x:e} < {split:e}");
        }
        if let Some(threshold) = threshold {
            #[expect(clippy::cast_possible_truncation, reason = "what XGBoost does")]
            let (at, above) = (threshold as f32, threshold.next_up() as f32);
            assert!(at < split && above >= split, "{split:e}: {threshold:e} is not the largest");
        }
        values.len()
    }

    #[test]
    fn the_threshold_parts_the_doubles_as_the_single_comparison_does() {
        let mut splits = vec![
            0.0,
            -0.0,
            1.0,
            -1.0,
            f32::MIN_POSITIVE,
            f32::MIN_POSITIVE.next_down(),
            f32::MAX,
            f32::MAX.next_down(),
            f32::INFINITY,
            0.1,
            1e-36,
            16_777_216.0,
            16_777_217.0,
        ];
        for bits in [1, 2, 3, 4, 0x0080_0000, 0x0080_0001, 0x3f80_0001, 0x7f7f_fffe] {
            splits.push(f32::from_bits(bits));
        }
        // A stride that is coprime to 2^32 visits exponents, signs and both parities.
        let strided = (0..20_000_u32).map(|step| f32::from_bits(step.wrapping_mul(2_654_435_761)));
        splits.extend(strided.filter(|split| !split.is_nan()));
        let mirrored: Vec<f32> = splits.iter().map(|split| -split).collect();
        let checked: usize = splits.iter().chain(&mirrored).map(|split| check(*split)).sum();
        assert!(checked > 4_000_000, "only {checked} comparisons");
    }

    #[test]
    fn nothing_is_below_negative_infinity() {
        assert_eq!(threshold_below(f32::NEG_INFINITY), None);
        assert_eq!(threshold_below(f32::INFINITY), Some((BEYOND - f64::from(2.0_f32.powi(103))).next_down()));
        assert_eq!(threshold_below(f32::from_bits(1)), Some(2.0_f64.powi(-150)), "a tie that goes down to 0");
        assert_eq!(threshold_below(0.0), Some((-2.0_f64.powi(-150)).next_down()), "a tie that goes up to -0");
    }
}
