//! Where the centers of k-means begin, and where they go.

use gradbook_autograd::Rng;
use gradbook_vq::kmeans::{Start, kmeans, lloyd};
use ndarray_rand::rand::SeedableRng;

use crate::options::{assert_near, column};

/// How often two centers for 0, 1 and 3 began at 0 and 1. Then they end at 0 and 2, else at ½ and 3.
fn share_of_the_poor_start(start: Start) -> f64 {
    let x = column(&[0.0, 1.0, 3.0]);
    let poor = (0..3000).filter(|&seed| {
        let found = kmeans(&x, 2, 1, start, &mut Rng::seed_from_u64(seed));
        let mut centers = found.centers.as_slice().to_vec();
        centers.sort_by(f64::total_cmp);
        assert!(centers[1] == 3.0 || centers[1] == 2.0, "{centers:?}");
        centers[1] == 2.0
    });
    poor.count() as f64 / 3000.0
}

#[test]
fn centers_begin_far_from_each_other_by_squared_distance() {
    // 0 first and then 1 with 1/(1 + 9), 1 first and then 0 with 1/(1 + 4): (1/10 + 1/5)/3.
    assert_near(share_of_the_poor_start(Start::PlusPlus), 0.1, 0.02);
    assert_near(share_of_the_poor_start(Start::Random), 1.0 / 3.0, 0.03);
}

#[test]
fn as_many_centers_as_rows_are_the_rows_wherever_they_begin() {
    let x = column(&[5.0, 1.0, 3.0, 2.0]);
    for start in [Start::PlusPlus, Start::Random] {
        let found = kmeans(&x, 4, 3, start, &mut Rng::seed_from_u64(7));
        let mut centers = found.centers.as_slice().to_vec();
        centers.sort_by(f64::total_cmp);
        assert_eq!(centers, [1.0, 2.0, 3.0, 5.0]);
        assert_eq!((found.hits, found.inertia.last()), (vec![1; 4], Some(&0.0)));
    }
}

#[test]
fn a_round_moves_each_center_to_the_mean_of_its_rows_and_stops_where_nothing_moves() {
    let x = column(&[1.0, 2.0, 9.0, 10.0]);
    let found = lloyd(&x, column(&[0.5, 3.0]), 10, &mut Rng::seed_from_u64(1));
    // 1 goes to the first, the others to the second: ¼ + 1 + 36 + 49. Then means 1 and 7, and 1 and 2 go to the first.
    assert_eq!(found.inertia, [86.25, 14.0, 1.0]);
    assert_eq!((found.centers.as_slice(), &found.hits[..]), (&[1.5, 9.5][..], &[2, 2][..]));
    let once = lloyd(&x, column(&[0.5, 3.0]), 1, &mut Rng::seed_from_u64(1));
    assert_eq!((once.centers.as_slice(), once.inertia.len()), (&[1.0, 7.0][..], 1));
}

#[test]
fn a_center_without_rows_moves_to_a_row_far_from_its_center() {
    let x = column(&[1.0, 1.0, 1.0, 4.0]);
    let moved = (0..50).map(|seed| lloyd(&x, column(&[1.0, 100.0]), 1, &mut Rng::seed_from_u64(seed)));
    // 4 alone has a distance to its center, so that is where the other goes; the first is at the mean of all four.
    moved.for_each(|found| assert_eq!(found.centers.as_slice(), [1.75, 4.0]));
}
