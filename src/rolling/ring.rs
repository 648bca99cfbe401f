//! The last few values of a stream, addressed by age.

use serde::{Deserialize, Serialize};

/// Ring buffer of the last `LEN` values; `LEN` is a power of two (checked at compile time).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Ring<T, const LEN: usize> {
    #[serde(with = "super::array", bound(serialize = "T: Serialize", deserialize = "T: Deserialize<'de>"))]
    values: [T; LEN],
    // Any number is a place: it is masked where it is used, so stored bytes cannot point outside.
    newest: usize,
}

impl<T: Copy, const LEN: usize> Ring<T, LEN> {
    /// A ring whose every place holds `value`, as if it had been pushed for ever.
    #[must_use]
    pub const fn filled(value: T) -> Self {
        const { assert!(LEN.is_power_of_two(), "the place of a value is found by masking") };
        Self { values: [value; LEN], newest: 0 }
    }

    /// Appends `value`; the oldest is forgotten.
    #[inline(always)]
    pub fn push(&mut self, value: T) {
        // The counter may wrap: LEN divides 2^64, so places stay consecutive.
        self.newest = self.newest.wrapping_add(1);
        self.values[self.newest & (LEN - 1)] = value;
    }

    /// The value pushed `age` pushes before the newest (0 is the newest); `age` is below `LEN`.
    #[inline(always)]
    #[must_use]
    pub fn ago(&self, age: usize) -> T {
        debug_assert!(age < LEN, "a ring of {LEN} has forgotten what is {age} pushes old");
        self.values[self.newest.wrapping_sub(age) & (LEN - 1)]
    }
}

#[cfg(test)]
mod tests {
    use super::Ring;

    #[test]
    fn remembers_by_age_across_many_wraps() {
        let mut ring = Ring::<usize, 8>::filled(0);
        for value in 1..100 {
            ring.push(value);
            for age in 0..8 {
                assert_eq!(ring.ago(age), value.saturating_sub(age));
            }
        }
    }

    #[test]
    fn counter_may_wrap() {
        let mut ring = Ring::<usize, 4> { values: [0; 4], newest: usize::MAX - 1 };
        for value in 1..=5 {
            ring.push(value);
        }
        assert_eq!([0, 1, 2, 3].map(|age| ring.ago(age)), [5, 4, 3, 2]);
    }
}
