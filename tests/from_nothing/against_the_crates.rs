//! The example's gradients, optimizer, codebook and whole runs, each beside the crates that do the same.

use gradbook::autograd::{ParamGrads, ParamId, ParamStore, Role, Stream, Tape as BookTape, Tensor};
use gradbook::nn::{
    Layer, Linear, Optimizer, OptimizerConfig, Scope, ShardedStep,
    loss::{Reduction, mse},
};
use gradbook::vq::{Quantizer, QuantizerConfig, diagnostics::Usage};

use super::{Ema, Matrix, Random, adam, nearest, pass, train};

fn tensor(m: &Matrix) -> Tensor<f64> {
    Tensor::new([m.rows, m.cols], m.data.clone())
}

fn drawn(random: &mut Random, rows: usize, cols: usize, bound: f64) -> Matrix {
    Matrix::build(rows, cols, |_, _| random.uniform(-bound, bound))
}

/// What `train` starts from: weight and bias of four layers, then 32 codes.
fn start(random: &mut Random) -> Vec<Matrix> {
    let mut params = Vec::new();
    for (from, to) in [(2, 16), (16, 2), (2, 16), (16, 2)] {
        params.push(drawn(random, from, to, 1.0 / f64::from(from as u32).sqrt()));
        params.push(Matrix::build(1, to, |_, _| 0.0));
    }
    params.push(drawn(random, 32, 2, 1.0 / 32.0));
    params
}

#[track_caller]
fn near(what: &str, ours: &[f64], theirs: &[f64]) {
    assert_eq!(ours.len(), theirs.len(), "{what}");
    for (i, (a, b)) in ours.iter().zip(theirs).enumerate() {
        assert!(
            (a - b).abs() <= 1e-12 * b.abs().max(1.0),
            "{what}[{i}]: {a} in the example, {b} by the crates"
        );
    }
}

#[test]
fn gradients_are_those_of_the_tape() {
    let mut random = Random(7);
    let mut params = start(&mut random);
    params[8] = drawn(&mut random, 32, 2, 0.4); // codes among the latents, so that many are chosen
    let x = random.points(128);
    let (z, chosen, error, grads) = pass(&params, &x, 1.0);
    assert!((0..32).filter(|k| chosen.contains(k)).count() > 5);

    let tape = BookTape::<f64>::new();
    let p: Vec<_> = params.iter().map(|p| tape.var(tensor(p))).collect();
    let input = tape.constant(tensor(&x));
    let latent = (input.matmul(p[0]) + p[1]).tanh().matmul(p[2]) + p[3];
    let q = p[8].gather_rows(&chosen);
    let y = (latent.straight_through(q).matmul(p[4]) + p[5]).tanh().matmul(p[6]) + p[7];
    let reconstruction = (y - input).square().mean_all();
    let commitment = (latent - q.detach()).square().mean_all();
    let codebook = (q - latent.detach()).square().mean_all();
    let expected = (reconstruction + commitment * 0.25 + codebook).backward();
    near("z", &z.data, latent.value().as_slice());
    near("error", &[error], &[reconstruction.item()]);
    for (i, var) in p.into_iter().enumerate() {
        assert!(grads[i].data.iter().any(|g| g.abs() > 1e-6), "parameter {i} learns");
        near(&format!("∂loss/∂parameter {i}"), &grads[i].data, expected[var].as_slice());
    }
}

#[test]
fn adam_is_that_of_nn() {
    let mut random = Random(1);
    let mut params = [drawn(&mut random, 5, 3, 1.0), drawn(&mut random, 1, 3, 1.0)];
    let mut moments = params.clone().map(|p| [p.map(|_| 0.0), p.map(|_| 0.0)]);
    let mut store = ParamStore::<f64>::new();
    let ids: Vec<ParamId> =
        params.iter().zip(["w", "b"]).map(|(p, name)| store.add(name, tensor(p), Role::Trainable)).collect();
    let mut optimizer = Optimizer::new(OptimizerConfig::adam(0.01), &store).expect("a legal rate");
    for t in 1..=200 {
        let grads = [drawn(&mut random, 5, 3, 2.0), drawn(&mut random, 1, 3, 2.0)];
        adam(&mut params, &grads, &mut moments, 0.01, t);
        let mut theirs = ParamGrads::default();
        ids.iter().zip(&grads).for_each(|(&id, g)| theirs.set(id, tensor(g)));
        optimizer.step(&mut store, &theirs);
        ids.iter().zip(&params).for_each(|(&id, p)| near("θ", &p.data, store.get(id).as_slice()));
    }
}

