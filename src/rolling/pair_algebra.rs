//! What pairs need besides sums: products, quotients and roots of pairs, and a sign.
//!
//! Source: Dekker, "A floating-point technique for extending the available precision" (1971).

use super::Pair;

impl Pair {
    /// `value` as a pair.
    #[inline(always)]
    #[must_use]
    pub const fn exact(value: f64) -> Self {
        Self { high: value, low: 0.0 }
    }

    /// The same number with `high` its nearest f64; products and quotients rely on that.
    #[inline(always)]
    #[must_use]
    pub fn normal(self) -> Self {
        Self::sum(self.high, self.low)
    }

    /// `self · other`, relative error about 2⁻¹⁰⁰.
    #[inline(always)]
    #[must_use]
    pub fn times(self, other: Self) -> Self {
        let (a, b) = (self.normal(), other.normal());
        let product = Self::product(a.high, b.high);
        Self { high: product.high, low: product.low + (a.high * b.low + a.low * b.high) }.normal()
    }

    /// `self²`.
    #[inline(always)]
    #[must_use]
    pub fn squared(self) -> Self {
        self.times(self)
    }

    /// `self / other`, relative error about 2⁻¹⁰⁰; NaN when `other` is 0.
    #[inline(always)]
    #[must_use]
    pub fn divided_by(self, other: Self) -> Self {
        let (a, b) = (self.normal(), other.normal());
        if b.high == 0.0 {
            return Self::NAN;
        }
        let first = a.high / b.high;
        // What the first quotient leaves of `a`: of the highs without rounding, of the lows nearly.
        let rest = (-first).mul_add(b.high, a.high) + (a.low - first * b.low);
        Self::sum(first, rest / b.high)
    }

    /// `self / whole`, or `neutral` when the whole is nothing.
    #[inline(always)]
    #[must_use]
    pub fn share_of(self, whole: Self, neutral: f64) -> Self {
        if whole.is_zero() { Self::exact(neutral) } else { self.divided_by(whole) }
    }

    /// Whether the number is 0; NaN is not.
    #[inline(always)]
    #[must_use]
    pub fn is_zero(self) -> bool {
        self.value() == 0.0
    }

    /// `√self`, relative error about 2⁻¹⁰⁰; NaN when negative.
    #[inline(always)]
    #[must_use]
    pub fn root(self) -> Self {
        let a = self.normal();
        let near = a.high.sqrt();
        if near == 0.0 {
            return Self::ZERO;
        }
        // One Newton step doubles the digits of the first root.
        let rest = a.minus(Self::product(near, near)).value();
        Self { high: near, low: rest / (2.0 * near) }.normal()
    }

    /// `|self|`.
    #[inline(always)]
    #[must_use]
    pub fn magnitude(self) -> Self {
        if self.value() < 0.0 { self.negated() } else { self }
    }

    /// `-self`.
    #[inline(always)]
    #[must_use]
    pub fn negated(self) -> Self {
        Self { high: -self.high, low: -self.low }
    }
}

#[cfg(test)]
mod tests {
    use super::Pair;

    fn is_close(pair: Pair, to: Pair) -> bool {
        let miss = pair.minus(to).value().abs();
        miss <= 1e-29 * to.value().abs()
    }

    #[test]
    fn quotient_undoes_product() {
        let a = Pair { high: 1.1, low: 3e-18 };
        let b = Pair { high: 7.3, low: -2e-17 };
        assert!(is_close(a.times(b).divided_by(b), a));
        assert!(is_close(a.divided_by(b).times(b), a));
        assert!(a.divided_by(Pair::ZERO).value().is_nan());
        assert_eq!(a.share_of(Pair::ZERO, 0.5), Pair::exact(0.5));
        assert_eq!(a.share_of(b, 0.5), a.divided_by(b));
        assert!(a.share_of(Pair::NAN, 0.5).value().is_nan());
    }

    #[test]
    fn root_undoes_square() {
        let two = Pair::exact(2.0);
        assert!(is_close(two.root().squared(), two));
        assert!(two.root().low != 0.0);
        assert_eq!(Pair::ZERO.root(), Pair::ZERO);
        assert!(Pair::exact(-1.0).root().value().is_nan());
    }

    #[test]
    fn sign_lies_in_the_low_part_when_the_high_one_cancels() {
        let small = Pair { high: 0.0, low: -1e-20 };
        assert!(small.magnitude().value() > 0.0);
        assert!(is_close(small.squared(), Pair::product(1e-20, 1e-20)));
        assert!(Pair::NAN.magnitude().value().is_nan());
    }
}
