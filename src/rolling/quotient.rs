//! Division by a number whose inverse is known already.
//!
//! Source: Markstein, "Computation of elementary functions on the IBM RISC System/6000 processor" (1990).

/// `a / b` from `inverse = 1.0 / b`: one multiplication and one correction by its residual, never off by more than the
/// last bit. Where `a / b` is at least 1, so is the result.
///
/// A divider works on one quotient for as long as a multiplier works on ten. Finite while `b` lies in 1e-300..1e300.
#[inline(always)]
#[must_use]
pub fn by_inverse(a: f64, b: f64, inverse: f64) -> f64 {
    let near = a * inverse;
    (-near).mul_add(b, a).mul_add(inverse, near)
}

#[cfg(test)]
mod tests {
    use super::by_inverse;

    /// Numbers of all magnitudes that a price or a volume has (a linear congruential sequence of bits).
    fn numbers() -> impl Iterator<Item = f64> {
        let mut state = 1_u64;
        std::iter::from_fn(move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let exponent = 1_023 - 40 + (state >> 58);
            Some(f64::from_bits((exponent << 52) | ((state >> 6) & ((1 << 52) - 1))))
        })
    }

    #[test]
    fn agrees_with_division() {
        let divisors = numbers().skip(7).step_by(3);
        for (a, b) in numbers().zip(divisors).take(200_000) {
            let (quotient, exact) = (by_inverse(a, b, 1.0 / b), a / b);
            assert!(quotient.to_bits().abs_diff(exact.to_bits()) <= 1, "{a} / {b}");
            assert_eq!(by_inverse(b, b, 1.0 / b).to_bits(), 1.0_f64.to_bits(), "{b}");
            assert!(by_inverse(b.next_up(), b, 1.0 / b) >= 1.0, "{b}");
        }
    }
}
