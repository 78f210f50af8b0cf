//! Sums that do not wait for themselves: a single running sum takes one addition after the other, while N of them fill the
//! lanes of wide vectors. And none runs long.

use gradbook_autograd::{CHAIN, Real, pairwise};

/// Σ term(a_i, b_i) over two slices of one length: blocks in N lanes of 16 terms, blocks in pairs.
#[inline(always)] // into callers that are compiled for wide vectors
pub(crate) fn sum<const N: usize, T: Real, S: Real>(a: &[T], b: &[T], term: impl Fn(T, T) -> S) -> S {
    let block = N * CHAIN;
    if a.len() <= block {
        return of_row::<N, T, S>(a, b, term);
    }
    let mut whole = [S::ZERO];
    let sum = |i: usize, sum: &mut [S]| {
        let end = a.len().min((i + 1) * block);
        sum[0] = of_row::<N, T, S>(&a[i * block..end], &b[i * block..end], &term);
    };
    pairwise(a.len().div_ceil(block), &mut whole, sum, |a, b| a + b);
    whole[0]
}

/// The same for rows, in N lanes however long: for f64, and for few terms.
#[inline(always)] // into callers that are compiled for wide vectors
pub(crate) fn of_row<const N: usize, T: Real, S: Real>(a: &[T], b: &[T], term: impl Fn(T, T) -> S) -> S {
    let mut lanes = [S::ZERO; N];
    let add = |(sum, (&a, &b)): (&mut S, (&T, &T))| *sum += term(a, b);
    let ((a, rest_a), (b, rest_b)) = (a.as_chunks::<N>(), b.as_chunks::<N>());
    a.iter().zip(b).for_each(|(a, b)| lanes.iter_mut().zip(a.iter().zip(b)).for_each(&add));
    lanes.iter_mut().zip(rest_a.iter().zip(rest_b)).for_each(add);
    lanes.into_iter().fold(S::ZERO, |all, sum| all + sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_million_terms_are_as_good_as_a_few() {
        let a = vec![0.1f32; 1 << 20];
        let got = sum::<16, f32, f32>(&a, &a, |a, b| a * b);
        let expected = (0.1f32 * 0.1) as f64 * (1 << 20) as f64;
        assert!((f64::from(got) / expected - 1.0).abs() < 2e-7, "{got} is not {expected}");
    }

    #[test]
    fn every_place_counts_once_whatever_the_length() {
        for length in (0..40).chain(120..140).chain(1020..1030) {
            let a: Vec<f64> = (0..length).map(f64::from).collect();
            let b: Vec<f64> = a.iter().map(|a| a + 1.0).collect();
            let expected: f64 = a.iter().map(|a| a * (a + 1.0)).sum();
            assert_eq!(sum::<8, f64, f64>(&a, &b, |a, b| a * b), expected);
        }
    }
}
