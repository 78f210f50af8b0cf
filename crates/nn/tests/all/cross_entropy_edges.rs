//! Cross-entropy where numbers end and where options reach their bounds: what PyTorch 2.15 says, in values and gradients, or
//! a sentence.

use gradbook_autograd::{Tape, Tensor};
use gradbook_nn::loss::{CrossEntropy, Reduction, cross_entropy};

use crate::{
    loss_edges::{INFINITE, MASKED, NAN, same},
    panics::says,
};

/// Two rows of three classes: value and gradient of a cross-entropy with targets 1 and 0, cotangent 1, 2, ….
#[track_caller]
fn rows(
    options: &CrossEntropy,
    reduction: Reduction,
    x: [[f64; 3]; 2],
    targets: [usize; 2],
    value: &[f64],
    gradient: [[f64; 3]; 2],
) {
    let tape = Tape::<f64>::new();
    let x = tape.var(Tensor::new([2, 3], x.concat()));
    let y = options.loss(x, &targets, reduction);
    same(&y.value(), value, 1e-12);
    let u = (1..=value.len()).map(|i| i as f64).collect();
    same(&y.backward_with(Tensor::new(y.shape(), u))[x], &gradient.concat(), 1e-12);
}

const ONE_MASKED: [[f64; 3]; 2] = [[0.0, 1.0, MASKED], [1.0, 2.0, 3.0]];

#[test]
fn a_masked_class_takes_no_part_in_the_cross_entropy() {
    let plain = CrossEntropy::default();
    let p = 0.268_941_421_369_995_1; // σ(−1)
    let (a, b) = (0.313_261_687_518_222_9, 2.407_605_964_444_380_6);
    let second = [-0.909_969_426_829_619_6, 0.244_728_471_054_797_65, 0.665_240_955_774_821_8];
    rows(&plain, Reduction::Sum, ONE_MASKED, [1, 0], &[a + b], [[p, -p, 0.0], second]);
    rows(
        &plain,
        Reduction::Mean,
        ONE_MASKED,
        [1, 0],
        &[(a + b) / 2.0],
        [[p / 2.0, -p / 2.0, 0.0], second.map(|g| g / 2.0)],
    );
    rows(
        &plain,
        Reduction::BatchMean,
        ONE_MASKED,
        [1, 0],
        &[(a + b) / 2.0],
        [[p / 2.0, -p / 2.0, 0.0], second.map(|g| g / 2.0)],
    );
    rows(&plain, Reduction::None, ONE_MASKED, [1, 0], &[a, b], [[p, -p, 0.0], second.map(|g| 2.0 * g)]);

    let tape = Tape::<f32>::new();
    let x = tape.var(Tensor::new([1, 3], vec![0.0, 1.0, f32::NEG_INFINITY]));
    let loss = cross_entropy(x, &[1]);
    same(&loss.value(), &[a], 1e-6);
    same(&loss.backward()[x], &[p, -p, 0.0], 1e-6);
}

#[test]
fn a_target_that_is_masked_costs_infinity_and_a_row_without_any_class_is_nan() {
    let of = |x: [f64; 3], target: usize| {
        let tape = Tape::<f64>::new();
        let x = tape.var(Tensor::new([1, 3], x.to_vec()));
        let loss = cross_entropy(x, &[target]);
        (loss.value(), loss.backward()[x].clone())
    };
    let (loss, gradient) = of([0.0, 1.0, MASKED], 2);
    same(&loss, &[INFINITE], 0.0);
    same(&gradient, &[0.268_941_421_369_995_1, 0.731_058_578_630_004_9, -1.0], 1e-12);
    for x in [[MASKED; 3], [INFINITE, 1.0, 2.0]] {
        let (loss, gradient) = of(x, 0);
        same(&loss, &[NAN], 0.0);
        same(&gradient, &[NAN; 3], 0.0);
    }
}

#[test]
fn smoothing_a_masked_class_costs_infinity_with_a_finite_gradient() {
    let smoothed = |label_smoothing| CrossEntropy { label_smoothing, ..CrossEntropy::default() };
    rows(
        &smoothed(0.1),
        Reduction::None,
        ONE_MASKED,
        [1, 0],
        &[INFINITE, 2.307_605_964_444_380_5],
        [
            [0.235_608_088_036_661_78, -0.202_274_754_703_328_45, -0.033_333_333_333_333_33],
            [-1.686_605_520_325_905_8, 0.422_790_275_442_928_63, 1.263_815_244_882_977],
        ],
    );
    rows(
        &smoothed(0.1),
        Reduction::Mean,
        ONE_MASKED,
        [1, 0],
        &[INFINITE],
        [
            [0.117_804_044_018_330_89, -0.101_137_377_351_664_23, -0.016_666_666_666_666_666],
            [-0.421_651_380_081_476_46, 0.105_697_568_860_732_16, 0.315_953_811_220_744_23],
        ],
    );
    // Everything smoothed away: the target does not count.
    rows(
        &smoothed(1.0),
        Reduction::Sum,
        ONE_MASKED,
        [1, 0],
        &[INFINITE],
        [
            [-0.064_391_911_963_338_21, 0.397_725_245_296_671_6, -0.333_333_333_333_333_3],
            [-0.243_302_760_162_952_88, -0.088_604_862_278_535_65, 0.331_907_622_441_488_47],
        ],
    );
}

