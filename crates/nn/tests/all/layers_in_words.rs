//! How layers describe themselves, what a recipe may leave out, and what they cost: as tables and files show it.

use gradbook_autograd::{ParamStore, Shape, Tensor};
use gradbook_nn::{
    Activation, BatchNorm1d, Conv1d, Conv1dConfig, ConvTranspose1d, ConvTranspose1dConfig, Dropout,
    GroupNorm, Layer, LayerNorm, Linear, Padding, ResidualBlock, ResidualConfig, RmsNorm, Scope, Sequential,
    Snake, State, Summary, Upsample, UpsampleConv1d, Value, WeightAverage,
};

#[test]
fn every_layer_says_what_it_is() {
    let mut store = ParamStore::<f64>::new();
    let mut scope = Scope::new(&mut store, 0);
    let conv = Conv1dConfig::new(4, 6, 3);
    let all: [(Box<dyn Layer<f64>>, &str); 16] = [
        (Box::new(Activation::Relu), "Relu"),
        (Box::new(Activation::LeakyRelu(0.2)), "LeakyRelu(0.2)"),
        (Box::new(BatchNorm1d::new(&mut scope.at(0), 4)), "BatchNorm1d(4)"),
        (Box::new(Conv1d::new(&mut scope.at(1), conv).unwrap()), "Conv1d(4 → 6, taps 3)"),
        (
            Box::new(Conv1d::new(&mut scope.at(2), conv.stride(2).dilation(3).groups(2)).unwrap()),
            "Conv1d(4 → 6, taps 3, stride 2, dilation 3, groups 2)",
        ),
        (
            Box::new(
                ConvTranspose1d::new(&mut scope.at(3), ConvTranspose1dConfig::new(4, 6, 4).stride(2))
                    .unwrap(),
            ),
            "ConvTranspose1d(4 → 6, taps 4, stride 2)",
        ),
        (Box::new(Dropout::new(0.25).unwrap()), "Dropout(0.25)"),
        (Box::new(GroupNorm::new(&mut scope.at(4), 2, 4, 1e-5).unwrap()), "GroupNorm(4 in 2 groups)"),
        (Box::new(LayerNorm::new(&mut scope.at(5), 4, 1e-5)), "LayerNorm(4)"),
        (Box::new(Linear::new(&mut scope.at(6), 4, 6)), "Linear(4 → 6)"),
        (
            Box::new(ResidualBlock::new(&mut scope.at(7), ResidualConfig::new(4, 8).dilation(3)).unwrap()),
            "ResidualBlock(4 → 8 → 4, dilation 3)",
        ),
        (Box::new(RmsNorm::new(&mut scope.at(8), 4, 1e-5)), "RmsNorm(4)"),
        (Box::new(Sequential::new().then(Activation::Relu)), "Sequential"),
        (Box::new(Snake::new(&mut scope.at(9), 4)), "Snake(4)"),
        (Box::new(Upsample::new(2).unwrap()), "Upsample(2 times)"),
        (Box::new(UpsampleConv1d::new(&mut scope.at(10), 2, conv).unwrap()), "UpsampleConv1d(2 times)"),
    ];
    for (layer, text) in &all {
        assert_eq!(layer.describe(), *text);
    }
}

#[test]
fn what_a_recipe_leaves_out_has_the_default_of_new() {
    let conv: Conv1dConfig = toml::from_str("input = 4\noutput = 6\ntaps = 3").unwrap();
    assert_eq!(conv, Conv1dConfig::new(4, 6, 3));
    assert_eq!((conv.stride, conv.dilation, conv.groups, conv.padding), (1, 1, 1, Padding::Same));
    assert!(conv.bias && !conv.weight_norm && !conv.without_bias().bias && conv.weight_norm().weight_norm);
    let up: ConvTranspose1dConfig = toml::from_str("input = 4\noutput = 6\ntaps = 3").unwrap();
    assert_eq!(up, ConvTranspose1dConfig::new(4, 6, 3));
    assert!(
        up.bias && !up.weight_norm && (up.stride, up.dilation, up.groups, up.output_padding) == (1, 1, 1, 0)
    );
    let block: ResidualConfig = toml::from_str("channels = 4\nhidden = 8").unwrap();
    assert_eq!(block, ResidualConfig::new(4, 8));
    assert_eq!((block.taps, block.dilation, block.padding), (3, 1, Padding::Same));
    assert_eq!((block.activation, block.weight_norm), (Activation::Gelu, false));
    let edited = block.dilation(2).activation(Activation::Silu).padding(Padding::Causal);
    assert_eq!((edited.dilation, edited.activation, edited.padding), (2, Activation::Silu, Padding::Causal));
}

