//! The numbers: what `f32` and `f64` compute, and that any other type that calculates as they do is as good.

use std::{
    fmt,
    ops::{Add, AddAssign, Div, Mul, MulAssign, Neg, Sub, SubAssign},
};

use gradbook_arrays::{Conv1dSpec, Pool, Real, Tensor, conv::Windows, gemm::gemm};
use ndarray::Array2;

/// A number in units of ½, which keeps whole numbers and halves exactly: a number of somebody else's.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
struct Halves(f64);

impl fmt::Display for Halves {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/2", self.0)
    }
}

macro_rules! by_value {
    ($($Op:ident::$op:ident, $OpAssign:ident::$op_assign:ident;)+) => {
        $(impl $Op for Halves {
            type Output = Self;
            fn $op(self, other: Self) -> Self {
                Self::of(self.to_f64().$op(other.to_f64()))
            }
        }
        impl $OpAssign for Halves {
            fn $op_assign(&mut self, other: Self) {
                *self = self.$op(other);
            }
        })+
    };
}

by_value! { Add::add, AddAssign::add_assign; Sub::sub, SubAssign::sub_assign; Mul::mul, MulAssign::mul_assign; }

impl Div for Halves {
    type Output = Self;
    fn div(self, other: Self) -> Self {
        Self::of(self.to_f64() / other.to_f64())
    }
}

impl Neg for Halves {
    type Output = Self;
    fn neg(self) -> Self {
        Self(-self.0)
    }
}

macro_rules! through_f64 {
    ($($f:ident)+) => {
        $(fn $f(self) -> Self {
            Self::of(Real::$f(self.to_f64()))
        })+
    };
}

impl Real for Halves {
    const ZERO: Self = Self(0.0);
    const ONE: Self = Self(2.0);
    fn of(x: f64) -> Self {
        Self(2.0 * x)
    }
    fn to_f64(self) -> f64 {
        0.5 * self.0
    }
    through_f64!(exp exp_m1 ln ln_1p sqrt sin cos tanh erf);
    fn pow(self, p: Self) -> Self {
        Self::of(self.to_f64().powf(p.to_f64()))
    }
    fn pool() -> &'static Pool<Self> {
        static POOL: Pool<Halves> = Pool::new();
        &POOL
    }
}

fn functions_are_those_of_mathematics<T: Real>(tolerance: f64) {
    let close = |got: T, expected: f64| {
        assert!((got.to_f64() - expected).abs() <= tolerance * expected.abs(), "{got} is not {expected}");
    };
    assert_eq!((T::ZERO.to_f64(), T::ONE.to_f64(), T::of(0.5).to_f64()), (0.0, 1.0, 0.5));
    let x = T::of(0.75);
    close(x.exp(), 2.117_000_016_612_675);
    close(T::of(2f64.powi(-20)).exp_m1(), 9.536_747_711_537_455e-7);
    close(x.ln(), -0.287_682_072_451_780_9);
    close(T::of(2f64.powi(-20)).ln_1p(), 9.536_738_616_591_883e-7);
    close(x.sqrt(), 0.866_025_403_784_438_6);
    close(x.sin(), 0.681_638_760_023_334_2);
    close(x.cos(), 0.731_688_868_873_820_9);
    close(x.tanh(), 0.635_148_952_387_287_3);
    close(x.erf(), 0.711_155_633_653_515_1);
    close(x.pow(T::of(2.5)), 0.487_139_289_628_746_8);
    close(x.mul_add(T::of(4.0), T::of(0.5)), 3.5);
    assert_eq!([-2.5, 0.0, 2.5].map(|x| T::of(x).abs().to_f64()), [2.5, 0.0, 2.5]);
    assert!(T::ZERO.abs().to_f64().is_sign_positive(), "at 0 |x| goes on as x");
    let strange = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1.0];
    assert_eq!(strange.map(|x| T::of(x).is_nan()), [true, false, false, false]);
    assert_eq!(strange.map(|x| T::of(x).is_finite()), [false, false, false, true]);
    let x = Tensor::new([2], vec![T::ONE, T::ZERO]);
    assert_eq!(T::carrying(x.clone(), Some(&x)), x);
}

#[test]
fn the_functions_of_every_number_are_those_of_mathematics() {
    functions_are_those_of_mathematics::<f32>(2e-7);
    functions_are_those_of_mathematics::<f64>(1e-13);
    functions_are_those_of_mathematics::<Halves>(1e-13);
}

#[test]
fn floats_multiply_and_add_with_one_rounding() {
    let x = 1.0 + 2f64.powi(-30);
    assert_eq!(Real::mul_add(x, x, -1.0), 2f64.powi(-29) + 2f64.powi(-60));
    assert_eq!(x * x - 1.0, 2f64.powi(-29)); // with two, the end is lost
    let x = 1.0f32 + 2f32.powi(-13);
    assert_eq!(Real::mul_add(x, x, -1.0), 2f32.powi(-12) + 2f32.powi(-26));
}

#[test]
fn matrices_of_other_numbers_multiply_exactly() {
    let number = |i: usize| Halves(((i * 37) % 11) as f64 - 5.0);
    for (m, k, n) in [(1, 1, 1), (3, 4, 9), (5, 7, 64), (2, 600, 73), (70, 3, 1), (40, 10, 130)] {
        let a = Array2::from_shape_fn((m, k), |(i, j)| number(i * k + j));
        let b = Array2::from_shape_fn((k, n), |(i, j)| number(i * n + j + 5));
        for beta in [0.0, 1.0, -2.0] {
            let mut c = Array2::from_elem((m, n), Halves(if beta == 0.0 { f64::NAN } else { 3.0 }));
            gemm(a.view(), b.view(), Halves::of(beta), c.view_mut());
            let old = if beta == 0.0 { 0.0 } else { 1.5 * beta };
            for ((i, j), c) in c.indexed_iter() {
                let sum: f64 = (0..k).map(|k| a[[i, k]].to_f64() * b[[k, j]].to_f64()).sum();
                assert_eq!(c.to_f64(), old + sum, "[{m}, {k}] · [{k}, {n}], β {beta}");
            }
        }
    }
}

#[test]
fn convolutions_of_other_numbers_are_as_exact() {
    let spec = Conv1dSpec { pad_left: 1, pad_right: 1, winograd: true, ..Conv1dSpec::default() };
    let (batch, length, channels) = (2, 9, 32);
    let x = Tensor::build([batch, length, channels], |out| {
        out.iter_mut().enumerate().for_each(|(i, x)| *x = Halves::of((i % 7) as f64));
    });
    let w = Tensor::filled([3, channels, channels], Halves::of(24.0)); // whole numbers stay whole under the transforms
    let y = Windows::new(spec, 3, batch, length, length).correlate(&x, &w, None);
    for (row, y) in y.as_slice().chunks(channels).enumerate() {
        let (item, m) = (row / length, row % length);
        let samples = (m.saturating_sub(1)..(m + 2).min(length))
            .flat_map(|p| (0..channels).map(move |c| (((item * length + p) * channels + c) % 7) as f64));
        let expected = 24.0 * samples.sum::<f64>();
        assert!(y.iter().all(|y| (y.to_f64() - expected).abs() < 1e-9), "row {row}");
    }
}
