//! Small linear systems: what a code must be before a matrix for it to be a given vector after.

use gradbook_autograd::{Real, Tensor};

/// The row vector x with x·M = y, or `None` if M is (nearly) singular. Gaussian elimination with pivoting, in f64.
pub fn solve<T: Real>(m: &Tensor<T>, y: &[T]) -> Option<Vec<T>> {
    let n = y.len();
    // Mᵀ xᵀ = yᵀ, as an n × (n + 1) system.
    let mut a: Vec<Vec<f64>> = (0..n)
        .map(|i| (0..n).map(|j| m.as_slice()[j * n + i].to_f64()).chain([y[i].to_f64()]).collect())
        .collect();
    for column in 0..n {
        let pivot = (column..n).max_by(|&i, &j| a[i][column].abs().total_cmp(&a[j][column].abs()))?;
        a.swap(column, pivot);
        if a[column][column].abs() < 1e-8 {
            return None;
        }
        let (above, below) = a.split_at_mut(column + 1);
        let lead = &above[column];
        for row in below {
            let factor = row[column] / lead[column];
            row[column..].iter_mut().zip(&lead[column..]).for_each(|(x, l)| *x -= factor * l);
        }
    }
    let mut x = vec![0.0; n];
    for i in (0..n).rev() {
        let known: f64 = (i + 1..n).map(|j| a[i][j] * x[j]).sum();
        x[i] = (a[i][n] - known) / a[i][i];
    }
    Some(x.into_iter().map(T::of).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_solved_row_times_the_matrix_is_the_target() {
        let m = Tensor::new([2, 2], vec![0.0, 2.0, 1.0, 1.0]); // needs a pivot
        assert_eq!(solve(&m, &[3.0, 7.0]), Some(vec![2.0, 3.0])); // [2, 3]·M = [3, 7]
        assert_eq!(solve(&Tensor::new([2, 2], vec![1.0, 2.0, 2.0, 4.0]), &[1.0, 0.0]), None);
    }
}
