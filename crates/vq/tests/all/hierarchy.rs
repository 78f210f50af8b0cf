//! Hierarchies: what their levels code, and how finer ones depend on coarser.

use gradbook_autograd::Tensor;
use gradbook_vq::Codes;

use crate::{
    combinators::{BOOK, assert_near},
    trial::{gradients, normal, of},
};

#[test]
fn a_hierarchy_starts_as_a_residual_stack_from_coarse_to_fine() {
    let text =
        "kind = \"hierarchical\"\nstrides = [4, 2]\nquantizer = { kind = \"latent\", levels = [1001] }";
    let built = of(text, 1);
    let (store, q) = (&built.0, &built.1);
    let z = Tensor::new([1, 8, 1], vec![0.1, 0.1, 0.3, 0.3, -0.2, 0.0, 0.2, 0.0]);
    let codes = q.encode(store, &z);
    for (level, means) in
        [&[0.2, 0.0][..], &[-0.1, 0.1, -0.1, 0.1], &[0.0, 0.0, 0.0, 0.0, -0.1, 0.1, 0.1, -0.1]]
            .iter()
            .enumerate()
    {
        let column = codes.column(level);
        assert_eq!(column.len(), means.len());
        let near = |(&i, mean): (&u64, &f64)| (i as f64 / 1000.0 - 0.5 - mean).abs() < 1e-9;
        assert!(column.iter().zip(*means).all(near), "level {level}: {column:?}");
    }
    let dy = normal(&[1, 8, 1], 2);
    let (dz, _) = gradients(&built, &z, &dy);
    assert_near(&dz, &dy);
}

#[test]
fn a_finer_level_of_a_hierarchy_depends_on_what_the_coarser_decoded() {
    let (store, q) = of(&format!("kind = \"hierarchical\"\nstrides = [3]\nquantizer = {BOOK}"), 2);
    let z = normal(&[9, 2], 3);
    let codes = q.encode(&store, &z);
    assert_eq!((codes.column(0).len(), codes.column(1).len()), (3, 9));
    let mut changed = codes.column(0).to_vec();
    changed[1] = (changed[1] + 1) % 7;
    let joined = Codes::new(vec![changed, codes.column(1).to_vec()], vec![7, 7]);
    let (before, after) = (q.decode(&store, &codes), q.decode(&store, &joined));
    let rows = |y: &Tensor<f64>| y.as_slice().chunks(2).map(<[f64]>::to_vec).collect::<Vec<_>>();
    for (row, (a, b)) in rows(&before).into_iter().zip(rows(&after)).enumerate() {
        assert_eq!(a != b, (3..6).contains(&row), "row {row}");
    }
}

#[test]
#[should_panic(expected = "multiple of the largest stride")]
fn a_window_of_a_hierarchy_never_spans_two_items() {
    let (store, q) = of(&format!("kind = \"hierarchical\"\nstrides = [3]\nquantizer = {BOOK}"), 2);
    q.encode(&store, &normal(&[2, 5, 2], 3));
}
