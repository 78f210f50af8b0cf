//! Each option of the convolutions has a number that someone worked out, and so has where they start.

use gradbook_autograd::ParamStore;
use gradbook_nn::{
    Activation, Conv1d, Conv1dConfig, ConvTranspose1d, ConvTranspose1dConfig, Padding, ResidualBlock,
    ResidualConfig, Scope, Upsample,
};

use crate::layer_options::{assert_near, set, tensor, trained};

/// A kernel of 1, 10, 100 shows which samples an output has seen, and at which tap.
#[test]
fn stride_dilation_and_padding_of_a_convolution() {
    let of = |edit: fn(Conv1dConfig) -> Conv1dConfig| {
        let mut store = ParamStore::new();
        let layer =
            Conv1d::new(&mut Scope::new(&mut store, 0), edit(Conv1dConfig::new(1, 1, 3).without_bias()))
                .unwrap();
        set(&mut store, "weight", &[1.0, 10.0, 100.0]);
        trained(&layer, &store, tensor(&[1, 5, 1], &[1.0, 2.0, 3.0, 4.0, 5.0]))
    };
    assert_near(&of(|c| c), &[210.0, 321.0, 432.0, 543.0, 54.0]);
    assert_near(&of(|c| c.padding(Padding::Causal)), &[100.0, 210.0, 321.0, 432.0, 543.0]);
    assert_near(&of(|c| c.padding(Padding::Valid)), &[321.0, 432.0, 543.0]);
    assert_near(
        &of(|c| c.padding(Padding::Explicit { left: 2, right: 1 })),
        &[100.0, 210.0, 321.0, 432.0, 543.0, 54.0],
    );
    assert_near(&of(|c| c.stride(2)), &[210.0, 432.0, 54.0]);
    assert_near(&of(|c| c.dilation(2).padding(Padding::Valid)), &[531.0]);
    assert_near(&of(|c| c.dilation(2)), &[310.0, 420.0, 531.0, 42.0, 53.0]);
    assert_near(&of(|c| c.dilation(2).padding(Padding::Causal)), &[100.0, 200.0, 310.0, 420.0, 531.0]);
    let mut store = ParamStore::new();
    let grouped = Conv1d::new(&mut Scope::new(&mut store, 0), Conv1dConfig::new(2, 2, 1).groups(2)).unwrap();
    set(&mut store, "weight", &[10.0, 100.0]);
    set(&mut store, "bias", &[0.5, 0.25]);
    assert_near(&trained(&grouped, &store, tensor(&[1, 1, 2], &[3.0, 4.0])), &[30.5, 400.25]);
}

#[test]
fn stride_padding_and_output_padding_of_a_transposed_convolution() {
    let of = |edit: fn(ConvTranspose1dConfig) -> ConvTranspose1dConfig| {
        let mut store = ParamStore::new();
        let plain = ConvTranspose1dConfig { bias: false, ..ConvTranspose1dConfig::new(1, 1, 3) };
        let layer = ConvTranspose1d::new(&mut Scope::new(&mut store, 0), edit(plain)).unwrap();
        set(&mut store, "weight", &[1.0, 10.0, 100.0]);
        trained(&layer, &store, tensor(&[1, 2, 1], &[1.0, 2.0]))
    };
    assert_near(&of(|c| c.padding(Padding::Valid)), &[1.0, 12.0, 120.0, 200.0]);
    assert_near(&of(|c| c), &[12.0, 120.0]);
    assert_near(&of(|c| c.padding(Padding::Causal)), &[1.0, 12.0]);
    assert_near(&of(|c| c.stride(2)), &[1.0, 10.0, 102.0, 20.0]);
    assert_near(&of(|c| c.stride(2).padding(Padding::Valid)), &[1.0, 10.0, 102.0, 20.0, 200.0]);
    assert_near(
        &of(|c| ConvTranspose1dConfig { output_padding: 1, ..c.stride(2).padding(Padding::Valid) }),
        &[1.0, 10.0, 102.0, 20.0, 200.0, 0.0],
    );
    assert_near(
        &of(|c| ConvTranspose1dConfig { output_padding: 1, ..c.stride(2) }),
        &[10.0, 102.0, 20.0, 200.0],
    );
    assert_near(
        &of(|c| ConvTranspose1dConfig { dilation: 2, ..c.padding(Padding::Valid) }),
        &[1.0, 2.0, 10.0, 20.0, 100.0, 200.0],
    );
    assert_near(&of(|c| c.padding(Padding::Explicit { left: 1, right: 2 })), &[12.0]);
}

#[test]
fn a_residual_block_and_a_repetition_by_hand() {
    let mut store = ParamStore::new();
    let config = ResidualConfig { taps: 1, ..ResidualConfig::new(1, 1).activation(Activation::Relu) };
    let block = ResidualBlock::new(&mut Scope::new(&mut store, 0), config).unwrap();
    for (name, x) in [("conv1.weight", 3.0), ("conv1.bias", -1.0), ("conv2.weight", 2.0), ("conv2.bias", 0.5)]
    {
        set(&mut store, name, &[x]);
    }
    // x + 2·relu(3·relu(x) − 1) + 0.5
    assert_near(&trained(&block, &store, tensor(&[1, 3, 1], &[2.0, 0.25, -4.0])), &[12.5, 0.75, -3.5]);
    assert_near(
        &trained(&Upsample::new(2).unwrap(), &store, tensor(&[1, 2, 1], &[1.0, 2.0])),
        &[1.0, 1.0, 2.0, 2.0],
    );
}

#[test]
fn weight_norm_starts_where_the_plain_layer_starts_and_scales_by_its_magnitudes() {
    let started = |weight_norm: bool| {
        let mut store = ParamStore::new();
        let mut scope = Scope::new(&mut store, 7);
        let down =
            Conv1d::new(&mut scope.at("down"), Conv1dConfig { weight_norm, ..Conv1dConfig::new(4, 3, 2) })
                .unwrap();
        let up = ConvTranspose1dConfig { weight_norm, ..ConvTranspose1dConfig::new(3, 5, 2) };
        let up = ConvTranspose1d::new(&mut scope.at("up"), up).unwrap();
        let x = tensor(&[1, 5, 4], &(0..20).map(|i| (i as f64).sin()).collect::<Vec<_>>());
        let mid = trained(&down, &store, x);
        let out = trained(&up, &store, tensor(&[1, 5, 3], &mid));
        (store, down, mid, out)
    };
    let ((_, _, mid, out), (mut store, down, normed_mid, normed_out)) = (started(false), started(true));
    assert_near(&normed_mid, &mid);
    assert_near(&normed_out, &out);
    // Twice the magnitude of a channel is twice its output, without the bias; the length of the direction does not count.
    set(&mut store, "down.bias", &[0.0; 3]);
    let before = trained(&down, &store, tensor(&[1, 5, 4], &[1.0; 20]));
    let id = store.find("down.magnitude").unwrap();
    store.get_mut(id).as_mut_slice()[1] *= 2.0;
    let id = store.find("down.direction").unwrap();
    store.get_mut(id).map_assign(|v| 5.0 * v);
    let after = trained(&down, &store, tensor(&[1, 5, 4], &[1.0; 20]));
    let expected: Vec<f64> = before.chunks(3).flat_map(|y| [y[0], 2.0 * y[1], y[2]]).collect();
    assert_near(&after, &expected);
}
