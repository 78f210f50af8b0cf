//! Each option of a layer has a number that someone worked out: change it, and the number changes in the stated way.

use gradbook_autograd::{Graph, ParamStore, Role, Stream, Tape, Tensor};
use gradbook_nn::{
    Activation, BatchNorm1d, Dropout, GroupNorm, Layer, LayerNorm, Linear, RmsNorm, Scope, ShardedStep, Snake,
};

pub fn tensor(shape: &[usize], x: &[f64]) -> Tensor<f64> {
    Tensor::new(shape, x.to_vec())
}

pub fn set(store: &mut ParamStore<f64>, name: &str, x: &[f64]) {
    let id = store.find(name).unwrap_or_else(|| panic!("there is no `{name}`"));
    store.get_mut(id).as_mut_slice().copy_from_slice(x);
}

pub fn trained(layer: &dyn Layer<f64>, store: &ParamStore<f64>, x: Tensor<f64>) -> Vec<f64> {
    let tape = Tape::new();
    layer.forward(&Graph::train(&tape, store), tape.constant(x)).value().as_slice().to_vec()
}

#[track_caller]
pub fn assert_near(got: &[f64], expected: &[f64]) {
    let near = got.len() == expected.len() && got.iter().zip(expected).all(|(g, e)| (g - e).abs() < 1e-12);
    assert!(near, "{got:?}, not {expected:?}");
}

#[test]
fn norms_divide_by_the_root_of_variance_and_eps() {
    for (eps, y) in [(0.0, 1.0), (3.0, 0.5), (8.0, 1.0 / 3.0)] {
        let mut store = ParamStore::new();
        let mut scope = Scope::new(&mut store, 0);
        // mean 2, variance 1
        let norm = LayerNorm::new(&mut scope.at("layer"), 2, eps);
        let batch = BatchNorm1d::new(&mut scope.at("batch"), 1).with_eps(eps);
        let group = GroupNorm::new(&mut scope.at("group"), 2, 4, eps).unwrap();
        assert_near(&trained(&norm, &store, tensor(&[1, 2], &[1.0, 3.0])), &[-y, y]);
        assert_near(&trained(&batch, &store, tensor(&[2, 1], &[1.0, 3.0])), &[-y, y]);
        // The second group has mean 20 and variance 100.
        let far = 10.0 / (100.0 + eps).sqrt();
        assert_near(
            &trained(&group, &store, tensor(&[1, 1, 4], &[1.0, 3.0, 10.0, 30.0])),
            &[-y, y, -far, far],
        );
        // γ and β of each channel.
        for (name, layer, x) in [
            ("layer", &norm as &dyn Layer<f64>, tensor(&[1, 2], &[1.0, 3.0])),
            ("group", &group, tensor(&[1, 1, 4], &[1.0, 3.0, 1.0, 3.0])),
        ] {
            let n = x.shape().size();
            set(&mut store, &format!("{name}.weight"), &[2.0, 3.0, 4.0, 5.0][..n]);
            set(&mut store, &format!("{name}.bias"), &[0.1, 0.2, 0.3, 0.4][..n]);
            let expected = [0.1 - 2.0 * y, 0.2 + 3.0 * y, 0.3 - 4.0 * y, 0.4 + 5.0 * y];
            assert_near(&trained(layer, &store, x), &expected[..n]);
        }
    }
}

#[test]
fn rms_norm_divides_by_the_root_of_the_mean_square_and_eps() {
    for (eps, size) in [(0.0, 12.5f64.sqrt()), (12.5, 5.0), (3.5, 4.0)] {
        let mut store = ParamStore::new();
        let norm = RmsNorm::new(&mut Scope::new(&mut store, 0), 2, eps);
        assert_near(&trained(&norm, &store, tensor(&[1, 2], &[3.0, 4.0])), &[3.0 / size, 4.0 / size]);
        set(&mut store, "weight", &[10.0, 100.0]);
        assert_near(&trained(&norm, &store, tensor(&[1, 2], &[3.0, 4.0])), &[30.0 / size, 400.0 / size]);
    }
}

#[test]
fn groups_say_which_channels_are_normalized_together() {
    let x = || tensor(&[1, 2, 4], &[0.0, 2.0, 0.0, 2.0, 4.0, 6.0, 0.0, 2.0]);
    let of = |groups| {
        let mut store = ParamStore::new();
        let norm = GroupNorm::new(&mut Scope::new(&mut store, 0), groups, 4, 0.0).unwrap();
        trained(&norm, &store, x())
    };
    let root = 5f64.sqrt(); // of {0, 2, 4, 6}: mean 3, variance 5
    assert_near(&of(2), &[-3.0 / root, -1.0 / root, -1.0, 1.0, 1.0 / root, 3.0 / root, -1.0, 1.0]);
    let (mean, spread) = (2.0, 4f64.sqrt()); // of all: Σx = 16, Σx² = 64
    assert_near(&of(1), &x().as_slice().iter().map(|x| (x - mean) / spread).collect::<Vec<_>>());
}

