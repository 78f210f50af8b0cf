//! What layers promise beyond their values: shapes, causality, purity, errors, counts.

use gradbook_autograd::{Graph, ParamStore, Shape, Tape, Tensor};
use gradbook_nn::{
    BatchNorm1d, Conv1d, Conv1dConfig, ConvTranspose1d, ConvTranspose1dConfig, Dropout, GroupNorm, Layer,
    LayerNorm, Padding, ResidualBlock, ResidualConfig, RmsNorm, Scope, Sequential, Snake, Summary, Upsample,
    UpsampleConv1d,
};

#[test]
fn convolutions_foretell_their_output_shape_and_same_depends_on_the_stride_alone() {
    let paddings = [Padding::Same, Padding::Causal, Padding::Valid, Padding::Explicit { left: 2, right: 0 }];
    for (taps, stride, dilation) in [(1, 1, 1), (2, 1, 3), (3, 2, 1), (4, 2, 2), (5, 3, 1), (4, 4, 1)] {
        for padding in paddings {
            let mut store = ParamStore::<f64>::new();
            let mut scope = Scope::new(&mut store, 0);
            let config = Conv1dConfig::new(2, 3, taps).stride(stride).dilation(dilation).padding(padding);
            let down = Conv1d::new(&mut scope.at("down"), config).expect("sound");
            let config = ConvTranspose1dConfig { dilation, ..ConvTranspose1dConfig::new(2, 3, taps) };
            let up = ConvTranspose1d::new(&mut scope.at("up"), config.stride(stride).padding(padding))
                .expect("sound");
            for length in 1..12usize {
                let layers: [(&dyn Layer<f64>, usize); 2] =
                    [(&down, length.div_ceil(stride)), (&up, length * stride)];
                for (layer, exact) in layers {
                    let input = Shape::new(&[2, length, 2]);
                    let Ok(foretold) = layer.output_shape(&input) else { continue };
                    let tape = Tape::new();
                    let y = layer.forward(&Graph::train(&tape, &store), tape.constant(Tensor::zeros(input)));
                    assert_eq!(y.shape(), foretold, "{} on {length}", layer.describe());
                    if matches!(padding, Padding::Same | Padding::Causal) {
                        assert_eq!(foretold[1], exact, "{} on {length}", layer.describe());
                    }
                }
            }
        }
    }
}

#[test]
fn causal_layers_do_not_see_the_future() {
    let mut store = ParamStore::<f64>::new();
    let mut scope = Scope::new(&mut store, 0);
    let down = Conv1dConfig::new(2, 2, 3).dilation(2).padding(Padding::Causal);
    let up = ConvTranspose1dConfig::new(2, 2, 4).stride(2).padding(Padding::Causal);
    let net = Sequential::new()
        .then(Conv1d::new(&mut scope.at(0), down).expect("sound"))
        .then(ConvTranspose1d::new(&mut scope.at(1), up).expect("sound"));
    let tape = Tape::new();
    let x = tape.var(Tensor::filled([1, 8, 2], 0.3));
    let y = net.forward(&Graph::train(&tape, &store), x);
    let grads = y.slice(1, 0..8).sum_all().backward(); // the outputs of the first four inputs
    let rows = grads[x].rows();
    assert!((0..4).all(|m| rows.row(m).iter().any(|g| *g != 0.0)));
    assert!((4..8).all(|m| rows.row(m).iter().all(|g| *g == 0.0)));
}

