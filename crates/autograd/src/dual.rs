//! Forward-mode differentiation in one file: a number that carries its derivative along.

use std::{
    cmp::Ordering,
    fmt,
    ops::{Add, AddAssign, Div, Mul, MulAssign, Neg, Sub, SubAssign},
};

use crate::{Real, Tensor, pool::Pool};

/// The dual number `re + du·ε` with ε² = 0: a value and its derivative along one direction.
///
/// Arithmetic follows from ε² = 0, so f(x + ẋ·ε) = f(x) + f′(x)·ẋ·ε for every f built from it: exact derivatives
/// without a tape. A `Tape<Dual>` differentiates forwards *over* its reverse sweep: Hessian-vector products.
///
/// ```
/// use gradbook_autograd::{Dual, Real};
/// let x = Dual::new(2.0, 1.0);         // d/dx of x² · eˣ at 2 …
/// let y = x * x * x.exp();
/// assert!((y.du - 8.0 * 2f64.exp()).abs() < 1e-12); // … is (2x + x²) eˣ = 8 e²
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Dual {
    /// The value.
    pub re: f64,
    /// The derivative along the chosen direction.
    pub du: f64,
}

impl Dual {
    /// `re + du·ε`
    pub const fn new(re: f64, du: f64) -> Self {
        Self { re, du }
    }

    /// f(x + ẋ·ε) = f(x) + f′(x)·ẋ·ε
    fn chain(self, value: f64, derivative: f64) -> Self {
        Self::new(value, derivative * self.du)
    }
}

impl Add for Dual {
    type Output = Self;
    fn add(self, o: Self) -> Self {
        Self::new(self.re + o.re, self.du + o.du)
    }
}

impl Sub for Dual {
    type Output = Self;
    fn sub(self, o: Self) -> Self {
        Self::new(self.re - o.re, self.du - o.du)
    }
}

impl Mul for Dual {
    type Output = Self;
    fn mul(self, o: Self) -> Self {
        Self::new(self.re * o.re, self.du * o.re + self.re * o.du)
    }
}

impl Div for Dual {
    type Output = Self;
    fn div(self, o: Self) -> Self {
        let quotient = self.re / o.re;
        Self::new(quotient, (self.du - quotient * o.du) / o.re)
    }
}

impl Neg for Dual {
    type Output = Self;
    fn neg(self) -> Self {
        Self::new(-self.re, -self.du)
    }
}

macro_rules! assign {
    ($($operator:ident $method:ident $sign:tt;)+) => {
        $(impl $operator for Dual {
            fn $method(&mut self, o: Self) {
                *self = *self $sign o;
            }
        })+
    };
}

assign! { AddAssign add_assign +; SubAssign sub_assign -; MulAssign mul_assign *; }

/// Order is the order of the values: a branch depends on where x is, not on where it is heading.
impl PartialOrd for Dual {
    fn partial_cmp(&self, o: &Self) -> Option<Ordering> {
        self.re.partial_cmp(&o.re)
    }
}

impl fmt::Display for Dual {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} + {}ε", self.re, self.du)
    }
}

impl Real for Dual {
    const ZERO: Self = Self::new(0.0, 0.0);
    const ONE: Self = Self::new(1.0, 0.0);

    fn of(x: f64) -> Self {
        Self::new(x, 0.0)
    }
    fn to_f64(self) -> f64 {
        self.re
    }
    fn exp(self) -> Self {
        self.chain(self.re.exp(), self.re.exp())
    }
    fn exp_m1(self) -> Self {
        self.chain(self.re.exp_m1(), self.re.exp())
    }
    fn ln(self) -> Self {
        self.chain(self.re.ln(), self.re.recip())
    }
    fn ln_1p(self) -> Self {
        self.chain(self.re.ln_1p(), (1.0 + self.re).recip())
    }
    fn sqrt(self) -> Self {
        self.chain(self.re.sqrt(), 0.5 / self.re.sqrt())
    }
    fn sin(self) -> Self {
        self.chain(self.re.sin(), self.re.cos())
    }
    fn cos(self) -> Self {
        self.chain(self.re.cos(), -self.re.sin())
    }
    fn tanh(self) -> Self {
        let t = self.re.tanh();
        self.chain(t, 1.0 - t * t)
    }
    fn erf(self) -> Self {
        self.chain(libm::erf(self.re), std::f64::consts::FRAC_2_SQRT_PI * (-self.re * self.re).exp())
    }
    fn pow(self, p: Self) -> Self {
        let value = self.re.powf(p.re);
        let by_base = if p.re == 0.0 { 0.0 } else { p.re * self.re.powf(p.re - 1.0) * self.du };
        // The logarithm only enters where the exponent moves, so negative bases keep their constant exponents.
        let by_exponent = if p.du == 0.0 { 0.0 } else { value * self.re.ln() * p.du };
        Self::new(value, by_base + by_exponent)
    }
    fn is_finite(self) -> bool {
        self.re.is_finite() && self.du.is_finite()
    }
    fn carrying(values: Tensor<Self>, like: Option<&Tensor<Self>>) -> Tensor<Self> {
        match like {
            Some(like) => values.zip(like, |value, like| Self::new(value.re, like.du)),
            None => values.map(|value| Self::of(value.re)),
        }
    }
    fn pool() -> &'static Pool<Self> {
        static POOL: Pool<Dual> = Pool::new();
        &POOL
    }
}
