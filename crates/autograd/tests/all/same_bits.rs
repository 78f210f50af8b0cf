//! What makes ops fast changes no bit of what they compute: of all ops and of all their cases, in single precision.

use gradbook_autograd::{
    Tape, Tensor, Var,
    check::{Case, Sampler},
    ops,
};
use proptest::prelude::*;

use crate::conv_goldens::cast;

fn bits(x: &Tensor<f32>) -> Vec<u32> {
    x.as_slice().iter().map(|x| x.to_bits()).collect()
}

/// The bits of the value and of all gradients. `shared`: another owner holds the gradient that arrives, so that the op may
/// not change it in place.
fn outcome(case: &Case, shared: bool) -> Vec<Vec<u32>> {
    let tape = Tape::new();
    let x: Vec<Var<'_, f32>> = case.inputs.iter().map(|x| tape.var(cast(x))).collect();
    let y = (case.function.f32)(&x);
    if shared {
        y.keep_grad();
    }
    let waves = (0..y.shape().size()).map(|i| (0.7 * i as f32).sin()).collect();
    // Not `backward_with`, which keeps the cotangent and so is another owner.
    let grads = (y * tape.constant(Tensor::new(y.shape(), waves))).sum_all().backward();
    let all = x.iter().filter_map(|&x| grads.get(x));
    [&y.value()].into_iter().chain(all).map(bits).collect()
}

/// Calls `check(name of the op, case)` for random cases of all ops.
fn each_case(seed: u64, check: impl Fn(&str, &Case)) {
    for op in ops::ALL {
        (op.cases)(&mut Sampler::new(seed)).iter().for_each(|case| check(op.name, case));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn a_gradient_changed_in_place_is_one_that_was_copied(seed in any::<u64>()) {
        each_case(seed, |op, case| assert_eq!(outcome(case, false), outcome(case, true), "{op}"));
    }

    /// However wide the vectors are in which a loop computes, and wherever in them or behind the last of them a number is.
    #[test]
    fn a_number_among_many_becomes_what_it_becomes_alone(x in prop::collection::vec(-9.0f32..9.0, 1..100)) {
        macro_rules! each {
            ($($name:ident),+) => { [$((
                stringify!($name),
                (|x| x.$name()) as for<'t> fn(Var<'t, f32>) -> Var<'t, f32>,
            )),+] };
        }
        let ops = each!(exp, sin, cos, tanh, sigmoid, silu, softplus, gelu, gelu_tanh, relu, abs, square);
        for (name, op) in ops {
            let of = |x: &[f32]| {
                let tape = Tape::new();
                let x = tape.var(Tensor::new([x.len()], x.to_vec()));
                let y = op(x);
                let slope = y.sum_all().backward()[x].clone();
                [bits(&y.value()), bits(&slope)]
            };
            let [values, slopes] = of(&x);
            for (i, x) in x.iter().enumerate() {
                prop_assert_eq!([vec![values[i]], vec![slopes[i]]], of(&[*x]), "{} of {}", name, x);
            }
        }
    }

    /// The rows of a product, the windows of a convolution, by the definition or transformed (three taps, 32 channels): more of
    /// them change none. (OpenBLAS chooses its kernels by the number of rows.)
    #[cfg(not(feature = "openblas"))]
    #[test]
    fn a_batch_becomes_what_its_items_become_alone(
        seed in any::<u64>(),
        (items, len, taps) in (2usize..5, 3usize..40, 1usize..4),
        [inputs, outputs] in prop_oneof![Just([6, 5]), [32usize..70, 32usize..70]],
    ) {
        let mut s = Sampler::new(seed);
        let mut draw = |shape: &[usize]| cast(&s.normal(shape));
        let (x, w, b) = (draw(&[items, len, inputs]), draw(&[taps, inputs, outputs]), draw(&[outputs]));
        let of = |x: Tensor<f32>| {
            let tape = Tape::new();
            let leaf = |x: &Tensor<f32>| tape.constant(x.clone());
            let x = tape.var(x);
            let y = x.conv1d(leaf(&w), Some(leaf(&b)), gradbook_autograd::Conv1dSpec::default());
            (bits(&y.value()), bits(&y.square().sum_all().backward()[x]))
        };
        let size = len * inputs;
        let item = |i: usize| Tensor::new([1, len, inputs], x.as_slice()[size * i..size * (i + 1)].to_vec());
        let (values, slopes): (Vec<_>, Vec<_>) = (0..items).map(|i| of(item(i))).unzip();
        prop_assert!(of(x.clone()) == (values.concat(), slopes.concat()));
    }
}
