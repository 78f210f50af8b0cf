//! What layers refuse, with a sentence at the caller's line: inputs that do not fit, by one rule for all of them, and
//! settings that cannot work.

use gradbook_autograd::{Graph, ParamStore, Shape, Tape, Tensor, Var};
use gradbook_nn::{
    Activation, BatchNorm1d, Conv1d, Conv1dConfig, ConvTranspose1d, ConvTranspose1dConfig, GroupNorm, Layer,
    LayerNorm, Linear, Parameter, ResidualBlock, ResidualConfig, RmsNorm, Scope, Sequential, ShapeError,
    Snake, Upsample, UpsampleConv1d,
};

use crate::panics::{panic_of, says};

/// A layer, inputs that do not fit, and the rule they break.
type Refusal = (Box<dyn Layer<f64>>, Vec<&'static [usize]>, &'static str);

/// Every layer with four channels in, and inputs that do not fit with the rule they break.
fn layers(scope: &mut Scope<'_, f64>) -> Vec<Refusal> {
    let conv = Conv1dConfig::new(4, 6, 3);
    let up = ConvTranspose1dConfig::new(4, 6, 4).stride(2);
    let block = ResidualConfig::new(4, 8);
    let wrong: Vec<&[usize]> = vec![&[], &[4], &[2, 1], &[2, 5], &[3, 2, 1], &[3, 2, 5]];
    let wrong_sequences: Vec<&[usize]> = vec![&[], &[4], &[2, 4], &[3, 2, 1], &[3, 2, 5], &[1, 3, 2, 4]];
    let channels = "rule: [batch, …, 4 channels]";
    let any = "rule: ";
    vec![
        (Box::new(Linear::new(&mut scope.at("linear"), 4, 6)), wrong.clone(), "rule: […, 4]"),
        (Box::new(LayerNorm::new(&mut scope.at("layer"), 4, 1e-5)), wrong.clone(), channels),
        (Box::new(RmsNorm::new(&mut scope.at("rms"), 4, 1e-5)), wrong.clone(), channels),
        (Box::new(BatchNorm1d::new(&mut scope.at("batch"), 4)), wrong.clone(), channels),
        (Box::new(Snake::new(&mut scope.at("snake"), 4)), wrong, channels),
        (Box::new(GroupNorm::new(&mut scope.at("group"), 2, 4, 1e-5).unwrap()), wrong_sequences.clone(), any),
        (Box::new(Conv1d::new(&mut scope.at("conv"), conv).unwrap()), wrong_sequences.clone(), any),
        (Box::new(ConvTranspose1d::new(&mut scope.at("up"), up).unwrap()), wrong_sequences.clone(), any),
        (Box::new(ResidualBlock::new(&mut scope.at("block"), block).unwrap()), wrong_sequences.clone(), any),
        (Box::new(UpsampleConv1d::new(&mut scope.at("upconv"), 2, conv).unwrap()), wrong_sequences, any),
        (
            Box::new(Upsample::new(2).unwrap()),
            vec![&[], &[4], &[2, 4], &[1, 3, 2, 4]],
            "rule: [batch, length, channel]",
        ),
        (
            Box::new(Sequential::new().then(Activation::Relu).then(Snake::new(&mut scope.at("inside"), 4))),
            vec![&[2, 1], &[2, 5]],
            channels,
        ),
    ]
}

#[test]
fn every_layer_refuses_what_its_output_shape_refuses_and_fits_what_it_foretells() {
    let mut store = ParamStore::new();
    let all = layers(&mut Scope::new(&mut store, 0));
    for (layer, wrong, rule) in &all {
        let layer = &**layer;
        let tape = Tape::new();
        for graph in [Graph::train(&tape, &store), Graph::eval(&tape, &store)] {
            for shape in wrong {
                let x = tape.constant(Tensor::filled(*shape, 0.5));
                let (message, _) = panic_of(|| _ = layer.forward(&graph, x));
                let error = layer.output_shape(&x.shape()).expect_err("it does not fit");
                assert_eq!(message, error.to_string());
                assert!(message.contains("does not fit") && message.contains(rule), "{message}");
            }
            let x = tape.constant(Tensor::filled([3, 5, 4], 0.5));
            assert_eq!(
                layer.forward(&graph, x).shape(),
                layer.output_shape(&x.shape()).unwrap(),
                "{}",
                layer.describe()
            );
        }
    }
}

