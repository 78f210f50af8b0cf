//! Definitions at the size of a model, in single precision, against plain loops in double precision: whatever blocks,
//! lanes and threads a fast path cuts the work into, it computes the formula, forward and backward.

use gradbook_autograd::{Tape, Tensor, Var};

/// Waves that repeat after no power of two.
fn wave(n: usize, rate: f64) -> Vec<f64> {
    (0..n).map(|i| (i as f64 * rate).sin() * 2.0 + (i % 7) as f64 * 0.1).collect()
}

fn narrow<const N: usize>(shape: [usize; N], x: &[f64]) -> Tensor<f32> {
    Tensor::new(shape, x.iter().map(|&x| x as f32).collect())
}

/// Fails unless every number is the expected one up to `tolerance` of the largest.
#[track_caller]
fn assert_near(what: &str, got: &Tensor<f32>, expected: &[f64], tolerance: f64) {
    assert_eq!(got.as_slice().len(), expected.len(), "{what}");
    let size = expected.iter().fold(0.0f64, |m, x| m.max(x.abs()));
    for (i, (&g, &e)) in got.as_slice().iter().zip(expected).enumerate() {
        assert!((f64::from(g) - e).abs() <= tolerance * size, "{what}[{i}] is {g}, not {e}");
    }
}

const ROWS: usize = 512;
const WIDTH: usize = 768;

/// y and Jᵀu of one row x with its cotangent u.
type Definition = fn(&[f64], &[f64]) -> (Vec<f64>, Vec<f64>);

/// Checks an op on 512 rows of 768 numbers against the definition, one row at a time.
fn by_rows(what: &str, op: for<'t> fn(Var<'t, f32>) -> Var<'t, f32>, definition: Definition) {
    // Rounded to single precision first, so that both compute with the same numbers.
    let rounded = |x: Vec<f64>| x.into_iter().map(|x| f64::from(x as f32)).collect::<Vec<_>>();
    let x = rounded(wave(ROWS * WIDTH, 0.37));
    let tape = Tape::new();
    let leaf = tape.var(narrow([ROWS, WIDTH], &x));
    let y = op(leaf);
    let out = y.shape().size() / ROWS;
    let u = rounded(wave(ROWS * out, 0.11));
    let cotangent = Tensor::new(y.shape(), u.iter().map(|&u| u as f32).collect());
    let value = y.value();
    let grads = y.backward_with(cotangent);
    let rows = x.chunks_exact(WIDTH).zip(u.chunks_exact(out)).map(|(x, u)| definition(x, u));
    let (values, slopes): (Vec<_>, Vec<_>) = rows.unzip();
    assert_near(what, &value, &values.concat(), 2e-6);
    assert_near(&format!("gradient of {what}"), &grads[leaf], &slopes.concat(), 2e-6);
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn softmax(x: &[f64]) -> Vec<f64> {
    let most = x.iter().fold(f64::NEG_INFINITY, |m, x| m.max(*x));
    let sum: f64 = x.iter().map(|x| (x - most).exp()).sum();
    x.iter().map(|x| (x - most).exp() / sum).collect()
}

#[test]
fn distributions_over_768_choices() {
    by_rows(
        "softmax",
        |x| x.softmax(1),
        |x, u| {
            let p = softmax(x);
            let along = dot(&p, u);
            let slope = p.iter().zip(u).map(|(p, u)| p * (u - along)).collect();
            (p, slope)
        },
    );
    by_rows(
        "log_softmax",
        |x| x.log_softmax(1),
        |x, u| {
            let (p, total) = (softmax(x), u.iter().sum::<f64>());
            let slope = p.iter().zip(u).map(|(p, u)| u - p * total).collect();
            (p.iter().map(|p| p.ln()).collect(), slope)
        },
    );
    by_rows(
        "logsumexp",
        |x| x.logsumexp(&[1]),
        |x, u| {
            let y = x.iter().map(|x| x.exp()).sum::<f64>().ln();
            (vec![y], softmax(x).iter().map(|p| u[0] * p).collect())
        },
    );
}

#[test]
fn norms_and_moments_of_768_numbers() {
    by_rows(
        "l2_normalize",
        |x| x.l2_normalize(1, 1e-12),
        |x, u| {
            let norm = dot(x, x).sqrt();
            let y: Vec<f64> = x.iter().map(|x| x / norm).collect();
            let along = dot(&y, u);
            let slope = y.iter().zip(u).map(|(y, u)| (u - y * along) / norm).collect();
            (y, slope)
        },
    );
    by_rows(
        "mean",
        |x| x.mean(&[1]),
        |x, u| (vec![x.iter().sum::<f64>() / 768.0], vec![u[0] / 768.0; x.len()]),
    );
    by_rows("sum", |x| x.sum(&[1]), |x, u| (vec![x.iter().sum()], vec![u[0]; x.len()]));
    by_rows(
        "max",
        |x| x.max(&[1]),
        |x, u| {
            let most = x.iter().fold(f64::NEG_INFINITY, |m, x| m.max(*x));
            let ties = x.iter().filter(|x| **x == most).count() as f64;
            (vec![most], x.iter().map(|x| if *x == most { u[0] / ties } else { 0.0 }).collect())
        },
    );
    by_rows(
        "standardized",
        |x| {
            let centered = x - x.mean_keep(&[1]);
            centered / (centered.square().mean_keep(&[1]) + 1e-5).sqrt()
        },
        |x, u| {
            let mean = x.iter().sum::<f64>() / 768.0;
            let var = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 768.0;
            let root = (var + 1e-5).sqrt();
            let y: Vec<f64> = x.iter().map(|x| (x - mean) / root).collect();
            let (mean_u, along) = (u.iter().sum::<f64>() / 768.0, dot(&y, u) / 768.0);
            let slope = y.iter().zip(u).map(|(y, u)| (u - mean_u - y * along) / root).collect();
            (y, slope)
        },
    );
}

