//! The derivative is right, and a wrong one would have been seen.

use gradbook::autograd::{
    Tape,
    check::{Sabotage, catches, verify_op},
};
use newkind::{NEWKIND, newkind};

#[test]
fn three_oracles_agree_with_the_derivative() {
    for seed in 0..20 {
        verify_op(&NEWKIND, seed).unwrap_or_else(|failure| panic!("{failure}"));
    }
}

#[test]
fn a_spoiled_derivative_is_caught() {
    for sabotage in [Sabotage::Scale, Sabotage::Transpose, Sabotage::Zero] {
        assert!((0..20).any(|seed| catches(&NEWKIND, 0, sabotage, seed)), "{sabotage:?}");
    }
}

#[test]
fn a_number_worked_out_by_hand() {
    let tape = Tape::<f64>::new();
    let x = tape.scalar(0.75); // √(1 + x²) = 1.25
    let y = newkind(x);
    assert!((y.item() - 0.6).abs() < 1e-15);
    assert!((y.backward()[x].item() - 0.512).abs() < 1e-15); // 0.8³
}
