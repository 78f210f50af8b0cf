//! The numbers an array can hold: `f32` to train, `f64` to check, and any other type that calculates as they do.

use std::{
    fmt::{Debug, Display},
    ops::{Add, AddAssign, Div, Mul, MulAssign, Neg, Sub, SubAssign},
};

use ndarray::{ArrayView2, ArrayViewMut2};

use crate::{Pool, Tensor, plain::plain};

/// A real number in the sense of this crate: field arithmetic, an order, and the elementary functions.
///
/// Whatever is written once over `Real` runs with every such number: with one that carries a derivative along (a dual
/// number), it differentiates.
///
/// ```
/// use gradbook_arrays::Real;
/// fn logistic<T: Real>(x: T) -> T {
///     T::ONE / (T::ONE + (-x).exp())
/// }
/// assert_eq!((logistic(0.0f32), logistic(3f64.ln())), (0.5, 0.75));
/// ```
pub trait Real:
    Copy
    + Default
    + Debug
    + Display
    + PartialOrd
    + Send
    + Sync
    + 'static
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + AddAssign
    + SubAssign
    + MulAssign
{
    /// Zero.
    const ZERO: Self;
    /// One.
    const ONE: Self;

    /// The number nearest to `x`: how constants are written, as in `T::of(0.5)`.
    fn of(x: f64) -> Self;
    /// The value as `f64` (of a dual number, its real part).
    fn to_f64(self) -> f64;
    /// eˣ
    fn exp(self) -> Self;
    /// eˣ − 1, exact near zero.
    fn exp_m1(self) -> Self;
    /// ln x
    fn ln(self) -> Self;
    /// ln(1 + x), exact near zero.
    fn ln_1p(self) -> Self;
    /// √x
    fn sqrt(self) -> Self;
    /// sin x
    fn sin(self) -> Self;
    /// cos x
    fn cos(self) -> Self;
    /// tanh x
    fn tanh(self) -> Self;
    /// The error function, 2/√π ∫₀ˣ e^(−t²) dt.
    fn erf(self) -> Self;
    /// xᵖ
    fn pow(self, p: Self) -> Self;

    /// self·x + y, for floats rounded once.
    fn mul_add(self, x: Self, y: Self) -> Self {
        self * x + y
    }

    /// |x|, with the derivative 1 at 0 (ops that need another convention state it).
    fn abs(self) -> Self {
        if self < Self::ZERO { -self } else { self }
    }

    /// Whether the number is NaN, the only one that differs from itself.
    #[expect(clippy::eq_op, reason = "the definition of NaN")]
    fn is_nan(self) -> bool {
        self != self
    }

    /// Whether the number is neither infinite nor NaN.
    fn is_finite(self) -> bool {
        self.to_f64().is_finite()
    }

    /// These values with what numbers of `like` carry besides their value (`None`: with nothing), for numbers that carry
    /// anything: dual numbers carry a derivative, which some operations cut or replace.
    fn carrying(values: Tensor<Self>, _like: Option<&Tensor<Self>>) -> Tensor<Self> {
        values
    }

    /// C ← β·C + A·B for a chunk of terms on one thread, the kernel of [`gemm`](crate::gemm::gemm). The shapes fit.
    fn gemm_kernel(a: ArrayView2<Self>, b: ArrayView2<Self>, beta: Self, c: ArrayViewMut2<Self>) {
        plain(a, b, beta, c);
    }

    /// Where dropped buffers of this number wait for reuse.
    fn pool() -> &'static Pool<Self>;
}

/// The functions that the standard library's floats have by the same name.
macro_rules! inherent {
    ($float:ty: $($function:ident)+) => {
        $(#[inline]
        fn $function(self) -> Self {
            <$float>::$function(self)
        })+
    };
}

macro_rules! real {
    ($float:ty, $exp:path, $erf:path, $gemm:path) => {
        impl Real for $float {
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            #[inline]
            fn of(x: f64) -> Self {
                x as $float
            }
            #[inline]
            fn to_f64(self) -> f64 {
                f64::from(self)
            }
            #[inline(always)]
            fn exp(self) -> Self {
                $exp(self)
            }
            inherent!($float: exp_m1 ln ln_1p sqrt sin cos tanh);
            #[inline]
            fn erf(self) -> Self {
                $erf(self)
            }
            #[inline(always)]
            fn mul_add(self, x: Self, y: Self) -> Self {
                <$float>::mul_add(self, x, y)
            }
            #[inline]
            fn pow(self, p: Self) -> Self {
                <$float>::powf(self, p)
            }
            #[inline]
            fn gemm_kernel(a: ArrayView2<Self>, b: ArrayView2<Self>, beta: Self, c: ArrayViewMut2<Self>) {
                $gemm(a, b, beta, c);
            }
            #[inline]
            fn pool() -> &'static Pool<Self> {
                static POOL: Pool<$float> = Pool::new();
                &POOL
            }
        }
    };
}

real!(f32, crate::exp::exp, libm::erff, crate::gemm::kernel_f32);
real!(f64, f64::exp, libm::erf, crate::gemm::kernel_f64);