#[test]
fn elementwise_over_300_000_numbers() {
    const N: usize = 300_000;
    type Op = for<'t> fn(Var<'t, f32>) -> Var<'t, f32>;
    let logistic = |x: f64| 1.0 / (1.0 + (-x).exp());
    type Number = Box<dyn Fn(f64) -> (f64, f64)>; // y and dy/dx of a number
    let ops: [(&str, Op, Number); 10] = [
        ("exp", |x| x.exp(), Box::new(|x| (x.exp(), x.exp()))),
        ("sin", |x| x.sin(), Box::new(|x| (x.sin(), x.cos()))),
        ("tanh", |x| x.tanh(), Box::new(|x| (x.tanh(), 1.0 - x.tanh().powi(2)))),
        ("sigmoid", |x| x.sigmoid(), Box::new(move |x| (logistic(x), logistic(x) * logistic(-x)))),
        ("silu", |x| x.silu(), Box::new(move |x| (x * logistic(x), logistic(x) * (1.0 + x * logistic(-x))))),
        ("softplus", |x| x.softplus(), Box::new(move |x| (x.exp().ln_1p(), logistic(x)))),
        ("relu", |x| x.relu(), Box::new(|x| (x.max(0.0), f64::from(x > 0.0)))),
        ("square", |x| x.square(), Box::new(|x| (x * x, 2.0 * x))),
        ("x·x + 3", |x| x * x + 3.0, Box::new(|x| (x * x + 3.0, 2.0 * x))),
        (
            "x/(x² + 1)",
            |x| x / (x.square() + 1.0),
            Box::new(|x| {
                let y = x * x + 1.0;
                (x / y, (1.0 - x * x) / (y * y))
            }),
        ),
    ];
    let (x, u) = (wave(N, 0.37), wave(N, 0.11));
    for (name, op, definition) in &ops {
        let tape = Tape::new();
        let leaf = tape.var(narrow([N], &x));
        let y = op(leaf);
        let value = y.value();
        let grads = y.backward_with(narrow([N], &u));
        let (values, slopes): (Vec<_>, Vec<_>) = x.iter().map(|&x| definition(x)).unzip();
        assert_near(name, &value, &values, 1e-6);
        let slopes: Vec<f64> = slopes.iter().zip(&u).map(|(slope, u)| slope * u).collect();
        assert_near(&format!("gradient of {name}"), &grads[leaf], &slopes, 1e-6);
    }
}

/// A bias over 40,000 rows: its gradient is a sum over all of them, in value and by place.
#[test]
fn what_was_broadcast_over_40_000_rows_gets_their_sum_back() {
    const N: usize = 40_000;
    let (x, b) = (wave(N * 6, 0.37), wave(6, 0.9));
    let (row, column) = (wave(6, 0.5), wave(N, 0.21));
    let tape = Tape::new();
    let leaf =
        |shape: &[usize], x: &[f64]| tape.var(Tensor::new(shape, x.iter().map(|&x| x as f32).collect()));
    let (xv, bv, rv, cv) = (leaf(&[N, 6], &x), leaf(&[6], &b), leaf(&[1, 6], &row), leaf(&[N, 1], &column));
    let y = (xv + bv) * rv * cv;
    let value = y.value();
    let u = wave(N * 6, 0.11);
    let grads = y.backward_with(narrow([N, 6], &u));
    let at = |i: usize, j: usize| (x[i * 6 + j] + b[j], row[j], column[i], u[i * 6 + j]);
    let each = || (0..N).flat_map(|i| (0..6).map(move |j| (i, j)));
    let (mut db, mut dr, mut dc) = (vec![0.0; 6], vec![0.0; 6], vec![0.0; N]);
    for (i, j) in each() {
        let (sum, r, c, u) = at(i, j);
        db[j] += u * r * c;
        dr[j] += u * sum * c;
        dc[i] += u * sum * r;
    }
    let values: Vec<f64> = each().map(|(i, j)| at(i, j)).map(|(sum, r, c, _)| sum * r * c).collect();
    let slopes: Vec<f64> = each().map(|(i, j)| at(i, j)).map(|(_, r, c, u)| u * r * c).collect();
    assert_near("y", &value, &values, 1e-6);
    assert_near("∂L/∂x", &grads[xv], &slopes, 1e-6);
    assert_near("∂L/∂column", &grads[cv], &dc, 1e-6);
    assert_near("∂L/∂b", &grads[bv], &db, 1e-4);
    assert_near("∂L/∂row", &grads[rv], &dr, 1e-4);
}
