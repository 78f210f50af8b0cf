//! [`pairwise`]: long sums without long chains. Numbers added one by one to a sum that grows lose a little more each time;
//! added in pairs, pairs in pairs and so on, each goes through log₂ n additions instead of n.

/// So many terms may be added one after the other and be one block for [`pairwise`]: few enough to lose nothing, and enough
/// that the pairs cost nothing.
pub const CHAIN: usize = 16;

/// Joins what `block` makes of the numbers 0 to `blocks` − 1: neighbors in pairs, pairs with pairs, and what is left over at
/// the end from the right to the left. `block` overwrites the slice it gets, and `out` ends as the whole; `out` stays as it
/// is if there are no blocks. At most log₂ `blocks` + 1 partial results exist at a time, and the order depends on the number
/// of blocks alone.
///
/// ```text
/// ((b₀ + b₁) + (b₂ + b₃)) + b₄        a sum of 2ⁿ blocks errs by at most n roundings of its terms' sizes (Higham 2002, 4.2)
/// ```
///
/// ```
/// use gradbook_arrays::pairwise;
/// let mut sum = [0.0f32];
/// pairwise(10_000_000, &mut sum, |_, out| out[0] = 0.1, |a, b| a + b);
/// assert!((sum[0] - 1e6).abs() < 0.1); // one after the other they make 1,087,937
/// ```
#[inline(always)] // so that what it calls is compiled for the vectors of the caller
pub fn pairwise<T: Copy>(
    blocks: usize,
    out: &mut [T],
    mut block: impl FnMut(usize, &mut [T]),
    join: impl Fn(T, T) -> T,
) {
    let (Some(&filler), width) = (out.first(), out.len()) else { return };
    let levels = if blocks >= 2 { blocks.ilog2() as usize + 1 } else { 0 };
    let mut sums = vec![filler; levels * width]; // of ever fewer blocks
    let mut depth = 0;
    for i in 0..blocks {
        block(i, if blocks > 1 { &mut sums[depth * width..][..width] } else { &mut *out });
        let complete = if i + 1 < blocks { (i + 1).trailing_zeros() as usize } else { depth };
        for _ in 0..complete {
            depth -= 1;
            let (left, right) = sums[depth * width..][..2 * width].split_at_mut(width);
            left.iter_mut().zip(right).for_each(|(a, b)| *a = join(*a, *b));
        }
        depth += 1;
    }
    if blocks > 1 {
        out.copy_from_slice(&sums[..width]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The order of the pairs in writing, by a join that is not associative.
    #[test]
    fn neighbors_join_in_pairs_and_the_rest_from_the_right() {
        let difference = |blocks: usize| {
            let mut out = [0];
            pairwise(blocks, &mut out, |i, out| out[0] = 10_i64.pow(i as u32), |a, b| a - b);
            out[0]
        };
        assert_eq!(difference(0), 0);
        assert_eq!(difference(1), 1);
        assert_eq!(difference(2), 1 - 10);
        assert_eq!(difference(3), (1 - 10) - 100);
        assert_eq!(difference(4), (1 - 10) - (100 - 1_000));
        assert_eq!(difference(5), ((1 - 10) - (100 - 1_000)) - 10_000);
        assert_eq!(difference(7), ((1 - 10) - (100 - 1_000)) - ((10_000 - 100_000) - 1_000_000));
    }

    #[test]
    fn every_column_is_a_sum_of_its_own() {
        for blocks in 0..40 {
            let mut sums = [7; 3];
            let row = |i: usize, out: &mut [usize]| out.copy_from_slice(&[1, i, i * i]);
            pairwise(blocks, &mut sums, row, |a, b| a + b);
            let expected =
                [(0..blocks).map(|_| 1).sum(), (0..blocks).sum(), (0..blocks).map(|i| i * i).sum()];
            assert_eq!(sums, if blocks == 0 { [7; 3] } else { expected }, "{blocks} blocks");
        }
    }

    #[test]
    fn nothing_is_summed_where_there_is_no_place_for_it() {
        pairwise(5, &mut [0.0; 0], |_, _| panic!("no place"), |a, b| a + b);
    }
}
