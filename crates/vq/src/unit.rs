//! Rows of length 1, with a gradient that stays bounded where a row is short.

use gradbook_autograd::{Real, Tensor, Var};

/// Guards divisions by the length of a vector.
pub(crate) const TINY: f64 = 1e-12;
/// Rows shorter than this share of the length they are brought to, 1, pass the gradient of a row of this length.
pub(crate) const SHORT: f64 = 1e-2;

/// ẑ = z/‖z‖ per row of z `[row, channel]`, with
///
/// ```text
/// ∂L/∂z = (g − ẑ(ẑ·g)) / max(‖z‖, 0.01)
/// ```
///
/// This is the derivative of ẑ for every row that is at least 0.01 long. That of a shorter one grows without bounds: the
/// direction of a row near 0 turns with the slightest step. So ‖∂L/∂z‖ ≤ 100‖g‖, and it changes continuously with ‖z‖.
pub(crate) fn unit_rows<T: Real>(z: Var<'_, T>) -> Var<'_, T> {
    let units = z.l2_normalize(1, TINY);
    let value = z.detach().value();
    let short = T::of(SHORT);
    let lengths = lengths(&value);
    if lengths.as_slice().iter().all(|&length| length >= short) {
        return units;
    }
    let tape = z.tape();
    let direction = tape.constant(unit(&value));
    let slope = tape.constant(lengths.map(|length| T::ONE / if length > short { length } else { short }));
    let across = (z - direction * (direction * z).sum_keep(&[1])) * slope;
    units.detach().surrogate(across)
}

/// ‖x‖ per row, kept away from zero.
pub(crate) fn lengths<T: Real>(x: &Tensor<T>) -> Tensor<T> {
    let squares = x.map(|x| x * x).fold_axes(&[1], T::ZERO, |sum, x| sum + x);
    squares.map(|s| if s > T::of(TINY * TINY) { s.sqrt() } else { T::of(TINY) })
}

/// x/‖x‖ per row; a zero row stays zero.
pub(crate) fn unit<T: Real>(x: &Tensor<T>) -> Tensor<T> {
    x.zip(&lengths(x), |x, length| x / length)
}

#[cfg(test)]
mod tests {
    use gradbook_autograd::Tape;

    use super::*;

    #[test]
    fn the_gradient_of_a_short_row_is_that_of_a_row_a_hundredth_long() {
        // z along the first channel: only the second one turns ẑ, by 1/‖z‖.
        for (length, expected) in
            [(2.0, 0.5), (0.02, 50.0), (0.01, 100.0), (1e-3, 100.0), (1e-9, 100.0), (0.0, 100.0)]
        {
            let tape = Tape::<f64>::new();
            let z = tape.var(Tensor::new([1, 2], vec![length, 0.0]));
            let unit = unit_rows(z);
            let grads = unit.backward_with(Tensor::new([1, 2], vec![0.0, 1.0]));
            assert!((grads[z].as_slice()[1] - expected).abs() < 1e-9, "{length}: {:?}", grads[z]);
            assert_eq!(unit.value().as_slice(), [f64::from(length > 0.0), 0.0]);
        }
    }
}