#[test]
fn configurations_that_cannot_work_are_named() {
    let mut store = ParamStore::<f32>::new();
    let mut scope = Scope::new(&mut store, 0);
    let conv = Conv1dConfig::new(6, 4, 3);
    for (what, config) in [
        ("conv1d.groups", conv.groups(4)),
        ("conv1d.taps", Conv1dConfig::new(6, 4, 0)),
        ("conv1d.stride", conv.stride(0)),
        ("conv1d.input", Conv1dConfig::new(0, 4, 3)),
    ] {
        assert_eq!(Conv1d::new(&mut scope, config).expect_err("it cannot work").what, what);
    }
    let gaps = ConvTranspose1dConfig::new(6, 4, 2).stride(3);
    let error = ConvTranspose1d::new(&mut scope, gaps).expect_err("it leaves gaps").to_string();
    assert_eq!(error, "conv_transpose1d.taps = 2: taps and dilation that span at least the stride 3");
    assert_eq!(GroupNorm::new(&mut scope, 4, 6, 1e-5).expect_err("6 / 4").what, "group_norm.groups");
    assert_eq!(GroupNorm::new(&mut scope, 3, 6, -1.0).expect_err("a root of −1").what, "group_norm.eps");
    assert_eq!(Dropout::new(1.0).expect_err("everything drops").what, "dropout.p");
    assert_eq!(Upsample::new(0).expect_err("nothing is left").what, "upsample.factor");
    let block = ResidualConfig::new(4, 4).padding(Padding::Valid);
    assert_eq!(ResidualBlock::new(&mut scope, block).expect_err("it shortens").what, "residual.padding");
    let unknown = "input = 1\noutput = 1\ntaps = 3\nstrides = 2";
    assert!(toml::from_str::<Conv1dConfig>(unknown).expect_err("unknown").to_string().contains("strides"));
    let causal: Conv1dConfig =
        toml::from_str("input = 1\noutput = 2\ntaps = 3\npadding = \"causal\"").expect("sound");
    assert_eq!(causal, Conv1dConfig::new(1, 2, 3).padding(Padding::Causal));
}

#[test]
fn dropout_keeps_the_mean_and_is_silent_in_evaluation() {
    let store = ParamStore::<f64>::new();
    let layer = Dropout::new(0.3).expect("a probability");
    let tape = Tape::new();
    let x = tape.constant(Tensor::filled([10_000], 1.0));
    let y = layer.forward(&Graph::train(&tape, &store), x).value();
    let zeros = y.as_slice().iter().filter(|y| **y == 0.0).count() as f64 / 1e4;
    assert!((zeros - 0.3).abs() < 0.02, "{zeros}");
    assert!((y.as_slice().iter().sum::<f64>() / 1e4 - 1.0).abs() < 0.03);
    assert_eq!(layer.forward(&Graph::eval(&tape, &store), x).value(), x.value());
}

#[test]
fn statistics_of_shards_are_those_of_the_batch() {
    let x = |rows: std::ops::Range<usize>| {
        Tensor::new(
            [rows.len(), 2],
            rows.flat_map(|r| [(r as f64).sin() + 1e4, (r as f64).cos()]).collect::<Vec<_>>(),
        )
    };
    let absorbed = |cuts: &[usize]| {
        let mut store = ParamStore::new();
        let norm = BatchNorm1d::new(&mut Scope::new(&mut store, 0), 2);
        let mut stats = gradbook_autograd::Stats::new();
        for rows in cuts.windows(2).map(|cut| cut[0]..cut[1]) {
            let tape = Tape::new();
            let graph = Graph::train(&tape, &store);
            norm.forward(&graph, tape.constant(x(rows)));
            stats.merge(graph.take_stats());
        }
        norm.absorb(&mut store, &stats);
        ["running_mean", "running_var"].map(|name| store.get(store.find(name).expect("there")).clone())
    };
    let (whole, cut) = (absorbed(&[0, 12]), absorbed(&[0, 5, 12]));
    for (cut, whole) in cut.iter().zip(&whole) {
        assert!(cut.as_slice().iter().zip(whole.as_slice()).all(|(a, b)| (a - b).abs() < 1e-10 * b.abs()));
    }
}

#[test]
fn a_summary_counts_every_parameter_and_product() {
    let mut store = ParamStore::<f32>::new();
    let mut scope = Scope::new(&mut store, 0);
    let net = Sequential::new()
        .then(Conv1d::new(&mut scope.at(0), Conv1dConfig::new(80, 256, 3)).expect("sound"))
        .then(Snake::new(&mut scope.at(1), 256))
        .then(ResidualBlock::new(&mut scope.at(2), ResidualConfig::new(256, 64)).expect("sound"))
        .then(UpsampleConv1d::new(&mut scope.at(3), 2, Conv1dConfig::new(256, 8, 3)).expect("sound"));
    let summary = Summary::new(&net, &store, &Shape::new(&[16, 32, 80])).expect("it fits");
    assert_eq!(summary.parameters(), store.parameters());
    let work = 512 * (3 * 80 * 256 + 3 * 256 * 64 + 64 * 256) + 1024 * 3 * 256 * 8;
    assert_eq!(summary.multiply_adds(), work);
    let names: Vec<&str> = summary.rows.iter().map(|row| row.name.as_str()).collect();
    assert_eq!(names, ["0", "1", "2.conv1", "2.conv2", "3.upsample", "3.conv"]);
    assert_eq!(summary.rows.last().expect("rows").output, Shape::new(&[16, 64, 8]));
}

