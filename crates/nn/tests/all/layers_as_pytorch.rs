//! Layers against PyTorch: outputs, gradients, running statistics, initial values, whole models.

use crate::common::{Case, Goldens, assert_close, path, permuted};
use gradbook_autograd::{Graph, ParamStore, Tape, Tensor};
use gradbook_nn::{
    Activation, BatchNorm1d, Conv1d, Conv1dConfig, ConvTranspose1d, ConvTranspose1dConfig, Embedding, Fan,
    GroupNorm, Init, Layer, LayerNorm, Linear, Padding, Parameter, ResidualBlock, ResidualConfig, RmsNorm,
    Scope, Sequential, checkpoint::TorchMap,
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
            let config = Conv1dConfig {
                input,
                output,
                taps,
                stride,
                dilation,
                groups,
                padding,
                bias,
                weight_norm,
                winograd: false,
            };
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
