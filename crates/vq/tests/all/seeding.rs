//! What codes are seeded on, from one quantizer to the next.

use gradbook_autograd::{Stream, Tensor};

use crate::{
    options::{column, get},
    trial::{Built, eval, of},
};

/// Codes of an entry, sorted, after seeding on these rows.
fn sorted(built: &Built, name: &str) -> Vec<f64> {
    let mut codes = get(built, name).to_vec();
    codes.sort_by(f64::total_cmp);
    codes
}

fn seeded(kind: &str, inner: &str, rows: &Tensor<f64>) -> Built {
    let text = format!("kind = \"{kind}\nquantizer = {{ {inner} }}");
    let mut built = of(&text, rows.shape()[1]);
    built.1.seed(&mut built.0, rows, &Stream::new(1, 0, 5));
    built
}

const TWO: &str = "kind = \"codebook\", codes = 2";

#[test]
fn levels_are_seeded_on_what_the_levels_before_left() {
    let rows = column(&[0.0, 1.0, 10.0, 11.0]);
    let built = seeded("residual\"\nlevels = 2", TWO, &rows);
    assert_eq!(sorted(&built, "level.0.codes"), [0.5, 10.5]);
    assert_eq!(sorted(&built, "level.1.codes"), [-0.5, 0.5]);
    assert_eq!(eval(&built, &rows).0, rows);
}

#[test]
fn shared_levels_are_seeded_once_on_the_rows() {
    let rows = column(&[0.0, 1.0, 10.0, 11.0]);
    let built = seeded("residual\"\nlevels = 2\nsharing = \"shared\"", TWO, &rows);
    assert_eq!(sorted(&built, "level.codes"), [0.5, 10.5]);
    let built = seeded("multi_scale\"\nscales = [1]", TWO, &rows);
    assert_eq!(sorted(&built, "scale.codes"), [0.5, 10.5]);
}

#[test]
fn scales_and_strides_are_seeded_on_means_and_then_on_what_these_leave() {
    // Items of two places, twice the largest scale: the means are 1 and 11. The fifth row is a rest and no item.
    let rows = column(&[0.0, 2.0, 10.0, 12.0, 500.0]);
    let built = seeded("multi_scale\"\nscales = [1]\nsharing = \"own\"", TWO, &rows);
    assert_eq!(sorted(&built, "scale.0.codes"), [1.0, 11.0]);
    assert_eq!(sorted(&built, "scale.1.codes"), [-1.0, 1.0]);
    let rows = column(&[0.0, 2.0, 10.0, 12.0]);
    let built = seeded("hierarchical\"\nstrides = [2]", TWO, &rows);
    assert_eq!(sorted(&built, "level.0.codes"), [1.0, 11.0]);
    assert_eq!(sorted(&built, "level.1.codes"), [-1.0, 1.0]);
    assert_eq!(eval(&built, &rows).0, rows);
}

#[test]
fn groups_are_seeded_on_their_channels_and_heads_on_all() {
    let rows = Tensor::new([2, 2], vec![0.5, 5.0, 1.0, 7.0]);
    let built = seeded("grouped\"\ngroups = 2", TWO, &rows);
    assert_eq!(
        (sorted(&built, "group.0.codes"), sorted(&built, "group.1.codes")),
        (vec![0.5, 1.0], vec![5.0, 7.0])
    );
    let built = seeded("heads\"\nheads = 2", "kind = \"codebook\", codes = 4", &rows);
    assert_eq!(sorted(&built, "codes"), [0.5, 1.0, 5.0, 7.0]);
}

#[test]
fn codes_behind_a_projection_are_seeded_on_what_it_makes_of_the_rows() {
    let mut built = of("kind = \"projected\"\ndim = 1\nquantizer = { kind = \"codebook\", codes = 2 }", 2);
    crate::options::set(&mut built, "in.weight", Tensor::new([2, 1], vec![1.0, 10.0]));
    crate::options::set(&mut built, "in.bias", Tensor::new([1], vec![100.0]));
    built.1.seed(&mut built.0, &Tensor::new([2, 2], vec![1.0, 2.0, 3.0, 4.0]), &Stream::new(1, 0, 5));
    assert_eq!(sorted(&built, "codes"), [121.0, 143.0]);
}
