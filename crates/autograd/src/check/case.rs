//! [`Case`]: a function to be checked, written once and compiled for `f32`, `f64` and dual numbers.

use crate::{Dual, Real, Tensor, Var};

/// A function of some values on a tape.
pub type Function<T> = Box<dyn for<'t> Fn(&[Var<'t, T>]) -> Var<'t, T> + Send + Sync>;

/// Boxes a closure as a [`Function`]; it also tells the compiler the closure's type, as [`case!`](crate::case) needs.
pub fn function<T: Real>(
    f: impl for<'t> Fn(&[Var<'t, T>]) -> Var<'t, T> + Send + Sync + 'static,
) -> Function<T> {
    Box::new(f)
}

/// One function in the three arithmetics.
pub struct Generic {
    /// To see what single precision loses.
    pub f32: Function<f32>,
    /// The function whose gradient is checked.
    pub f64: Function<f64>,
    /// For derivatives by forward mode.
    pub dual: Function<Dual>,
}

/// A function with the inputs at which its gradient is checked. Made by [`case!`](crate::case).
pub struct Case {
    /// The inputs.
    pub inputs: Vec<Tensor<f64>>,
    /// The function whose *tape* gradient is examined.
    pub function: Generic,
    /// For ops that are not differentiable: the function whose derivative they claim. The oracles look at this one.
    pub surrogate: Option<Generic>,
}

impl Case {
    /// The function that the oracles differentiate.
    pub(crate) fn claimed(&self) -> &Generic {
        self.surrogate.as_ref().unwrap_or(&self.function)
    }
}

/// `case!([inputs…], |x| f(x))`: a gradient-check [`Case`](crate::check::Case). `x` is the slice of inputs as
/// [`Var`](crate::Var)s; the body is compiled for `f32`, `f64` and [`Dual`](crate::Dual), so constants are written as
/// plain `f64` (`x[0] * 2.0`). What the body captures must be `Copy`.
///
/// `case!([inputs…], |x| f(x), surrogate |x| g(x))` claims that the derivative of f is that of g.
#[macro_export]
macro_rules! case {
    ([$($input:expr),* $(,)?], |$x:ident| $f:expr $(, surrogate |$y:ident| $g:expr)? $(,)?) => {{
        #[allow(unused_mut, reason = "only cases with a surrogate change it")]
        let mut case = $crate::check::Case {
            inputs: vec![$($input),*],
            function: $crate::case!(@generic $x, $f),
            surrogate: None,
        };
        $(case.surrogate = Some($crate::case!(@generic $y, $g));)?
        case
    }};
    (@generic $x:ident, $f:expr) => {
        $crate::check::Generic {
            f32: $crate::check::function(move |$x: &[$crate::Var<'_, f32>]| $f),
            f64: $crate::check::function(move |$x: &[$crate::Var<'_, f64>]| $f),
            dual: $crate::check::function(move |$x: &[$crate::Var<'_, $crate::Dual>]| $f),
        }
    };
}