#[test]
fn batch_norm_remembers_by_its_momentum_and_evaluates_with_what_it_remembers() {
    for (momentum, mean, var) in [(0.1, 0.2, 1.1), (0.5, 1.0, 1.5), (1.0, 2.0, 2.0), (0.0, 0.0, 1.0)] {
        let mut store = ParamStore::new();
        let norm = BatchNorm1d::new(&mut Scope::new(&mut store, 0), 1).with_momentum(momentum).with_eps(0.5);
        let tape = Tape::new();
        let graph = Graph::train(&tape, &store);
        norm.forward(&graph, tape.constant(tensor(&[2, 1], &[1.0, 3.0]))); // mean 2, sample variance 2
        let stats = graph.take_stats();
        drop(graph);
        norm.absorb(&mut store, &stats);
        let running = ["running_mean", "running_var"].map(|name| store.get(store.find(name).unwrap()).item());
        assert_near(&running, &[mean, var]);
        set(&mut store, "weight", &[2.0]);
        set(&mut store, "bias", &[7.0]);
        let tape = Tape::new();
        let y = norm.forward(&Graph::eval(&tape, &store), tape.constant(tensor(&[1, 1], &[5.0])));
        assert_near(y.value().as_slice(), &[7.0 + 2.0 * (5.0 - mean) / (var + 0.5f64).sqrt()]);
    }
}

#[test]
fn dropout_keeps_what_it_keeps_times_1_over_1_minus_p() {
    let store = ParamStore::<f64>::new();
    for (p, kept, share) in [(0.0, 1.0, 0.0), (0.5, 2.0, 0.5), (0.75, 4.0, 0.75)] {
        let layer = Dropout::new(p).unwrap();
        let draw = |seed| {
            let tape = Tape::new();
            let graph = Graph::train(&tape, &store).with_stream(Stream::new(seed, 0, 0));
            layer.forward(&graph, tape.constant(Tensor::filled([20_000], 1.0))).value()
        };
        let y = draw(1);
        assert!(y.as_slice().iter().all(|y| *y == 0.0 || *y == kept), "{p}");
        let zeros = y.as_slice().iter().filter(|y| **y == 0.0).count() as f64 / 2e4;
        assert!((zeros - share).abs() < 0.015, "{zeros} of {share}");
        assert!(y == draw(1) && (p == 0.0 || y != draw(2)), "the stream decides");
    }
    for p in [-0.1, 1.0, f64::NAN] {
        assert_eq!(Dropout::new(p).unwrap_err().to_string(), format!("dropout.p = {p:?}: 0 ≤ p < 1"));
    }
}

#[test]
fn activations_and_their_parameters() {
    use Activation::*;
    let store = ParamStore::<f64>::new();
    let of = |f: Activation, x: f64| trained(&f, &store, tensor(&[1], &[x]))[0];
    for (f, x, y) in [
        (Relu, 3.0, 3.0),
        (Relu, -3.0, 0.0),
        (LeakyRelu(0.2), -3.0, -0.6),
        (LeakyRelu(0.5), -3.0, -1.5),
        (LeakyRelu(0.5), 3.0, 3.0),
        (Elu(0.7), -1.0, 0.7 * (0.367_879_441_171_442_33 - 1.0)),
        (Elu(1.0), -1.0, 0.367_879_441_171_442_33 - 1.0),
        (Elu(0.7), 2.0, 2.0),
        (Gelu, 1.0, 0.841_344_746_068_542_9),
        (GeluTanh, 1.0, 0.841_191_990_608_282_9),
        (Silu, 1.0, 0.731_058_578_630_004_9),
        (Softplus, 1.0, 1.313_261_687_518_222_9),
        (Sigmoid, 1.0, 0.731_058_578_630_004_9),
        (Tanh, 1.0, 0.761_594_155_955_764_9),
    ] {
        assert!((of(f, x) - y).abs() < 1e-12, "{f:?} of {x} is {}, not {y}", of(f, x));
    }
    let mut store = ParamStore::new();
    let snake = Snake::new(&mut Scope::new(&mut store, 0), 2);
    set(&mut store, "alpha", &[1.0, 2.0]);
    // x + sin²(αx)/α
    let y = [0.5 + 0.5f64.sin().powi(2), 0.5 + 1f64.sin().powi(2) / 2.0];
    assert_near(&trained(&snake, &store, tensor(&[1, 2], &[0.5, 0.5])), &y);
}

#[test]
fn a_linear_layer_by_hand() {
    let mut store = ParamStore::new();
    let layer = Linear::new(&mut Scope::new(&mut store, 0), 2, 2);
    set(&mut store, "weight", &[1.0, 2.0, 30.0, 40.0]);
    set(&mut store, "bias", &[0.5, 0.25]);
    assert_near(&trained(&layer, &store, tensor(&[2, 2], &[1.0, 1.0, 2.0, 0.0])), &[31.5, 42.25, 2.5, 4.25]);
}

/// The gradients of shards are folded in pieces of 16,384 numbers, on several threads.
#[test]
fn gradients_beyond_one_piece_are_the_sum_of_all_shards() {
    const N: usize = 3 * 16_384 + 5;
    let mut store = ParamStore::<f64>::new();
    let w = store.add("w", Tensor::zeros([2, N]), Role::Trainable);
    let small = store.add("small", Tensor::zeros([3]), Role::Trainable);
    let result = ShardedStep::new(4, 0).run(&store, 0, 10, |graph, rows| {
        // The mean over the shard's rows r of Σᵢ (r + 1)·i·wᵢ
        let mean = rows.clone().map(|r| (r + 1) as f64).sum::<f64>() / rows.len() as f64;
        let slopes = Tensor::new([2, N], (0..2 * N).map(|i| mean * i as f64).collect());
        let tape = graph.tape();
        ((graph.param(w) * tape.constant(slopes)).sum_all() + graph.param(small).sum_all() * mean, rows)
    });
    let got = result.grads.get(w).unwrap().as_slice();
    assert!(
        got.iter().enumerate().all(|(i, g)| (g - 5.5 * i as f64).abs() <= 1e-9),
        "the mean of 1 … 10 is 5.5"
    );
    assert_near(result.grads.get(small).unwrap().as_slice(), &[5.5; 3]);
    assert_eq!(result.extras, [0..2, 2..5, 5..7, 7..10]);
}
