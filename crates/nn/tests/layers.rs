//! Layers against PyTorch: outputs, gradients, running statistics, initial values, whole models.

mod common;

use common::{Case, Goldens, assert_close, path, permuted};
use gradbook_autograd::{Graph, ParamStore, Shape, Tape, Tensor};
use gradbook_nn::{
    Activation, BatchNorm1d, Conv1d, Conv1dConfig, ConvTranspose1d, ConvTranspose1dConfig, Dropout,
    Embedding, Fan, GroupNorm, Init, Layer, LayerNorm, Linear, Padding, Parameter, ResidualBlock,
    ResidualConfig, RmsNorm, Scope, Sequential, Snake, Summary, Upsample, UpsampleConv1d,
    checkpoint::TorchMap,
};

/// PyTorch's `[batch, channel, length]` as ours, and back.
fn swapped(x: &Tensor<f64>) -> Tensor<f64> {
    if x.shape().len() == 3 { permuted(x, &[0, 2, 1]) } else { x.clone() }
}

fn ours(parameter: &Parameter, x: &Tensor<f64>) -> Tensor<f64> {
    if parameter.axes.is_empty() { x.clone() } else { permuted(x, parameter.axes) }
}

fn built(case: &Case, scope: &mut Scope<'_, f64>) -> Option<(Box<dyn Layer<f64>>, bool)> {
    let int = |name: &str| case.int(name).unwrap_or(1);
    let (taps, stride, dilation, groups) =
        (int("kernel_size"), int("stride"), int("dilation"), int("groups"));
    let around = case.int("padding").unwrap_or(0);
    let padding = Padding::Explicit { left: around, right: around };
    let (bias, weight_norm) = (case.get("bias").is_some(), case.name.starts_with("weight_norm"));
    let eps = case.number("eps").unwrap_or(f64::NAN);
    let (input, output) = (case.get("x")?.shape()[1], case.tensor("y").shape()[1]);
    let (first, last) = (case.get("x")?.shape().last().copied()?, case.tensor("y").shape().last().copied()?);
    Some(match case.op.as_str() {
        "Linear" if bias => (Box::new(Linear::new(scope, first, last)), false),
        "Linear" => (Box::new(Linear::without_bias(scope, first, last)), false),
        "Conv1d" | "weight_norm(Conv1d)" => {
            let config =
                Conv1dConfig { input, output, taps, stride, dilation, groups, padding, bias, weight_norm };
            (Box::new(Conv1d::new(scope, config).expect("sound")), true)
        }
        "ConvTranspose1d" | "weight_norm(ConvTranspose1d)" => {
            let output_padding = case.int("output_padding").unwrap_or(0);
            let plain = ConvTranspose1dConfig::new(input, output, taps);
            let config = ConvTranspose1dConfig {
                stride,
                dilation,
                groups,
                padding,
                output_padding,
                bias,
                weight_norm,
                ..plain
            };
            (Box::new(ConvTranspose1d::new(scope, config).expect("sound")), true)
        }
        "LayerNorm" if case.name == "layer_norm" => (Box::new(LayerNorm::new(scope, first, eps)), false),
        "GroupNorm" => (Box::new(GroupNorm::new(scope, groups, input, eps).expect("sound")), true),
        "RMSNorm" => (Box::new(RmsNorm::new(scope, first, eps)), false),
        "BatchNorm1d" => {
            let momentum = case.number("momentum").unwrap_or(0.1);
            (Box::new(BatchNorm1d::new(scope, input).with_momentum(momentum).with_eps(eps)), true)
        }
        "ResidualBlock" => {
            let hidden = case.tensor("conv1.weight").shape()[0];
            let config = ResidualConfig::new(input, hidden).dilation(dilation);
            (Box::new(ResidualBlock::new(scope, config).expect("sound")), true)
        }
        _ => return None,
    })
}

/// The parameters of a layer and its children by PyTorch's name.
fn parameters(layer: &dyn Layer<f64>, module: &str) -> Vec<(String, Parameter)> {
    let own = layer.parameters().into_iter().map(|p| (format!("{module}{}", p.torch), p));
    let children = layer.children();
    let inner = children.iter().flat_map(|(name, child)| parameters(*child, &format!("{module}{name}.")));
    own.chain(inner).collect()
}

