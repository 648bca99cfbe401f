//! Slippage drawn from the seed and the order's own id, so that a repeat of the run repeats it.

/// Odd and without a pattern in its bits: the fraction of the golden ratio, 64 bits.
const STRIDE: u64 = 0x9E37_79B9_7F4A_7C15;

/// Uniform in 0 (included) to 1 (excluded); the same for the same seed and id.
pub(super) fn share(seed: u64, req_id: &str) -> f64 {
    let state = req_id.bytes().fold(mixed(seed ^ STRIDE), |state, byte| mixed(state ^ u64::from(byte)));
    // The upper 53 bits are what a float can hold exactly.
    (mixed(state) >> 11) as f64 / (1_u64 << 53) as f64
}

/// Every bit of the input changes about half of the output's; no two inputs give the same.
fn mixed(value: u64) -> u64 {
    let value = (value ^ (value >> 29)).wrapping_add(STRIDE).wrapping_mul(STRIDE);
    let value = (value ^ (value >> 31)).wrapping_mul(STRIDE.rotate_left(17) | 1);
    value ^ (value >> 30)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_are_uniform_enough_and_repeat() {
        let draws: Vec<f64> = (0..10_000).map(|i| share(7, &format!("order-{i}"))).collect();
        assert!(draws.iter().all(|draw| (0.0..1.0).contains(draw)));
        let mean = draws.iter().sum::<f64>() / 10_000.0;
        assert!((mean - 0.5).abs() < 0.015, "five standard errors around the middle: {mean}");
        for tenth in 0..10 {
            let (low, high) = (f64::from(tenth) / 10.0, f64::from(tenth + 1) / 10.0);
            let count = draws.iter().filter(|draw| (low..high).contains(*draw)).count();
            assert!((850..1150).contains(&count), "{count} of 10,000 in {low}..{high}");
        }
        assert_eq!(share(7, "order-1").to_bits(), draws[1].to_bits());
        assert_ne!(share(8, "order-1").to_bits(), draws[1].to_bits(), "the seed matters");
    }
}
