//! More channels for a matrix: the old elements keep their values, at the places of the old channels among the new.

use gradbook_autograd::{ParamId, ParamStore, Real, Tensor};

/// `ground` with the element `[i, j]` of `x` at `[rows[i], columns[j]]`.
pub(crate) fn set_block<T: Real>(
    x: &Tensor<T>,
    rows: &[usize],
    columns: &[usize],
    mut ground: Tensor<T>,
) -> Tensor<T> {
    let width = ground.rows().ncols();
    let to = ground.as_mut_slice();
    for (x, row) in x.as_slice().chunks(columns.len().max(1)).zip(rows) {
        x.iter().zip(columns).for_each(|(&x, column)| to[row * width + column] = x);
    }
    ground
}

/// Makes an entry `[channel]` one of `dim` channels, `new` at all but the `places` of the old.
pub(crate) fn widen_entry<T: Real>(
    store: &mut ParamStore<T>,
    id: ParamId,
    places: &[usize],
    dim: usize,
    new: T,
) {
    let wide = set_block(store.get(id), &[0], places, Tensor::filled([dim], new));
    *store.get_mut(id) = wide;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_elements_keep_their_values_at_their_new_places() {
        let x = Tensor::new([2, 2], vec![1.0, 2.0, 3.0, 4.0]);
        let wide = set_block(&x, &[0, 1], &[0, 2], Tensor::filled([2, 3], 9.0));
        assert_eq!(wide.as_slice(), [1.0, 9.0, 2.0, 3.0, 9.0, 4.0]);
    }
}
