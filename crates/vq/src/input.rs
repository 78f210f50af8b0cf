//! [`Latent`]: what a quantizer is given.

use gradbook_autograd::{Real, Var, at_least};
use rayon::prelude::*;

use crate::lanes;

/// The input of a quantizer on the two paths its gradient takes. Both are the same number.
///
/// A residual stack hands the same remainder to a level for its *losses*, which shall reach the encoder, but detached
/// for its *values*: otherwise an encoder under L levels would receive the decoder's gradient L times.
#[derive(Clone, Copy)]
pub struct Latent<'t, T: Real> {
    /// The path from the decoder through the estimator to the encoder.
    pub value: Var<'t, T>,
    /// The path from the quantizer's own losses to the encoder.
    pub loss: Var<'t, T>,
}

impl<'t, T: Real> From<Var<'t, T>> for Latent<'t, T> {
    fn from(z: Var<'t, T>) -> Self {
        Self { value: z, loss: z }
    }
}

impl<'t, T: Real> Latent<'t, T> {
    /// A function of the latent on both paths, computed once if they are one.
    pub fn map(self, f: impl Fn(Var<'t, T>) -> Var<'t, T>) -> Self {
        let value = f(self.value);
        let loss = if self.value.same(self.loss) { value } else { f(self.loss) };
        Self { value, loss }
    }

    /// The latent as rows `[row, channel]`.
    #[track_caller]
    pub fn rows(self, op: &str, dim: usize) -> Self {
        let shape = self.value.shape();
        if shape.last() != Some(&dim) {
            let rule = format!("the last axis of z has the quantizer's {dim} channels");
            gradbook_autograd::mismatch(op, "z has other channels", &[("z", &shape, "…, channel")], &rule);
        }
        let rows = shape.size() / dim;
        if rows == 0 {
            let rule = "at least one row: a mean over none is not a number";
            gradbook_autograd::mismatch(op, "z has no rows", &[("z", &shape, "…, channel")], rule);
        }
        if shape.len() == 2 { self } else { self.map(|z| z.reshape([rows, dim])) }
    }
}

impl<T: Real> Latent<'_, T> {
    /// The same rows, after a check that their squared lengths are finite: what losses and distances are made of.
    ///
    /// # Panics
    /// If a row holds something infinite or not a number, or is too long to be squared; the message names the row.
    #[track_caller]
    pub fn finite(self, op: &str) -> Self {
        let z = self.value.value();
        let width = z.rows().ncols().max(1);
        let squared = |row: &[T]| lanes::of_row::<16, T, T>(row, row, |x, _| x * x);
        // A factor, because losses add up many rows and differences double them.
        let rows = z.as_slice().par_chunks(width).with_min_len(at_least(512));
        let bad = rows.position_first(|row| !(squared(row) * T::of(1e6)).is_finite());
        if let Some(row) = bad {
            panic!(
                "{op}: row {row} of z is too large or not a number\n  rule: the squared length of every row is finite"
            );
        }
        self
    }
}
