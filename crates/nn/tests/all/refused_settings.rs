//! Settings with which no layer is made, and parts that belong to one store: each has a sentence, at the caller's line.

use gradbook_autograd::{Conv1dSpec, ParamStore, Role, Tape, Tensor};
use gradbook_nn::{
    BatchNorm1d, Conv1d, Conv1dConfig, ConvTranspose1d, ConvTranspose1dConfig, Embedding, GroupNorm, Init,
    LayerNorm, Linear, RmsNorm, Scope, ShardedStep, Snake, WeightAverage,
};

use crate::panics::says;

#[test]
fn no_layer_is_made_without_channels() {
    let mut store = ParamStore::<f64>::new();
    let mut scope = Scope::new(&mut store, 0);
    let rule = "rule: channels, rows and widths are at least 1";
    says!(
        LayerNorm::new(&mut scope.at("n"), 0, 1e-5),
        "scope: the parameter `n.weight` of shape [0] holds no number",
        rule
    );
    says!(RmsNorm::new(&mut scope.at("n"), 0, 1e-5), "`n.weight` of shape [0] holds no number", rule);
    says!(BatchNorm1d::new(&mut scope.at("n"), 0), "`n.weight` of shape [0] holds no number", rule);
    says!(Snake::new(&mut scope.at("n"), 0), "`n.alpha` of shape [0] holds no number", rule);
    says!(Linear::new(&mut scope.at("n"), 3, 0), "`n.bias` of shape [0] holds no number", rule);
    says!(Linear::without_bias(&mut scope.at("n"), 0, 3), "`n.weight` of shape [0, 3] holds no number", rule);
    says!(Embedding::new(&mut scope.at("n"), 0, 3), "`n.weight` of shape [0, 3] holds no number", rule);
    says!(Embedding::new(&mut scope.at("n"), 3, 0), "`n.weight` of shape [3, 0] holds no number", rule);
    let group = |scope: &mut Scope<'_, f64>, groups, channels, eps| {
        GroupNorm::new(scope, groups, channels, eps).unwrap_err().to_string()
    };
    assert_eq!(group(&mut scope, 2, 0, 1e-5), "group_norm.channels = 0: at least 1");
    assert_eq!(group(&mut scope, 0, 4, 1e-5), "group_norm.groups = 0: a divisor of the 4 channels");
    assert_eq!(group(&mut scope, 3, 4, 1e-5), "group_norm.groups = 3: a divisor of the 4 channels");
    assert_eq!(group(&mut scope, 2, 4, -1.0), "group_norm.eps = -1.0: a finite number, 0 or more");
    let conv = Conv1dConfig::new(4, 6, 3);
    for (config, error) in [
        (conv.groups(0), "conv1d.groups = 0: at least 1"),
        (conv.dilation(0), "conv1d.dilation = 0: at least 1"),
        (conv.stride(0), "conv1d.stride = 0: at least 1"),
        (Conv1dConfig::new(0, 6, 3), "conv1d.input = 0: at least 1"),
        (Conv1dConfig::new(4, 0, 3), "conv1d.output = 0: at least 1"),
        (Conv1dConfig::new(4, 6, 0), "conv1d.taps = 0: at least 1"),
        (conv.groups(4), "conv1d.groups = 4: a divisor of the 4 input and 6 output channels"),
        (conv.groups(3), "conv1d.groups = 3: a divisor of the 4 input and 6 output channels"),
    ] {
        assert_eq!(Conv1d::new(&mut scope, config).unwrap_err().to_string(), error);
    }
    let up = ConvTranspose1dConfig::new(4, 6, 3);
    for (config, error) in [
        (ConvTranspose1dConfig { groups: 0, ..up }, "conv_transpose1d.groups = 0: at least 1"),
        (ConvTranspose1dConfig { dilation: 0, ..up }, "conv_transpose1d.dilation = 0: at least 1"),
        (up.stride(0), "conv_transpose1d.stride = 0: at least 1"),
        (ConvTranspose1dConfig::new(0, 6, 3), "conv_transpose1d.input = 0: at least 1"),
        (ConvTranspose1dConfig::new(4, 0, 3), "conv_transpose1d.output = 0: at least 1"),
        (ConvTranspose1dConfig::new(4, 6, 0), "conv_transpose1d.taps = 0: at least 1"),
        (
            ConvTranspose1dConfig { groups: 4, ..up },
            "conv_transpose1d.groups = 4: a divisor of the 4 input and 6 output channels",
        ),
        (
            ConvTranspose1dConfig { groups: 3, ..up },
            "conv_transpose1d.groups = 3: a divisor of the 4 input and 6 output channels",
        ),
        (
            ConvTranspose1dConfig { output_padding: 1, ..up },
            "conv_transpose1d.output_padding = 1: below the stride 1",
        ),
    ] {
        assert_eq!(ConvTranspose1d::new(&mut scope, config).unwrap_err().to_string(), error);
    }
    assert!(store.is_empty(), "nothing was added on the way");
}

