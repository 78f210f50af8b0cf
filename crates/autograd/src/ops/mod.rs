//! The operations. One file each: what it computes, its derivative beside it, and the cases that prove the derivative.
//!
//! An op reaches the tape with its [`Op`] descriptor, and a descriptor cannot be written without cases. From the list
//! [`ALL`] follow the gradient checks, the sabotage tests, the table in the book and the labels of graph drawings.

pub use pad::Pad;

// The vocabulary of the op files: each begins with `use super::*`.
use gradbook_arrays::{Real, Shape, Tensor, broadcast_or_panic, mismatch};

use crate::{
    Var, case,
    check::{Case, Sampler},
};

/// The descriptor of an operation.
pub struct Op {
    /// The name in graphs, tables and error messages.
    pub name: &'static str,
    /// What it computes, in one line of mathematics.
    pub formula: &'static str,
    /// Random cases to check its gradient with: shapes and values drawn from the sampler.
    pub cases: fn(&mut Sampler) -> Vec<Case>,
}

/// Cases of a binary operator: operands that broadcast in every way, the right one drawn by `$draw`; a number on
/// either side; one value on both.
macro_rules! operator_cases {
    ($operator:tt, $draw:ident) => {
        |s| {
            let mut cases = s.broadcasts(|s, a, b| case!([s.normal(a), s.$draw(b)], |x| x[0] $operator x[1]));
            cases.push(case!([s.any(Sampler::nonzero)], |x| x[0] $operator 1.5));
            cases.push(case!([s.any(Sampler::nonzero)], |x| 1.5 $operator x[0]));
            // Beyond ½, where the slope of x − x² vanishes and leaves nothing that rounding could be small against.
            let x = s.any(|s, shape| s.uniform(shape, 0.6, 2.0));
            cases.push(case!([x], |x| x[0] $operator (x[0] * x[0])));
            cases
        }
    };
}

/// A binary operator with a number on the right and on the left.
macro_rules! operator_with_number {
    ($Operator:ident::$method:ident, |$x:ident, $c:ident| $right:expr, |$d:ident, $y:ident| $left:expr) => {
        impl<T: Real> $Operator<f64> for Var<'_, T> {
            type Output = Self;
            #[track_caller]
            fn $method(self, $c: f64) -> Self {
                let $x = self;
                $right
            }
        }

        impl<'t, T: Real> $Operator<Var<'t, T>> for f64 {
            type Output = Var<'t, T>;
            #[track_caller]
            fn $method(self, $y: Var<'t, T>) -> Var<'t, T> {
                let $d = self;
                $left
            }
        }
    };
}

/// Cases of a reduction: over some axes, over some that are kept, over all.
macro_rules! reduction_cases {
    ($draw:ident: $some:ident($axes:expr), $keep:ident($kept:expr), $all:ident()) => {
        |s: &mut Sampler| {
            let [a, b, c] = s.dims();
            vec![
                case!([s.$draw(&[a, b, c])], |x| x[0].$some($axes)),
                case!([s.$draw(&[a, b, c])], |x| x[0].$keep($kept)),
                case!([s.any(Sampler::$draw)], |x| x[0].$all()),
            ]
        }
    };
}

/// The three ways to say over which axes a reduction goes, by `$over(axes, keep)`.
macro_rules! reduction {
    ($(#[$doc:meta])+ $some:ident, $keep:ident, $all:ident by $over:ident) => {
        $(#[$doc])+
        #[track_caller]
        pub fn $some(self, axes: &[usize]) -> Self {
            self.$over(axes, false)
        }

        #[doc = concat!("[`", stringify!($some), "`](Self::", stringify!($some), ") over `axes`, which keep length 1.")]
        #[track_caller]
        pub fn $keep(self, axes: &[usize]) -> Self {
            self.$over(axes, true)
        }

        #[doc = concat!("[`", stringify!($some), "`](Self::", stringify!($some), ") of all elements, a scalar.")]
        #[track_caller]
        pub fn $all(self) -> Self {
            self.$over(&self.shape().all_axes(), false)
        }
    };
}

/// Declares the op files and lists their descriptors.
macro_rules! ops {
    ($($file:ident: $($op:ident)+;)+) => {
        $(mod $file;)+
        /// Every differentiable operation.
        pub static ALL: &[&Op] = &[$($(&$file::$op),+),+];
    };
}

ops! {
    abs: ABS;
    add: ADD;
    avg_pool1d: AVG_POOL1D;
    broadcast_to: BROADCAST_TO;
    clamp: CLAMP;
    concat: CONCAT;
    conv1d: CONV1D;
    conv_transpose1d: CONV_TRANSPOSE1D;
    cos: COS;
    detach: DETACH;
    div: DIV;
    elu: ELU;
    exp: EXP;
    gather_rows: GATHER_ROWS;
    gelu: GELU;
    gelu_tanh: GELU_TANH;
    l2_normalize: L2_NORMALIZE;
    leaky_relu: LEAKY_RELU;
    ln: LN;
    log_softmax: LOG_SOFTMAX;
    logsumexp: LOGSUMEXP;
    matmul: MATMUL;
    max: MAX;
    maximum: MAXIMUM;
    mean: MEAN;
    min: MIN;
    minimum: MINIMUM;
    mul: MUL;
    neg: NEG;
    pad: PAD;
    permute: PERMUTE;
    pow: POW;
    relu: RELU;
    reshape: RESHAPE;
    scatter_add: SCATTER_ADD;
    select: SELECT;
    sigmoid: SIGMOID;
    silu: SILU;
    sin: SIN;
    slice: SLICE;
    snake: SNAKE;
    softmax: SOFTMAX;
    softplus: SOFTPLUS;
    sqrt: SQRT;
    square: SQUARE;
    straight_through: STRAIGHT_THROUGH;
    sub: SUB;
    sum: SUM;
    tanh: TANH;
    upsample_nearest1d: UPSAMPLE_NEAREST1D;
}
