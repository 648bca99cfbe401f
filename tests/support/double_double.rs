//! Double-double arithmetic (about 32 digits) for the reference; written apart from `src/rolling`, slow and plain.

use std::ops::{Add, Div, Mul, Sub};

/// The unevaluated sum of two f64, normalised: the first is the rounded value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Wide(pub f64, pub f64);

impl Wide {
    pub const ZERO: Self = Self(0.0, 0.0);

    fn two_sum(a: f64, b: f64) -> Self {
        let (large, small) = if a.abs() >= b.abs() { (a, b) } else { (b, a) };
        let sum = large + small;
        Self(sum, small - (sum - large))
    }

    /// Veltkamp's split: two halves of 26 bits, whose products are exact.
    fn halves(a: f64) -> (f64, f64) {
        let scaled = a * 134_217_729.0;
        let high = scaled - (scaled - a);
        (high, a - high)
    }

    fn two_product(a: f64, b: f64) -> Self {
        let product = a * b;
        let ((a_high, a_low), (b_high, b_low)) = (Self::halves(a), Self::halves(b));
        Self(product, ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low)
    }

    pub fn rounded(self) -> f64 {
        self.0
    }

    pub fn sqrt(self) -> Self {
        if self.0 == 0.0 {
            return Self::ZERO;
        }
        // One Newton step doubles the 16 digits of the first root.
        let root = Self::from(self.0.sqrt());
        root + (self - root * root) / Self::from(2.0 * root.0)
    }

    pub fn abs(self) -> Self {
        if self.0 < 0.0 { Self::ZERO - self } else { self }
    }
}

impl From<f64> for Wide {
    fn from(value: f64) -> Self {
        Self(value, 0.0)
    }
}

impl Add for Wide {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        let high = Self::two_sum(self.0, other.0);
        let low = Self::two_sum(self.1, other.1);
        let once = Self::two_sum(high.0, high.1 + low.0);
        Self::two_sum(once.0, once.1 + low.1)
    }
}

impl Sub for Wide {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self + Self(-other.0, -other.1)
    }
}

impl Mul for Wide {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        let product = Self::two_product(self.0, other.0);
        Self::two_sum(product.0, product.1 + (self.0 * other.1 + self.1 * other.0))
    }
}

impl Div for Wide {
    type Output = Self;
    fn div(self, other: Self) -> Self {
        let first = self.0 / other.0;
        let rest = self - other * Self::from(first);
        let second = rest.0 / other.0;
        let rest = rest - other * Self::from(second);
        Self::two_sum(first, second) + Self::from(rest.0 / other.0)
    }
}

impl std::iter::Sum for Wide {
    fn sum<I: Iterator<Item = Self>>(values: I) -> Self {
        values.fold(Self::ZERO, |total, value| total + value)
    }
}