#[test]
fn outputs_gradients_and_statistics_are_those_of_pytorch() {
    let goldens = Goldens::read("layers.safetensors");
    let mut seen = 0;
    for case in goldens.iter() {
        let mut store = ParamStore::new();
        let Some((layer, swap)) = built(case, &mut Scope::new(&mut store, 0)) else { continue };
        let turned = |x: &Tensor<f64>| if swap { swapped(x) } else { x.clone() };
        let parameters = parameters(&*layer, "");
        for (name, parameter) in &parameters {
            *store.get_mut(parameter.id) = ours(parameter, &case.tensor(name));
        }
        let tape = Tape::new();
        let graph = match case.params["training"].as_bool() {
            Some(false) => Graph::eval(&tape, &store),
            _ => Graph::train(&tape, &store),
        };
        let x = tape.var(turned(&case.tensor("x")));
        let y = layer.forward(&graph, x);
        assert_close(&format!("{} y", case.name), &y.value(), &turned(&case.tensor("y")));
        assert_eq!(layer.output_shape(&x.shape()), Ok(y.shape()), "{}", case.name);
        let grads = y.backward_with(turned(&case.tensor("dy")));
        assert_close(&format!("{} dx", case.name), &grads[x], &turned(&case.tensor("dx")));
        for (name, parameter) in &parameters {
            let (Some(expected), true) = (case.get(&format!("d{name}")), graph.training()) else { continue };
            let got = grads.params.get(parameter.id).expect("every parameter is used");
            assert_close(&format!("{} d{name}", case.name), got, &ours(parameter, &expected));
        }
        let stats = graph.take_stats();
        drop(graph);
        layer.absorb(&mut store, &stats);
        for (name, parameter) in &parameters {
            if let Some(after) = case.get(&format!("after.{name}")) {
                assert_close(&format!("{} {name} after", case.name), store.get(parameter.id), &after);
            }
        }
        seen += 1;
    }
    assert_eq!(seen, 21, "all layers that we have");
}

#[test]
fn an_embedding_is_that_of_pytorch() {
    let goldens = Goldens::read("layers.safetensors");
    let case = goldens.case("embedding");
    let mut store = ParamStore::new();
    let table = Embedding::new(&mut Scope::new(&mut store, 0), 7, 5);
    let weight = table.parameters()[0].id;
    *store.get_mut(weight) = case.tensor("weight");
    let tape = Tape::new();
    let indices: Vec<usize> = case.indices("x").iter().map(|i| *i as usize).collect();
    let y = table.forward(&Graph::train(&tape, &store), &indices);
    let flat = |x: Tensor<f64>| x.reshaped([indices.len(), 5]);
    assert_close("embedding y", &y.value(), &flat(case.tensor("y")));
    let grads = y.backward_with(flat(case.tensor("dy")));
    assert_close("embedding dweight", grads.params.get(weight).expect("used"), &case.tensor("dweight"));
}

#[test]
fn initial_values_have_the_bounds_of_pytorch() {
    for case in Goldens::read("init.safetensors").iter() {
        let int = |name: &str| case.int(name).expect("an integer");
        let number = |name: &str| case.number(name).expect("a number");
        let fan = || Fan { input: int("fan_in"), output: int("fan_out") };
        let init = match case.op.as_str() {
            "Linear" | "Conv1d" | "ConvTranspose1d" => Init::torch(int("fan_in")),
            "xavier_uniform" | "xavier_uniform_tanh" => Init::xavier_uniform(fan(), number("gain")),
            "xavier_normal" => Init::xavier_normal(fan(), number("gain")),
            "kaiming_normal_fan_out" => Init::kaiming_normal(fan().output, 0.0),
            "kaiming_normal" => Init::kaiming_normal(fan().input, number("a")),
            _ => Init::kaiming_uniform(fan().input, number("a")),
        };
        let (got, name) = match init {
            Init::Uniform { bound } => (bound, "bound"),
            Init::Normal { std } => (std, "std"),
            other => panic!("{other:?}"),
        };
        assert!((got - case.tensor(name).item()).abs() < 1e-12, "{}", case.name);
    }
    let mut store = ParamStore::<f64>::new();
    let config = ConvTranspose1dConfig { groups: 4, ..ConvTranspose1dConfig::new(40, 60, 5) };
    ConvTranspose1d::new(&mut Scope::new(&mut store, 0), config).expect("sound");
    let largest = |name| {
        store.get(store.find(name).expect("there")).as_slice().iter().fold(0.0, |m: f64, x| m.max(x.abs()))
    };
    let bound = 1.0 / 75f64.sqrt();
    assert!(largest("weight") <= bound && largest("weight") > 0.99 * bound && largest("bias") <= bound);
}

