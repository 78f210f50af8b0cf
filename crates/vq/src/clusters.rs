//! Rows grouped by code: exact counts, and sums in a fixed order whatever the number of threads.

use gradbook_autograd::{Real, Tensor, at_least, simd};
use rayon::prelude::*;

/// Which rows belong to each code, in the order of the rows.
pub(crate) struct Clusters {
    /// The rows, those of code 0 first.
    rows: Vec<u32>,
    /// Where each code's rows begin, and at last where they all end.
    starts: Vec<u32>,
}

impl Clusters {
    /// Groups the rows by their codes (a counting sort).
    pub fn new(codes: &[u32], count: usize) -> Self {
        let mut starts = vec![0; count + 1];
        codes.iter().for_each(|&k| starts[k as usize + 1] += 1);
        (0..count).for_each(|k| starts[k + 1] += starts[k]);
        let mut next = starts.clone();
        let mut rows = vec![0; codes.len()];
        for (row, &k) in codes.iter().enumerate() {
            rows[next[k as usize] as usize] = row as u32;
            next[k as usize] += 1;
        }
        Self { rows, starts }
    }

    /// How many rows each code has.
    pub fn hits(&self) -> Vec<u64> {
        self.starts.windows(2).map(|w| u64::from(w[1] - w[0])).collect()
    }

    /// The rows of a code, in their order.
    pub fn members(&self, code: usize) -> &[u32] {
        &self.rows[self.starts[code] as usize..self.starts[code + 1] as usize]
    }

    /// Σ of the rows of each code, `[code, channel]`, added up in f64.
    pub fn sums<T: Real>(&self, x: &Tensor<T>) -> Tensor<T> {
        self.fold(x, |sum, _| sum)
    }

    /// The mean of the rows of each code, `[code, channel]`; zero where there are none.
    pub fn means<T: Real>(&self, x: &Tensor<T>) -> Tensor<T> {
        self.fold(x, |sum, rows| sum / rows.max(1) as f64)
    }

    /// Moves every center `[code, channel]` that has rows to their mean: the update of Lloyd's algorithm.
    pub fn recenter<T: Real>(&self, x: &Tensor<T>, centers: &mut Tensor<T>) {
        let (means, width) = (self.means(x), x.rows().ncols());
        let both = centers.as_mut_slice().chunks_exact_mut(width).zip(means.as_slice().chunks_exact(width));
        for ((center, mean), bounds) in both.zip(self.starts.windows(2)) {
            if bounds[0] < bounds[1] {
                center.copy_from_slice(mean);
            }
        }
    }

    fn fold<T: Real>(&self, x: &Tensor<T>, finish: impl Fn(f64, usize) -> f64 + Sync) -> Tensor<T> {
        let width = x.rows().ncols();
        let x = x.as_slice();
        Tensor::build([self.starts.len() - 1, width], |out| {
            // A few codes per task, so that handing out tasks costs little.
            let out =
                out.par_chunks_mut(width.max(1)).zip(self.starts.par_windows(2)).with_min_len(at_least(16));
            out.for_each_init(
                || vec![0.0; width],
                |sum, (out, bounds)| {
                    let rows = &self.rows[bounds[0] as usize..bounds[1] as usize];
                    sum.fill(0.0);
                    simd!({
                        for &row in rows {
                            let row = &x[row as usize * width..][..width];
                            sum.iter_mut().zip(row).for_each(|(sum, x)| *sum += x.to_f64());
                        }
                    });
                    out.iter_mut().zip(&*sum).for_each(|(out, &sum)| *out = T::of(finish(sum, rows.len())));
                },
            );
        })
    }
}
