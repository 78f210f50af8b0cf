//! What directions rows and codes span, and which codes coincide.

use gradbook_autograd::{Real, Tensor, gemm::gemm};

/// The share of codes that coincide with an earlier one to within `tolerance` of the codes' deviation.
///
/// ```
/// use gradbook_autograd::Tensor;
/// use gradbook_vq::diagnostics::duplicate_rate;
/// let codes = Tensor::new([4, 1], vec![1.0, 2.0, 1.0, 1.0 + 1e-9]);
/// assert_eq!(duplicate_rate(&codes, 1e-3), 0.5);
/// ```
pub fn duplicate_rate<T: Real>(codes: &Tensor<T>, tolerance: f64) -> f64 {
    let rows: Vec<Vec<f64>> =
        codes.rows().outer_iter().map(|row| row.iter().map(|x| x.to_f64()).collect()).collect();
    let variances: Vec<f64> = covariance(codes).iter().map(|(row, channel)| row[*channel]).collect();
    let reach = tolerance * variances.iter().sum::<f64>().sqrt();
    // Near codes are near in every channel: in the order of the widest, only neighbors need a look.
    let widest = (0..variances.len()).max_by(|&a, &b| variances[a].total_cmp(&variances[b])).unwrap_or(0);
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by(|&a, &b| rows[a][widest].total_cmp(&rows[b][widest]));
    let near =
        |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f64>() <= reach * reach;
    let mut repeats = vec![false; rows.len()];
    for (place, &a) in order.iter().enumerate() {
        let beside = order[place + 1..].iter().take_while(|&&b| rows[b][widest] - rows[a][widest] <= reach);
        for &b in beside.filter(|&&b| near(&rows[a], &rows[b])) {
            repeats[a.max(b)] = true;
        }
    }
    repeats.iter().filter(|&&repeat| repeat).count() as f64 / rows.len().max(1) as f64
}

/// exp of the entropy of the spectrum of the rows' covariance: how many directions carry their variance. Between 1 and
/// the number of channels.
///
/// ```
/// use gradbook_autograd::Tensor;
/// use gradbook_vq::diagnostics::effective_dimension;
/// let square = Tensor::new([4, 3], vec![1.0, 1.0, 0.0, 1.0, -1.0, 0.0, -1.0, 1.0, 0.0, -1.0, -1.0, 0.0]);
/// assert!((effective_dimension(&square) - 2.0).abs() < 1e-9); // two equal directions of three
/// ```
pub fn effective_dimension<T: Real>(rows: &Tensor<T>) -> f64 {
    let values = principal_axes(rows).0;
    let total: f64 = values.iter().sum();
    if total <= 0.0 {
        return 1.0;
    }
    values.iter().map(|v| v / total).filter(|p| *p > 0.0).map(|p| -p * p.ln()).sum::<f64>().exp()
}

/// The variances of the rows along their principal axes, largest first, and the axes `[axis, channel]`.
///
/// By cyclic Jacobi rotations of the covariance in f64 (Golub & Van Loan, 8.5).
pub fn principal_axes<T: Real>(rows: &Tensor<T>) -> (Vec<f64>, Vec<Vec<f64>>) {
    let mut a: Vec<Vec<f64>> = covariance(rows).into_iter().map(|(row, _)| row).collect();
    let n = a.len();
    let mut v: Vec<Vec<f64>> =
        (0..n).map(|i| (0..n).map(|j| f64::from(u8::from(i == j))).collect()).collect();
    let scale: f64 = a.iter().flatten().map(|x| x * x).sum();
    for _sweep in 0..12 {
        let off: f64 = (0..n).flat_map(|i| (0..i).map(move |j| (i, j))).map(|(i, j)| a[i][j] * a[i][j]).sum();
        if off <= 1e-18 * scale {
            break;
        }
        for p in 0..n {
            for q in p + 1..n {
                rotate(&mut a, &mut v, p, q);
            }
        }
    }
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&i, &j| a[j][j].total_cmp(&a[i][i]));
    (order.iter().map(|&i| a[i][i].max(0.0)).collect(), order.iter().map(|&i| v[i].clone()).collect())
}

/// The rotation of axes p and q that makes a[p][q] zero; `v` holds the axes as rows.
fn rotate(a: &mut [Vec<f64>], v: &mut [Vec<f64>], p: usize, q: usize) {
    if a[p][q] == 0.0 {
        return;
    }
    let theta = (a[q][q] - a[p][p]) / (2.0 * a[p][q]);
    let t = theta.signum() / (theta.abs() + (theta * theta + 1.0).sqrt());
    let c = 1.0 / (t * t + 1.0).sqrt();
    let s = t * c;
    for row in a.iter_mut() {
        (row[p], row[q]) = (c * row[p] - s * row[q], s * row[p] + c * row[q]);
    }
    for m in [a, v] {
        let (above, below) = m.split_at_mut(q);
        for (x, y) in above[p].iter_mut().zip(&mut below[0]) {
            (*x, *y) = (c * *x - s * *y, s * *x + c * *y);
        }
    }
}

/// The covariance matrix, row by row, with each row's number.
fn covariance<T: Real>(rows: &Tensor<T>) -> Vec<(Vec<f64>, usize)> {
    let x = rows.rows();
    let (count, channels) = x.dim();
    let mut centered = x.mapv(|x| x.to_f64());
    for mut column in centered.columns_mut() {
        let mean = column.sum() / count.max(1) as f64;
        column.mapv_inplace(|x| x - mean);
    }
    let mut c = ndarray::Array2::zeros((channels, channels));
    gemm(centered.t(), centered.view(), 0.0, c.view_mut());
    (0..channels).map(|i| (c.row(i).iter().map(|x| x / count.max(1) as f64).collect(), i)).collect()
}
