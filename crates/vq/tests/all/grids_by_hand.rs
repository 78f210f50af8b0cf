//! Stacks of fixed grids, digit by digit.

use gradbook_autograd::Tensor;

use crate::{
    options::{assert_near, column},
    trial::{eval, of},
};

/// The value of a number behind each of the first levels of a stack, and the digits.
fn levels(count: usize, quantizer: &str, z: f64) -> (Vec<f64>, Vec<u64>) {
    let built = of(&format!("kind = \"residual\"\nlevels = {count}\nquantizer = {{ {quantizer} }}"), 1);
    let (values, codes) = eval(&built, &column(&[z]));
    let sums: Vec<f64> =
        (1..=count).map(|l| built.1.decode(&built.0, &codes.part(0, l)).as_slice()[0]).collect();
    assert_eq!(values.as_slice()[0], sums[count - 1]);
    (sums, (0..count).map(|level| codes.column(level)[0]).collect())
}

#[test]
fn a_symmetric_stack_of_two_levels_each_writes_a_number_in_halves() {
    // The bound is 2·tanh(z/2): z is where that is 0.6. Then 1, −½, +¼, −⅛: each sign is that of what is left.
    let z = 2.0 * 0.3f64.atanh();
    let (sums, digits) = levels(4, "kind = \"fsq\", symmetric = true, levels = [2]", z);
    assert_eq!((&digits[..], &sums[..]), (&[1, 0, 1, 0][..], &[1.0, 0.5, 0.75, 0.625][..]));
}

#[test]
fn a_symmetric_stack_of_three_levels_each_writes_a_number_in_thirds() {
    // The bound is 1.5·tanh(z/1.5), here 0.4. Steps of 1, ⅓ and 1/9: 0 leaves 0.4, ⅓ leaves 0.067, 1/9 leaves −0.044.
    let z = 1.5 * (0.4f64 / 1.5).atanh();
    let (sums, digits) = levels(3, "kind = \"fsq\", symmetric = true, levels = [3]", z);
    assert_eq!(digits, [1, 2, 2]);
    [0.0, 1.0 / 3.0, 4.0 / 9.0].iter().zip(sums).for_each(|(wanted, sum)| assert_near(sum, *wanted, 1e-12));
}

#[test]
fn a_plain_stack_of_an_even_number_is_centered_from_its_second_level_on() {
    // 0.7 of the steps of ½ from 0: tanh(z + s)·1.5015 = 1.2, and s puts 0 at 0. The first level gives ½ and leaves −0.15.
    // The second has −3/16, −1/16, 1/16 and 3/16; the third, which is left with 3/80, has ±1/64 and ±3/64.
    let z = (1.2f64 / 1.5015).atanh() - (0.5f64 / 1.5015).atanh();
    let (sums, digits) = levels(3, "kind = \"fsq\", levels = [4]", z);
    assert_eq!(digits, [3, 0, 3]);
    assert_eq!(sums, [0.5, 0.3125, 0.3125 + 3.0 / 64.0]);
}

#[test]
fn a_plain_stack_of_an_odd_number_has_zero_in_each_level() {
    // 1.001·tanh(z) = 0.25: 0 leaves ¼, ⅓ leaves −1/12, −1/9 leaves 1/36.
    let z = (0.25f64 / 1.001).atanh();
    let (sums, digits) = levels(3, "kind = \"fsq\", levels = [3]", z);
    assert_eq!(digits, [1, 2, 0]);
    [0.0, 1.0 / 3.0, 2.0 / 9.0].iter().zip(sums).for_each(|(wanted, sum)| assert_near(sum, *wanted, 1e-12));
}

#[test]
fn bins_of_a_stack_are_cut_into_bins() {
    // p = (1 + tanh z)/2 = 0.8 lies in [½, 1), there in [¾, 1), there in [¾, ⅞): the values are the middles.
    let (sums, digits) = levels(3, "kind = \"fsp\", levels = [2]", 0.6f64.atanh());
    assert_eq!(digits, [1, 1, 0]);
    let wanted = [0.75, 0.875, 0.8125].map(|middle| 12f64.sqrt() * (middle - 0.5));
    wanted.iter().zip(sums).for_each(|(wanted, sum)| assert_near(sum, *wanted, 1e-9));
}

#[test]
fn a_stack_within_a_stack_goes_on_where_the_outer_one_is() {
    // Two levels of two are levels 0 to 3 of one: 1.3 = 1 + ½ − ¼ + ⅛.
    let text = "kind = \"residual\"\nlevels = 2\nquantizer = { kind = \"residual\", levels = 2, quantizer = { kind = \"lfq\" } }";
    let (values, codes) = eval(&of(text, 1), &Tensor::new([1, 1], vec![1.3]));
    assert_eq!(values.as_slice(), [1.375]);
    assert_eq!([0, 1, 2, 3].map(|slot| codes.column(slot)[0]), [1, 1, 0, 1]);
}