#[test]
fn a_pytorch_model_is_loaded_gives_the_same_output_and_is_saved_back() {
    let mut store = ParamStore::<f32>::new();
    let mut scope = Scope::new(&mut store, 0);
    let embed = Embedding::new(&mut scope.at("embed"), 9, 6);
    let around = |n| Padding::Explicit { left: n, right: n };
    let conv = |i, o, k| Conv1dConfig::new(i, o, k).padding(around(1));
    let encoder = Sequential::new()
        .then(Conv1d::new(&mut scope.at("e0"), conv(6, 8, 3)).expect("sound"))
        .then(BatchNorm1d::new(&mut scope.at("e1"), 8))
        .then(Activation::Gelu)
        .then(Conv1d::new(&mut scope.at("e3"), conv(8, 10, 4).stride(2)).expect("sound"));
    let norm = LayerNorm::new(&mut scope.at("norm"), 10, 1e-5);
    let head = Linear::new(&mut scope.at("head"), 10, 7);
    let up = ConvTranspose1dConfig::new(7, 5, 4).stride(2).padding(around(1));
    let up = ConvTranspose1d::new(&mut scope.at("up"), up).expect("sound");
    let group = GroupNorm::new(&mut scope.at("group"), 5, 5, 1e-5).expect("sound");
    let map = TorchMap::new()
        .parameters("embed", embed.parameters())
        .layer("encoder", &encoder)
        .layer::<f32>("norm", &norm)
        .layer::<f32>("head", &head)
        .layer::<f32>("decoder.up", &up)
        .layer::<f32>("decoder.norm", &group);
    map.load(&path("tiny_model.safetensors"), &mut store).expect("it fits");

    let bytes = std::fs::read(path("tiny_model_io.safetensors")).expect("part of the repository");
    let io = safetensors::SafeTensors::deserialize(&bytes).expect("sound");
    let x = io.tensor("x").expect("there");
    let x: Vec<usize> =
        x.data().chunks_exact(8).map(|b| i64::from_le_bytes(b.try_into().expect("eight")) as usize).collect();
    let expected = |name: &str| {
        let view = io.tensor(name).expect("there");
        let data = view.data().chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().expect("four")));
        Tensor::new(view.shape(), data.map(f64::from).collect())
    };
    let tape = Tape::new();
    let graph = Graph::eval(&tape, &store);
    let encoded = encoder.forward(&graph, embed.forward(&graph, &x).reshape([3, 12, 6]));
    let headed = head.forward(&graph, norm.forward(&graph, encoded));
    let y = group.forward(&graph, up.forward(&graph, headed));
    for (name, got, expected) in [
        ("encoded", encoded, swapped(&expected("encoded"))),
        ("head", headed, expected("head")),
        ("y", y, swapped(&expected("y"))),
    ] {
        let got = got.value();
        assert_eq!(got.shape(), expected.shape());
        for (got, expected) in got.as_slice().iter().zip(expected.as_slice()) {
            assert!((f64::from(*got) - expected).abs() < 1e-5, "{name}: {got} instead of {expected}");
        }
    }

    let folder = tempfile::tempdir().expect("a folder");
    let back = folder.path().join("back.safetensors");
    map.save(&back, &store).expect("saved");
    let (theirs, ours) =
        (std::fs::read(path("tiny_model.safetensors")).expect("there"), std::fs::read(&back).expect("there"));
    let read = |bytes: &'static [u8]| safetensors::SafeTensors::deserialize(bytes).expect("sound");
    let (theirs, ours) = (read(theirs.leak()), read(ours.leak()));
    let mut count = 0;
    for (name, view) in theirs.tensors() {
        if !name.ends_with("num_batches_tracked") {
            assert_eq!(ours.tensor(&name).expect("there"), view, "{name}");
            count += 1;
        }
    }
    assert_eq!(count, ours.len());

    let wrong = TorchMap::new().layer("encoder", &encoder).load(&path("tiny_model.safetensors"), &mut store);
    let message = wrong.expect_err("the file has more").to_string();
    assert!(message.contains("`decoder.up.weight` is in the file but not in the model"), "{message}");
    assert!(!message.contains("num_batches_tracked"));
}

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
            let layers: [(&dyn Layer<f64>, fn(usize, usize) -> usize); 2] =
                [(&down, |length, stride| length.div_ceil(stride)), (&up, |length, stride| length * stride)];
            for length in 1..12 {
                for (layer, exact) in layers {
                    let input = Shape::new(&[2, length, 2]);
                    let Ok(foretold) = layer.output_shape(&input) else { continue };
                    let tape = Tape::new();
                    let y = layer.forward(&Graph::train(&tape, &store), tape.constant(Tensor::zeros(input)));
                    assert_eq!(y.shape(), foretold, "{} on {length}", layer.describe());
                    if matches!(padding, Padding::Same | Padding::Causal) {
                        assert_eq!(foretold[1], exact(length, stride), "{} on {length}", layer.describe());
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
fn a_weight_normalized_layer_starts_where_the_plain_one_does() {
    let value = |config: Conv1dConfig, name| {
        let mut store = ParamStore::<f64>::new();
        let layer = Conv1d::new(&mut Scope::new(&mut store, 3).at(name), config).expect("sound");
        let direction = layer_parameter(&layer, "parametrizations.weight.original1")
            .or(layer_parameter(&layer, "weight"));
        let v = store.get(direction.expect("a weight")).clone();
        let tape = Tape::new();
        let graph = Graph::eval(&tape, &store);
        let x = tape
            .constant(Tensor::from(ndarray::Array::from_shape_fn([1, 5, 4], |(_, l, c)| (l + 7 * c) as f64)));
        (v, layer.forward(&graph, x).value())
    };
    let (v, y) = value(Conv1dConfig::new(4, 3, 2).without_bias().weight_norm(), "a");
    let mut store = ParamStore::<f64>::new();
    let plain = Conv1d::new(&mut Scope::new(&mut store, 3), Conv1dConfig::new(4, 3, 2).without_bias())
        .expect("sound");
    *store.get_mut(layer_parameter(&plain, "weight").expect("a weight")) = v;
    let tape = Tape::new();
    let x =
        tape.constant(Tensor::from(ndarray::Array::from_shape_fn([1, 5, 4], |(_, l, c)| (l + 7 * c) as f64)));
    assert_close("weight norm at the start", &y, &plain.forward(&Graph::eval(&tape, &store), x).value());
}

fn layer_parameter(layer: &dyn Layer<f64>, torch: &str) -> Option<gradbook_autograd::ParamId> {
    Some(layer.parameters().into_iter().find(|p| p.torch == torch)?.id)
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
    let absorbed = |shards: &[std::ops::Range<usize>]| {
        let mut store = ParamStore::new();
        let norm = BatchNorm1d::new(&mut Scope::new(&mut store, 0), 2);
        let mut stats = gradbook_autograd::Stats::new();
        for rows in shards {
            let tape = Tape::new();
            let graph = Graph::train(&tape, &store);
            norm.forward(&graph, tape.constant(x(rows.clone())));
            stats.merge(graph.take_stats());
        }
        norm.absorb(&mut store, &stats);
        ["running_mean", "running_var"].map(|name| store.get(store.find(name).expect("there")).clone())
    };
    let (whole, cut) = (absorbed(&[0..12]), absorbed(&[0..5, 5..12]));
    assert_close("running mean", &cut[0], &whole[0]);
    let variances = cut[1].as_slice().iter().zip(whole[1].as_slice());
    assert!(variances.into_iter().all(|(a, b)| (a - b).abs() < 1e-6));
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
