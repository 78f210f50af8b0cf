//! Lloyd's iteration from the same start as scikit-learn and vector-quantize-pytorch.

use crate::common::{Goldens, assert_close};
use gradbook_autograd::{Rng, Tensor};
use gradbook_vq::{kmeans::lloyd, search::nearest};
use ndarray_rand::rand::SeedableRng;

#[test]
fn centers_inertia_and_assignment_agree_iteration_by_iteration() {
    let goldens = Goldens::read("kmeans.safetensors");
    let case = goldens.case("lloyd");
    let (x, start) = (case.tensor("x"), case.tensor("start"));
    let rng = &mut Rng::seed_from_u64(0);
    let centers = case.tensor("centers"); // after 1, 5 and 10 iterations
    let size = start.as_slice().len();
    for (i, iterations) in [1, 5, 10].into_iter().enumerate() {
        let found = lloyd(&x, start.clone(), iterations, rng);
        let expected = Tensor::new(*start.shape(), centers.as_slice()[i * size..(i + 1) * size].to_vec());
        assert_close("centers", &found.centers, &expected);
        // Ours ends when nothing moves any more.
        let inertia = case.tensor("inertia");
        let same = found.inertia.len();
        assert_close(
            "inertia",
            &Tensor::new([same], found.inertia),
            &Tensor::new([same], inertia.as_slice()[..same].to_vec()),
        );
    }
    let before_the_last = lloyd(&x, start, 9, rng).centers;
    let chosen: Vec<i64> = nearest(&x, &before_the_last).into_iter().map(i64::from).collect();
    assert_eq!(chosen, case.indices("assignment"));
}

#[test]
fn a_center_without_rows_moves_here_and_stays_empty_there() {
    let goldens = Goldens::read("kmeans.safetensors");
    let case = goldens.case("lloyd_empty_cluster");
    let found = lloyd(&case.tensor("x"), case.tensor("start"), 10, &mut Rng::seed_from_u64(0));
    let theirs = case.indices("assignment").to_vec();
    assert!(!theirs.contains(&2) && found.hits.iter().all(|&hits| hits > 0), "{:?}", found.hits);
    let last = |inertia: &[f64]| *inertia.last().expect("at least one assignment");
    assert!(last(&found.inertia) < last(case.tensor("inertia").as_slice()));
}