#[test]
fn a_sequence_counts_its_layers() {
    let empty = Sequential::<f64>::new();
    assert_eq!((empty.len(), empty.is_empty()), (0, true));
    let three = empty.then(Activation::Relu).then(Activation::Tanh).then(Activation::Relu);
    assert_eq!((three.len(), three.is_empty()), (3, false));
    let children: Vec<_> =
        three.children().into_iter().map(|(name, layer)| (name, layer.describe())).collect();
    assert_eq!(children[1], ("1".to_string(), "Tanh".to_string()));
}

#[test]
fn costs_are_products_of_places_taps_and_channels() {
    let mut store = ParamStore::<f64>::new();
    let mut scope = Scope::new(&mut store, 0);
    let grouped = Conv1dConfig::new(4, 6, 3).groups(2).stride(2);
    let up = ConvTranspose1dConfig { groups: 2, ..ConvTranspose1dConfig::new(4, 6, 4).stride(2) };
    let net = Sequential::new()
        .then(Conv1d::new(&mut scope.at(0), grouped).unwrap()) // 5 places · 3 taps · 2 channels of a group · 6
        .then(Snake::new(&mut scope.at(1), 6))
        .then(Linear::new(&mut scope.at(2), 6, 4)) // 5 places · 6 · 4
        .then(ConvTranspose1d::new(&mut scope.at(3), up).unwrap()) // 5 inputs · 4 taps · 4 · 3 of a group
        .then(BatchNorm1d::new(&mut scope.at(4), 6));
    let summary = Summary::new(&net, &store, &Shape::new(&[1, 10, 4])).unwrap();
    let rows: Vec<_> = summary.rows.iter().map(|row| (row.parameters, row.multiply_adds)).collect();
    // Running statistics are not learned.
    assert_eq!(rows, [(36 + 6, 180), (6, 0), (24 + 4, 120), (48 + 6, 240), (12, 0)]);
    let text = Summary::new(&net, &store, &Shape::new(&[1_000, 10, 4])).unwrap().to_string();
    assert!(text.contains(" 180 000\n") && text.contains("142        540 000\n"), "{text}");
    assert!(text.contains("[1000, 5, 6]           42        180 000\n"), "{text}");
    let error = Summary::new(&net, &store, &Shape::new(&[1, 10, 5])).unwrap_err().to_string();
    assert!(
        error.starts_with("Conv1d(4 → 6, taps 3, stride 2, groups 2): an input of shape [1, 10, 5]"),
        "{error}"
    );
}

#[test]
fn an_average_follows_a_parameter_that_changed_its_shape_and_gives_back_its_state() {
    let mut store = ParamStore::<f64>::new();
    let id = store.add("w", Tensor::filled([2], 1.0), gradbook_autograd::Role::Trainable);
    let mut average = WeightAverage::new(0.5, &store);
    *store.get_mut(id) = Tensor::filled([3], 4.0);
    average.update(&store);
    assert_eq!(average.state(), [("w".to_string(), Value::Tensor(Tensor::filled([3], 4.0)))]);
    *store.get_mut(id) = Tensor::filled([3], 6.0);
    average.update(&store);
    assert_eq!(average.state(), [("w".to_string(), Value::Tensor(Tensor::filled([3], 5.0)))]);
    average.set_state(vec![Value::Tensor(Tensor::filled([3], 7.0))]);
    average.swap(&mut store);
    assert_eq!(store.get(id).as_slice(), [7.0; 3]);
}