#[test]
fn the_callers_line_is_blamed() {
    let mut store = ParamStore::<f64>::new();
    let mut scope = Scope::new(&mut store, 0);
    let norm = LayerNorm::new(&mut scope.at("a"), 4, 1e-5);
    let linear = Linear::new(&mut scope.at("b"), 4, 3);
    let conv = Conv1d::new(&mut scope.at("c"), Conv1dConfig::new(4, 2, 3)).unwrap();
    let net = Sequential::new().then(norm).then(linear);
    let tape = Tape::new();
    let graph = Graph::train(&tape, &store);
    let x = tape.constant(Tensor::zeros([2, 1]));
    says!(
        norm.forward(&graph, x),
        "LayerNorm(4): an input of shape [2, 1] does not fit\n  rule: [batch, …, 4 channels]"
    );
    says!(linear.forward(&graph, x), "Linear(4 → 3): an input of shape [2, 1] does not fit\n  rule: […, 4]");
    says!(net.forward(&graph, x), "LayerNorm(4): an input of shape [2, 1] does not fit");
    says!(
        conv.forward(&graph, x),
        "Conv1d(4 → 2, taps 3): an input of shape [2, 1] does not fit\n  rule: [batch, length, channel]"
    );
}

/// A layer from outside the crate, with or without a mistake.
struct Halve {
    foretells: [usize; 2],
}

impl Layer<f64> for Halve {
    fn compute<'t>(&self, _graph: &Graph<'t, f64>, x: Var<'t, f64>) -> Var<'t, f64> {
        x.slice(1, 0..2)
    }

    fn output_shape(&self, input: &Shape) -> Result<Shape, ShapeError> {
        match input[..] {
            [_, 4] => Ok(self.foretells.into()),
            _ => Err(ShapeError { layer: self.describe(), input: *input, rule: "[row, 4]".into() }),
        }
    }

    fn describe(&self) -> String {
        "Halve".into()
    }

    fn parameters(&self) -> Vec<Parameter> {
        Vec::new()
    }
}

#[test]
fn a_layer_from_outside_is_checked_as_ours_are() {
    let store = ParamStore::new();
    let tape = Tape::new();
    let graph = Graph::train(&tape, &store);
    let (x, wide) = (tape.constant(Tensor::zeros([3, 4])), tape.constant(Tensor::zeros([3, 5])));
    let (sound, liar) = (Halve { foretells: [3, 2] }, Halve { foretells: [3, 3] });
    assert_eq!(sound.forward(&graph, x).shape()[..], [3, 2]);
    says!(sound.forward(&graph, wide), "Halve: an input of shape [3, 5] does not fit\n  rule: [row, 4]");
    says!(
        liar.forward(&graph, x),
        "Halve: the output has shape [3, 2], but `output_shape` foretold [3, 3]\n  rule: they agree"
    );
}

#[test]
fn batch_norm_learns_nothing_from_one_row() {
    let mut store = ParamStore::<f64>::new();
    let norm = BatchNorm1d::new(&mut Scope::new(&mut store, 0), 3);
    let tape = Tape::new();
    for shape in [&[1, 3][..], &[1, 1, 3], &[0, 3], &[2, 0, 3]] {
        let (graph, x) = (Graph::train(&tape, &store), tape.constant(Tensor::filled(shape, 2.0)));
        let message = says!(
            norm.forward(&graph, x),
            "batch_norm: one row is its own mean",
            "rule: in training at least two rows"
        );
        assert!(message.contains(&format!("x {shape:?} (batch, …, channel)")), "{message}");
        assert!(graph.take_stats().is_empty());
    }
    // Two places of one item are two rows, and evaluation looks at the running statistics: 0 and 1.
    let y = norm.forward(
        &Graph::train(&tape, &store),
        tape.constant(Tensor::new([1, 2, 3], vec![1.0, 1.0, 1.0, 3.0, 3.0, 3.0])),
    );
    assert!((y.value().as_slice()[0] + 1.0).abs() < 1e-5);
    let y = norm.forward(&Graph::eval(&tape, &store), tape.constant(Tensor::filled([1, 3], 2.0)));
    assert!((y.value().as_slice()[0] - 2.0).abs() < 1e-4);
}