fn codebook(options: &str, scope: &mut Scope<'_, f64>) -> Box<dyn Quantizer<f64>> {
    let text = format!(r#"{{ "kind": "codebook", "codes": 32, "learning": {options} }}"#);
    let config: QuantizerConfig = serde_json::from_str(&text).expect("a legal config");
    config.build(2, scope).expect("a legal config")
}

const EMA: &str = r#"{ "by": "ema", "decay": 0.9 }"#;

/// Writes the example's values over an entry of the store.
fn put(store: &mut ParamStore<f64>, name: &str, value: &Matrix) {
    let id = store.find(name).unwrap_or_else(|| panic!("no entry {name}"));
    store.get_mut(id).as_mut_slice().copy_from_slice(&value.data);
}

#[test]
fn moving_averages_are_those_of_vq_bit_for_bit() {
    let mut random = Random(2);
    let mut codes = drawn(&mut random, 32, 2, 1.0);
    let mut ema = Ema { n: vec![1.0; 32], m: codes.clone() };
    let mut store = ParamStore::new();
    let quantizer = codebook(EMA, &mut Scope::new(&mut store, 0));
    ["codes", "ema.sums"].iter().for_each(|name| put(&mut store, name, &codes));
    for step in 0..100 {
        let rows = random.points(100);
        let chosen = nearest(&rows, &codes);
        let expected: Vec<u64> = quantizer.encode(&store, &tensor(&rows)).column(0).to_vec();
        assert_eq!(chosen.iter().map(|&k| k as u64).collect::<Vec<_>>(), expected, "step {step}");
        ema.step(&mut codes, &rows, &chosen);
        let result = ShardedStep::new(1, 0).run(&store, step, 100, |g, _| {
            let out = quantizer.quantize(g, g.tape().constant(tensor(&rows)).into());
            (out.loss().expect("a commitment loss"), ())
        });
        quantizer.absorb(&mut store, &result.stats, &Stream::new(0, step, 0));
        let theirs = store.get(store.find("codes").expect("codes"));
        assert_eq!(codes.data, theirs.as_slice(), "step {step}");
    }
}

/// `train` without respawn, by nn and vq.
fn trained_by_the_crates(learning: &str) -> (usize, f64) {
    let mut random = Random(0);
    let params = start(&mut random);
    let mut store = ParamStore::new();
    let mut scope = Scope::new(&mut store, 0);
    let layers = [(2, 16), (16, 2), (2, 16), (16, 2)];
    let mut layer = |i: usize| Linear::new(&mut scope.at(i), layers[i].0, layers[i].1);
    let [a, b, c, d] = [0, 1, 2, 3].map(&mut layer);
    let quantizer = codebook(learning, &mut scope);
    for i in 0..4 {
        put(&mut store, &format!("{i}.weight"), &params[2 * i]);
        put(&mut store, &format!("{i}.bias"), &params[2 * i + 1]);
    }
    put(&mut store, "codes", &params[8]);
    if store.find("ema.sums").is_some() {
        put(&mut store, "ema.sums", &params[8]);
    }
    let mut optimizer = Optimizer::new(OptimizerConfig::adam(0.01), &store).expect("a legal rate");
    let pass = |store: &ParamStore<f64>, step, x: &Matrix| {
        ShardedStep::new(1, 0).run(store, step, x.rows, |g, _| {
            let x = g.tape().constant(tensor(x));
            let z = b.forward(g, a.forward(g, x).tanh());
            let out = quantizer.quantize(g, z.into());
            let error = mse(d.forward(g, c.forward(g, out.values).tanh()), x, Reduction::Mean);
            let usage = Usage::of(&out.codes, 0);
            (error + out.loss().expect("a commitment loss"), (error.item(), usage.alive()))
        })
    };
    for step in 0..1000 {
        let result = pass(&store, step, &random.points(128));
        optimizer.step(&mut store, &result.grads);
        quantizer.absorb(&mut store, &result.stats, &Stream::new(0, step, 0));
    }
    let (error, alive) = pass(&store, 1000, &random.points(2048)).extras[0];
    (alive, error)
}

#[test]
fn both_collapses_are_those_of_the_crates() {
    for (ema, learning) in [(false, r#"{ "by": "loss" }"#), (true, EMA)] {
        let (alive, error) = train("", ema, 0.0);
        let (expected_alive, expected_error) = trained_by_the_crates(learning);
        assert_eq!(alive, expected_alive, "{learning}");
        near(learning, &[error], &[expected_error]);
    }
}

#[test]
fn few_codes_live_until_they_respawn() {
    let ((loss, _), (ema, collapsed)) = (train("", false, 0.0), train("", true, 0.0));
    let (alive, cured) = train("", true, 0.1);
    assert!(loss < 10 && ema < 10, "{loss} and {ema} codes are alive");
    assert_eq!(alive, 32);
    assert!(cured < collapsed / 10.0, "{cured} against {collapsed}");
}
