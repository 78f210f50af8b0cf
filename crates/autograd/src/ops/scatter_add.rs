//! y[rows[j]] += x[j] into zeros,  ∂L/∂x = gather_rows(g, rows)

use super::*;

pub static SCATTER_ADD: Op = Op {
    name: "scatter_add",
    formula: "y[rows[j]] += x[j]",
    cases: |s| {
        let [k, c] = s.dims();
        let rows: [usize; 5] = std::array::from_fn(|_| s.int(0, k - 1));
        vec![
            case!([s.normal(&[5, c])], |x| x[0].scatter_add(&rows, k)),
            case!([s.normal(&[2, c, 2])], |x| x[0].scatter_add(&rows[..2], k + 1)),
            case!([s.normal(&[5])], |x| x[0].scatter_add(&rows, k)),
        ]
    },
};

impl<T: Real> Var<'_, T> {
    /// `count` rows of zeros to which row j of x is added at `rows[j]`: sums by code. The transpose of
    /// [`gather_rows`](Self::gather_rows), which is its derivative.
    ///
    /// ```text
    /// x [row, channel]   x.scatter_add(&codes, count) [count, channel]
    /// ```
    ///
    /// ```
    /// use gradbook_autograd::{Tape, Tensor};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(Tensor::new([3, 1], vec![1.0, 2.0, 3.0]));
    /// let y = x.scatter_add(&[1, 0, 1], 2);
    /// assert_eq!(y.value().as_slice(), [2.0, 4.0]);
    /// assert_eq!(y.square().sum_all().backward()[x].as_slice(), [8.0, 4.0, 8.0]);
    /// ```
    ///
    /// # Panics
    /// If there is not one entry of `rows`, below `count`, for each row of x.
    #[track_caller]
    pub fn scatter_add(self, rows: &[usize], count: usize) -> Self {
        let x = self.value();
        x.shape().check_axes("scatter_add", &[0]);
        if rows.len() != x.shape()[0] || rows.iter().any(|&row| row >= count) {
            let what = format!("{} places below {count} do not fit", rows.len());
            let rule = "one place below `count` for each row of x";
            mismatch("scatter_add", &what, &[("x", x.shape(), "row, …")], rule);
        }
        let y = x.index_add(0, rows, count);
        let rows = rows.to_vec();
        self.tape.record(&SCATTER_ADD, &[self], y, move |g, sink| sink.add(0, g.take(0, &rows)))
    }
}