#[test]
fn class_weights_weigh_targets_and_smoothing_and_divide_the_mean() {
    let x = [[0.0, 1.0, 2.0], [1.0, 2.0, 3.0]];
    let weighted =
        CrossEntropy { class_weights: vec![1.0, 2.0, 3.0], label_smoothing: 0.1, ..CrossEntropy::default() };
    rows(
        &weighted,
        Reduction::Mean,
        x,
        [1, 0],
        &[1.710_081_718_814_748_8],
        [
            [0.048_909_271_002_475_84, -0.459_069_908_185_690_5, 0.410_160_637_183_214_5],
            [-0.278_099_900_948_638_3, 0.067_511_550_497_870_23, 0.210_588_350_450_767_96],
        ],
    );
    rows(
        &weighted,
        Reduction::None,
        x,
        [1, 0],
        &[2.748_545_262_222_094, 2.381_699_894_222_151_7],
        [
            [0.146_727_813_007_427_54, -1.377_209_724_557_071_4, 1.230_481_911_549_643_5],
            [-1.668_599_405_691_829_6, 0.405_069_302_987_221_55, 1.263_530_102_704_608],
        ],
    );
    // Weights that sum to nothing have no mean.
    let none = CrossEntropy { class_weights: vec![1.0, 0.0, 3.0], ..CrossEntropy::default() };
    rows(&none, Reduction::Mean, x, [1, 1], &[NAN], [[NAN; 3]; 2]);
}

#[test]
fn an_ignored_row_counts_nothing_whatever_it_holds() {
    let ignoring = CrossEntropy { ignore_index: Some(1), ..CrossEntropy::default() };
    let x = [[MASKED; 3], [1.0, 2.0, 3.0]];
    let second = [0.090_030_573_170_380_43, 0.244_728_471_054_797_65, -0.334_759_044_225_178_1];
    // PyTorch's gradient of the ignored row is NaN if all of it is masked.
    for reduction in [Reduction::Mean, Reduction::Sum] {
        rows(&ignoring, reduction, x, [1, 2], &[0.407_605_964_444_380_4], [[0.0; 3], second]);
    }
    rows(
        &ignoring,
        Reduction::BatchMean,
        x,
        [1, 2],
        &[0.203_802_982_222_190_2],
        [[0.0; 3], second.map(|g| g / 2.0)],
    );
    rows(
        &ignoring,
        Reduction::None,
        x,
        [1, 2],
        &[0.0, 0.407_605_964_444_380_4],
        [[0.0; 3], second.map(|g| 2.0 * g)],
    );
    rows(&ignoring, Reduction::None, x, [1, 1], &[0.0, 0.0], [[0.0; 3]; 2]);
    rows(&ignoring, Reduction::Mean, x, [1, 1], &[0.0], [[0.0; 3]; 2]);
}

#[test]
fn a_single_row_is_a_batch_of_one_and_rows_keep_their_axes() {
    let tape = Tape::<f64>::new();
    let x = tape.var(Tensor::new([3], vec![0.0, 1.0, MASKED]));
    let of = |reduction| CrossEntropy::default().loss(x, &[1], reduction).value();
    for reduction in [Reduction::Mean, Reduction::Sum, Reduction::BatchMean, Reduction::None] {
        same(&of(reduction), &[0.313_261_687_518_222_9], 1e-12);
        assert!(of(reduction).shape().is_empty());
    }
    let x = tape.var(Tensor::zeros([2, 5, 3]));
    let y = CrossEntropy::default().loss(x, &[0; 10], Reduction::None);
    assert_eq!(y.shape()[..], [2, 5]);
    let batch = CrossEntropy::default().loss(x, &[0; 10], Reduction::BatchMean);
    assert!((batch.item() - 5.0 * 3f64.ln()).abs() < 1e-12);
}

#[test]
fn a_cross_entropy_that_does_not_fit_says_why() {
    let tape = Tape::<f64>::new();
    let x = tape.var(Tensor::zeros([2, 3]));
    let with = |class_weights: &[f64], label_smoothing| CrossEntropy {
        class_weights: class_weights.to_vec(),
        label_smoothing,
        ..CrossEntropy::default()
    };
    says!(
        with(&[1.0, -2.0, -3.0], 0.0).loss(x, &[1, 2], Reduction::Mean),
        "cross_entropy: a class weight is -2\n  rule: finite and not negative"
    );
    says!(
        with(&[1.0, NAN, 3.0], 0.0).loss(x, &[1, 2], Reduction::Mean),
        "cross_entropy: a class weight is NaN"
    );
    says!(
        with(&[1.0, 1.0, INFINITE], 0.0).loss(x, &[1, 2], Reduction::Mean),
        "cross_entropy: a class weight is inf"
    );
    says!(
        with(&[1.0, 2.0], 0.0).loss(x, &[1, 2], Reduction::Mean),
        "cross_entropy: 2 class weights for 3 classes\n  rule: one weight per class"
    );
    says!(
        with(&[1.0; 4], 0.0).loss(x, &[1, 2], Reduction::Mean),
        "cross_entropy: 4 class weights for 3 classes"
    );
    for share in [1.5, -0.1, NAN] {
        says!(
            with(&[], share).loss(x, &[1, 2], Reduction::Mean),
            format!("cross_entropy: label_smoothing is {share}\n  rule: between 0 and 1")
        );
    }
    says!(
        cross_entropy(x, &[1]),
        "cross_entropy: 1 targets for x [2, 3] (…, class)\n  rule: one target per row"
    );
    says!(cross_entropy(x, &[1, 2, 0]), "cross_entropy: 3 targets for x [2, 3]");
    says!(cross_entropy(x, &[1, 3]), "cross_entropy: the target 3 is none of 3 classes\n  rule: below 3");
    says!(cross_entropy(tape.var(Tensor::zeros([2, 0])), &[]), "cross_entropy: 0 targets for x [2, 0]");
    says!(cross_entropy(tape.scalar(1.0), &[0]), "cross_entropy: 1 targets for x []");
}
