//! [`matmul`]: products of batches of matrices, by [`gemm`](crate::gemm).

use ndarray::{ArrayView2, ArrayViewMut2};

use crate::{
    Real, Shape, Tensor,
    blocks::each_product,
    broadcast_or_panic,
    gemm::gemm,
    pairwise::{CHAIN, pairwise},
    strided::runs,
};

/// C = A·B over the last two axes, each operand read transposed if its flag says so. Leading axes broadcast; where
/// `shape`, that of C, lacks an axis of the batch, the products along it add up (the transpose of broadcasting).
///
/// ```text
/// a [batch…, m, k]   b [batch…, k, n]   c [batch…, m, n]     C = Σ A·B over the axes that C lacks
/// ```
///
/// ```
/// use gradbook_arrays::{Tensor, matmul};
/// let a = Tensor::new([2, 1, 2], vec![1.0, 2.0, 3.0, 4.0]);                           // two rows
/// let b = Tensor::new([1, 2], vec![5.0, 6.0]);                                        // a row, read as a column
/// assert_eq!(matmul((&a, false), (&b, true), [2, 1, 1].into()).as_slice(), [17.0, 39.0]);
/// assert_eq!(matmul((&a, false), (&b, true), [1, 1].into()).as_slice(), [17.0 + 39.0]);
/// ```
///
/// # Panics
/// If the shapes do not fit.
#[track_caller]
pub fn matmul<T: Real>(a: (&Tensor<T>, bool), b: (&Tensor<T>, bool), shape: Shape) -> Tensor<T> {
    let batch_of = |shape: &Shape| Shape::new(&shape[..shape.len() - 2]);
    let batches = [a.0.shape(), b.0.shape(), &shape].map(batch_of);
    let whole = batches[1..].iter().fold(batches[0], |all, s| broadcast_or_panic("matmul", &all, s));
    // The pairs of matrices whose products make up each matrix of C.
    let mut terms: Vec<Vec<(usize, usize)>> = vec![Vec::new(); batches[2].size()];
    runs(&whole, batches.map(|s| s.strides_as(&whole)), |run| {
        for i in 0..run.len {
            let [a, b, c] = std::array::from_fn(|k| run.start[k] + i * run.step[k]);
            terms[c].push((a, b));
        }
    });
    let [.., m, n] = shape[..] else { unreachable!("a matrix has two axes") };
    let k = a.0.shape()[a.0.shape().len() - if a.1 { 2 } else { 1 }];
    Tensor::build(shape, |c| {
        each_product(c, [m, k, n], whole.size(), |item, c| {
            if terms[item].is_empty() {
                c.fill(T::ZERO);
            }
            let terms: Vec<&[(usize, usize)]> = terms[item].chunks(CHAIN).collect();
            let block = |i: usize, c: &mut [T]| {
                for (j, &(item_a, item_b)) in terms[i].iter().enumerate() {
                    let beta = if j == 0 { T::ZERO } else { T::ONE };
                    let c = ArrayViewMut2::from_shape((m, n), &mut *c).expect("a tensor is row-major");
                    gemm(matrix(a, item_a), matrix(b, item_b), beta, c);
                }
            };
            pairwise(terms.len(), c, block, |a, b| a + b);
        });
    })
}

/// One matrix of a batch, read transposed if the flag says so.
pub(crate) fn matrix<T: Real>((x, transposed): (&Tensor<T>, bool), item: usize) -> ArrayView2<'_, T> {
    let [.., rows, columns] = x.shape()[..] else { unreachable!("a matrix has two axes") };
    let elements = &x.as_slice()[item * rows * columns..][..rows * columns];
    let view = ArrayView2::from_shape((rows, columns), elements).expect("a tensor is row-major");
    if transposed { view.reversed_axes() } else { view }
}
