//! Forward-mode differentiation in one file: a number that carries its derivative along.

use std::{
    cmp::Ordering,
    fmt,
    ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Sub, SubAssign},
};

use crate::{Pool, Real, Tensor};

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
}

/// Binary operators with their assigning twins: the value of `x ∘ y`, then its derivative.
macro_rules! operators {
    ($($Operator:ident $method:ident, $Assign:ident $assign:ident: |$x:ident, $y:ident| $re:expr, $du:expr;)+) => {$(
        impl $Operator for Dual {
            type Output = Self;
            fn $method(self, $y: Self) -> Self {
                let $x = self;
                Self::new($re, $du)
            }
        }

        impl $Assign for Dual {
            fn $assign(&mut self, y: Self) {
                *self = self.$method(y);
            }
        }
    )+};
}

operators! {
    Add add, AddAssign add_assign: |x, y| x.re + y.re, x.du + y.du;
    Sub sub, SubAssign sub_assign: |x, y| x.re - y.re, x.du - y.du;
    Mul mul, MulAssign mul_assign: |x, y| x.re * y.re, x.du * y.re + x.re * y.du;
    Div div, DivAssign div_assign: |x, y| x.re / y.re, (x.du - x.re / y.re * y.du) / y.re;
}

impl Neg for Dual {
    type Output = Self;
    fn neg(self) -> Self {
        Self::new(-self.re, -self.du)
    }
}

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

/// f(x + ẋ·ε) = f(x) + f′(x)·ẋ·ε, for functions given by their value and their derivative.
macro_rules! chain {
    ($($f:ident: |$x:ident| $value:expr, $derivative:expr;)+) => {
        $(fn $f(self) -> Self {
            let $x = self.re;
            Self::new($value, $derivative * self.du)
        })+
    };
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
    chain! {
        exp: |x| x.exp(), x.exp();
        exp_m1: |x| x.exp_m1(), x.exp();
        ln: |x| x.ln(), x.recip();
        ln_1p: |x| x.ln_1p(), (1.0 + x).recip();
        sqrt: |x| x.sqrt(), 0.5 / x.sqrt();
        sin: |x| x.sin(), x.cos();
        cos: |x| x.cos(), -x.sin();
        tanh: |x| x.tanh(), 1.0 - x.tanh() * x.tanh();
        erf: |x| libm::erf(x), std::f64::consts::FRAC_2_SQRT_PI * (-x * x).exp();
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
