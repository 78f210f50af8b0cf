//! The operations. One file each: what it computes, its derivative beside it, and the cases that prove the derivative.
//!
//! An op reaches the tape with its [`Op`] descriptor, and a descriptor cannot be written without cases. From the list
//! [`ALL`] follow the gradient checks, the sabotage tests, the table in the book and the labels of graph drawings.

pub use pad::Pad;

// The vocabulary of the op files: each begins with `use super::*`.
use crate::{
    Real, Shape, Tensor, Var, case,
    check::{Case, Sampler},
    shape::{broadcast_or_panic, mismatch},
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
