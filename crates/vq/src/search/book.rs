//! What a search prepares once for all rows: the codes shifted, their norms, and how far rounding may mislead.

use gradbook_autograd::{Tensor, at_least, simd};
use rayon::prelude::*;

use crate::lanes;

/// The codes, ready to be searched.
pub(super) struct Book<'a> {
    /// The codes as they came.
    pub given: &'a [f32],
    /// The mean of the codes.
    pub center: Vec<f32>,
    /// The codes, less their mean.
    pub codes: Tensor<f32>,
    /// ‖e‖²/2 of these.
    pub norms: Vec<f32>,
    /// The largest of the ‖e‖.
    pub longest: f32,
}

impl<'a> Book<'a> {
    pub fn new(given: &'a Tensor<f32>) -> Self {
        let (count, width) = given.rows().dim();
        let given = given.as_slice();
        let mut sum = vec![0.0; width];
        let add = |code: &[f32]| sum.iter_mut().zip(code).for_each(|(sum, &e)| *sum += f64::from(e));
        simd!(given.chunks_exact(width).for_each(add));
        let center: Vec<f32> = sum.iter().map(|sum| (sum / count as f64) as f32).collect();
        let mut norms = vec![0.0; count];
        let codes = Tensor::build([count, width], |codes| {
            let all = codes.par_chunks_mut(width).zip(given.par_chunks(width)).zip(&mut norms);
            all.with_min_len(at_least(128)).for_each(|((code, given), norm)| {
                simd!({
                    code.iter_mut().zip(given.iter().zip(&center)).for_each(|(e, (given, c))| *e = given - c);
                    let square = |e: f32, _| f64::from(e) * f64::from(e);
                    *norm = (0.5 * lanes::of_row::<8, f32, f64>(code, code, square)) as f32;
                });
            });
        });
        let longest = (2.0 * norms.iter().copied().fold(0.0, f32::max)).sqrt();
        Self { given, center, codes, norms, longest }
    }

    /// How much two scores of a row of this length may differ from what they are without rounding, together.
    ///
    /// A sum of d products, begun with the norm and each step rounded, errs by at most (d + 1)u(‖x‖‖e‖ + ‖e‖²/2), u = 2⁻²⁴
    /// (Higham 2002, 3.1); shifting rows and codes and rounding the norm add at most 4u of the same. Where products
    /// underflow, each loses up to half the smallest number there is.
    #[inline(always)]
    pub fn doubt(&self, length: f32) -> f32 {
        let (terms, unit) = (self.center.len() as f32 + 8.0, f32::EPSILON / 2.0);
        2.0 * terms * (unit * self.longest * (length + 0.5 * self.longest) + f32::from_bits(1))
    }
}
