//! Sums that do not wait for themselves: a single running sum takes one addition after the other, while N of them fill the
//! lanes of wide vectors.

use gradbook_autograd::Real;

/// Σ term(a_i, b_i) over two slices of one length, in N strands.
#[inline(always)] // into callers that are compiled for wide vectors
pub(crate) fn sum<const N: usize, T: Real, S: Real>(a: &[T], b: &[T], term: impl Fn(T, T) -> S) -> S {
    let mut strands = [S::ZERO; N];
    let add = |(sum, (&a, &b)): (&mut S, (&T, &T))| *sum += term(a, b);
    let ((a, rest_a), (b, rest_b)) = (a.as_chunks::<N>(), b.as_chunks::<N>());
    a.iter().zip(b).for_each(|(a, b)| strands.iter_mut().zip(a.iter().zip(b)).for_each(&add));
    strands.iter_mut().zip(rest_a.iter().zip(rest_b)).for_each(add);
    strands.into_iter().fold(S::ZERO, |all, sum| all + sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_counts_once_whatever_the_length() {
        for length in 0..40 {
            let a: Vec<f64> = (0..length).map(f64::from).collect();
            let b: Vec<f64> = a.iter().map(|a| a + 1.0).collect();
            let expected: f64 = a.iter().map(|a| a * (a + 1.0)).sum();
            assert_eq!(sum::<8, f64, f64>(&a, &b, |a, b| a * b), expected);
        }
    }
}
