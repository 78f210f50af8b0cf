//! y[j] = x[rows[j]],  ∂L/∂x = scatter_add(g, rows)

use gradbook_arrays::each_block;

use super::*;

pub static GATHER_ROWS: Op = Op {
    name: "gather_rows",
    formula: "y[j] = x[rows[j]]",
    cases: |s| {
        let [k, c] = s.dims();
        let rows: [usize; 5] = std::array::from_fn(|_| s.int(0, k - 1));
        vec![
            case!([s.normal(&[k, c])], |x| x[0].gather_rows(&rows)),
            case!([s.normal(&[k, c, 2])], |x| x[0].gather_rows(&rows[..2])),
            case!([s.normal(&[k])], |x| x[0].gather_rows(&rows)),
        ]
    },
};

impl<T: Real> Var<'_, T> {
    /// The rows of x (its first axis) in this order, any of them several times or never: codebook lookup. The gradient of
    /// a row is the sum over the places it went to.
    ///
    /// ```text
    /// x [code, channel]   x.gather_rows(&codes) [codes.len(), channel]
    /// ```
    ///
    /// ```
    /// use gradbook_autograd::{Tape, Tensor};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(Tensor::new([3, 1], vec![1.0, 2.0, 3.0]));
    /// let y = x.gather_rows(&[2, 0, 2]);
    /// assert_eq!(y.value().as_slice(), [3.0, 1.0, 3.0]);
    /// assert_eq!(y.sum_all().backward()[x].as_slice(), [1.0, 0.0, 2.0]);
    /// ```
    ///
    /// # Panics
    /// If x has no axes or a row does not exist.
    #[track_caller]
    pub fn gather_rows(self, rows: &[usize]) -> Self {
        let x = self.value();
        x.shape().check_axes("gather_rows", &[0]);
        let count = x.shape()[0];
        if let Some(row) = rows.iter().find(|&&row| row >= count) {
            let (what, rule) = (format!("there is no row {row}"), format!("every row is below {count}"));
            mismatch("gather_rows", &what, &[("x", x.shape(), "row, …")], &rule);
        }
        let width = x.as_slice().len() / count.max(1);
        let y = Tensor::build(x.shape().with_axis(0, rows.len()), |y| {
            let row = |j: usize| &x.as_slice()[rows[j] * width..][..width];
            each_block(y, width, 8 * width, |j, y| y.copy_from_slice(row(j)));
        });
        let rows = rows.to_vec();
        self.tape.record(&GATHER_ROWS, &[self], y, move |g, sink| sink.add(0, g.index_add(0, &rows, count)))
    }
}