#[test]
fn norms_refuse_an_eps_or_a_momentum_that_makes_no_sense() {
    let refused = |build: &dyn Fn(&mut Scope<'_, f64>)| {
        let build = std::panic::AssertUnwindSafe(build);
        let panic = std::panic::catch_unwind(|| build(&mut Scope::new(&mut ParamStore::new(), 0)));
        *panic.expect_err("it makes no sense").downcast::<String>().expect("a sentence")
    };
    let norm = |scope: &mut Scope<'_, f64>| BatchNorm1d::new(scope, 2);
    let number = "a finite number, 0 or more";
    assert_eq!(refused(&|s| _ = LayerNorm::new(s, 2, -1.0)), format!("layer_norm.eps = -1.0: {number}"));
    assert_eq!(refused(&|s| _ = RmsNorm::new(s, 2, f64::NAN)), format!("rms_norm.eps = NaN: {number}"));
    assert_eq!(refused(&|s| _ = norm(s).with_eps(-1.0)), format!("batch_norm.eps = -1.0: {number}"));
    assert_eq!(refused(&|s| _ = norm(s).with_momentum(7.0)), "batch_norm.momentum = 7.0: 0 ≤ x ≤ 1");
}

#[test]
fn layers_inside_others_absorb_what_they_reported() {
    let mut store = ParamStore::<f64>::new();
    let norm = BatchNorm1d::new(&mut Scope::new(&mut store, 0), 1);
    let net = Sequential::new().then(Sequential::new().then(norm));
    let tape = Tape::new();
    let graph = Graph::train(&tape, &store);
    net.forward(&graph, tape.constant(Tensor::new([2, 1], vec![1.0, 3.0])));
    let stats = graph.take_stats();
    drop(graph);
    net.absorb(&mut store, &stats);
    assert_eq!(store.get(store.find("running_mean").expect("a buffer")).item(), 0.2); // 0.1 · 2
}

#[test]
fn a_scope_is_cast_to_the_numbers_that_it_has() {
    let mut store = ParamStore::<f32>::new();
    let mut scope = Scope::new(&mut store, 7);
    let mut inner = scope.at("net");
    assert!(inner.cast::<f64>().is_none());
    let start = inner.draw("w", [3], gradbook_nn::Init::Normal { std: 1.0 });
    let mut same = inner.cast::<f32>().expect("single precision");
    assert_eq!(same.name("w"), "net.w");
    assert_eq!(same.draw("w", [3], gradbook_nn::Init::Normal { std: 1.0 }), start, "of the same seed");
    same.buffer("w", start);
    assert!(store.find("net.w").is_some());
}

#[test]
fn boxed_layers_make_a_sequence_in_their_order() {
    let layers: Vec<Box<dyn Layer<f64>>> =
        vec![Box::new(Upsample::new(2).expect("a factor")), Box::new(gradbook_nn::Activation::Relu)];
    let net: Sequential<f64> = layers.into_iter().collect();
    assert_eq!(net.output_shape(&Shape::new(&[1, 3, 4])), Ok(Shape::new(&[1, 6, 4])));
    let names: Vec<String> =
        net.children().iter().map(|(name, layer)| format!("{name} {}", layer.describe())).collect();
    assert_eq!(names, ["0 Upsample(2 times)", "1 Relu"]);
}

/// Transforms round otherwise: the numbers are near, and not the same.
#[test]
fn transforms_are_used_where_they_are_asked_for() {
    let config = Conv1dConfig::new(32, 32, 3);
    assert!(config.winograd().spec().expect("sound").winograd && !config.spec().expect("sound").winograd);
    let x = Tensor::build([1, 40, 32], |out| {
        out.iter_mut().enumerate().for_each(|(i, x)| *x = (i as f32 * 0.7).sin());
    });
    let of = |config: ResidualConfig| {
        let mut store = ParamStore::<f32>::new();
        let block = ResidualBlock::new(&mut Scope::new(&mut store, 0), config).expect("sound");
        let tape = Tape::new();
        block.forward(&Graph::train(&tape, &store), tape.constant(x.clone())).value()
    };
    let (plain, transformed) = (of(ResidualConfig::new(32, 32)), of(ResidualConfig::new(32, 32).winograd()));
    assert!(plain != transformed);
    assert!(plain.as_slice().iter().zip(transformed.as_slice()).all(|(a, b)| (a - b).abs() < 1e-4));
}