#[test]
fn settings_of_norms_have_rules() {
    let mut store = ParamStore::<f64>::new();
    let mut scope = Scope::new(&mut store, 0);
    for eps in [-1e-9, f64::NAN, f64::INFINITY] {
        let rule = format!("eps = {eps:?}: a finite number, 0 or more");
        says!(LayerNorm::new(&mut scope.at("a"), 4, eps), format!("layer_norm.{rule}"));
        says!(RmsNorm::new(&mut scope.at("b"), 4, eps), format!("rms_norm.{rule}"));
        assert!(GroupNorm::new(&mut scope.at("c"), 2, 4, eps).is_err());
    }
    let norm = BatchNorm1d::new(&mut scope.at("d"), 4);
    says!(norm.with_eps(-1.0), "batch_norm.eps = -1.0: a finite number, 0 or more");
    for momentum in [-0.1, 1.1, f64::NAN] {
        says!(norm.with_momentum(momentum), format!("batch_norm.momentum = {momentum:?}: 0 ≤ x ≤ 1"));
    }
    let _ = (norm.with_eps(0.0), norm.with_momentum(0.0), norm.with_momentum(1.0));
}

#[test]
fn a_convolution_in_the_op_itself_is_refused_as_in_the_layer() {
    let tape = Tape::<f64>::new();
    let (x, w) = (tape.var(Tensor::zeros([1, 5, 4])), tape.var(Tensor::zeros([3, 4, 2])));
    says!(
        x.conv1d(w, None, Conv1dSpec { groups: 0, ..Conv1dSpec::default() }),
        "conv1d: groups is 0; it must be at least 1"
    );
}

#[test]
fn one_row_too_few_in_a_shard_is_told_and_gradients_of_two_shapes_are_not_folded() {
    let mut store = ParamStore::<f64>::new();
    let w = store.add("w", Tensor::zeros([2]), Role::Trainable);
    says!(
        ShardedStep::new(2, 0).run(&store, 0, 0, |graph, _| (graph.param(w).sum_all(), ())),
        "sharded step: the batch is empty"
    );
    says!(ShardedStep::new(0, 0), "sharded step: a batch is cut into at least one shard");
}

#[test]
fn an_average_belongs_to_one_store() {
    let store_of = || {
        let mut store = ParamStore::<f64>::new();
        store.add("w", Tensor::scalar(1.0), Role::Trainable);
        store
    };
    let (store, mut other) = (store_of(), store_of());
    let mut average = WeightAverage::new(0.5, &store);
    says!(average.update(&other), "store: entry 0 of another store was asked for");
    says!(average.swap(&mut other), "store: entry 0 of another store was asked for");
    for decay in [-0.1, 1.1, f64::NAN] {
        says!(
            WeightAverage::new(decay, &store),
            format!("average: the decay {decay} is not between 0 and 1")
        );
    }
}

#[test]
fn a_start_is_a_distribution() {
    let mut store = ParamStore::<f64>::new();
    let mut scope = Scope::new(&mut store, 0);
    for (init, text) in [
        (Init::Uniform { bound: -1.0 }, "init: Uniform { bound: -1.0 } is no distribution"),
        (Init::Normal { std: f64::NAN }, "init: Normal { std: NaN } is no distribution"),
        (
            Init::TruncatedNormal { std: f64::INFINITY },
            "init: TruncatedNormal { std: inf } is no distribution",
        ),
        (Init::Orthogonal { gain: -2.0 }, "init: Orthogonal { gain: -2.0 } is no distribution"),
    ] {
        says!(scope.parameter("w", [2, 2], init), text, "rule: finite and ≥ 0");
    }
    assert_eq!(scope.draw("w", [3], Init::Uniform { bound: 0.0 }).as_slice(), [0.0; 3]);
}
