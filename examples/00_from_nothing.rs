//! The whole idea in one file, with the standard library alone: a tape that differentiates, layers, an optimizer, and a
//! codebook in the middle of an autoencoder of the plane. The codebook dies; then it is cured.

use std::{cell::RefCell, f64::consts::TAU};

// ---- 1. A matrix, row by row -----------------------------------------------------------------------------------------

#[derive(Clone, Debug, PartialEq)]
struct Matrix {
    rows: usize,
    cols: usize,
    data: Vec<f64>,
}

impl Matrix {
    fn build(rows: usize, cols: usize, mut f: impl FnMut(usize, usize) -> f64) -> Self {
        Self { rows, cols, data: (0..rows * cols).map(|i| f(i / cols, i % cols)).collect() }
    }

    fn row(&self, i: usize) -> &[f64] {
        &self.data[i * self.cols..(i + 1) * self.cols]
    }

    fn map(&self, f: impl Fn(f64) -> f64) -> Self {
        Self { data: self.data.iter().map(|&x| f(x)).collect(), ..*self }
    }

    fn zip(&self, other: &Self, f: impl Fn(f64, f64) -> f64) -> Self {
        assert_eq!((self.rows, self.cols), (other.rows, other.cols), "shapes differ");
        Self { data: self.data.iter().zip(&other.data).map(|(&x, &y)| f(x, y)).collect(), ..*self }
    }

    fn transpose(&self) -> Self {
        Self::build(self.cols, self.rows, |i, j| self.row(j)[i])
    }

    fn matmul(&self, other: &Self) -> Self {
        assert_eq!(self.cols, other.rows, "inner lengths differ");
        let column = |j: usize| other.data[j..].iter().step_by(other.cols);
        Self::build(self.rows, other.cols, |i, j| self.row(i).iter().zip(column(j)).map(|(a, b)| a * b).sum())
    }
}

// ---- 2. The tape: each step is written down, with the function that carries its gradient back ------------------------

/// From the gradient of a value to those of its inputs.
type Backward = Box<dyn Fn(&Matrix) -> Vec<Matrix>>;

struct Node {
    value: Matrix,
    inputs: Vec<usize>,
    backward: Backward,
}

#[derive(Default)]
struct Tape(RefCell<Vec<Node>>);

/// A place on the tape.
#[derive(Clone, Copy)]
struct Var<'t>(&'t Tape, usize);

impl Tape {
    fn record(&self, inputs: &[Var], y: Matrix, back: impl Fn(&Matrix) -> Vec<Matrix> + 'static) -> Var<'_> {
        let inputs = inputs.iter().map(|x| x.1).collect();
        self.0.borrow_mut().push(Node { value: y, inputs, backward: Box::new(back) });
        Var(self, self.0.borrow().len() - 1)
    }

    /// The gradient of Σ losses by every node. From the last to the first: a node comes after all that used it.
    fn backward(&self, losses: &[Var]) -> Vec<Matrix> {
        let nodes = self.0.borrow();
        let mut grads: Vec<Matrix> = nodes.iter().map(|node| node.value.map(|_| 0.0)).collect();
        losses.iter().for_each(|loss| grads[loss.1] = nodes[loss.1].value.map(|_| 1.0));
        for (id, node) in nodes.iter().enumerate().rev() {
            for (&input, share) in node.inputs.iter().zip((node.backward)(&grads[id])) {
                grads[input] = grads[input].zip(&share, |sum, share| sum + share); // each use adds a path
            }
        }
        grads
    }
}

// ---- 3. Operations, the derivative beside the forward; g is the gradient of y ----------------------------------------

impl Var<'_> {
    fn value(self) -> Matrix {
        self.0.0.borrow()[self.1].value.clone()
    }

    /// y = x·w + b, with b added to every row;  ∂L/∂x = g·wᵀ, ∂L/∂w = xᵀ·g, ∂L/∂b = Σ over the rows of g
    fn linear(self, w: Self, b: Self) -> Self {
        let (x, wv, bv) = (self.value(), w.value(), b.value());
        let y = x.matmul(&wv).zip(&Matrix::build(x.rows, wv.cols, |_, j| bv.data[j]), |xw, b| xw + b);
        let (xt, wt, zeros) = (x.transpose(), wv.transpose(), vec![0; x.rows]);
        self.0.record(&[self, w, b], y, move |g| vec![g.matmul(&wt), xt.matmul(g), sums(g, &zeros, 1)])
    }

    /// y = tanh x;  ∂L/∂x = g·(1 − y²)
    fn tanh(self) -> Self {
        let y = self.value().map(f64::tanh);
        self.0.record(&[self], y.clone(), move |g| vec![g.zip(&y, |g, y| g * (1.0 - y * y))])
    }

    /// The terms of weight · mean (x − target)², the target held constant;  ∂L/∂x = g · weight · 2(x − target)/n
    fn pull(self, target: &Matrix, weight: f64) -> Self {
        let d = self.value().zip(target, |x, target| x - target);
        let scale = weight / d.data.len() as f64;
        self.0.record(&[self], d.map(|d| scale * d * d), move |g| vec![g.zip(&d, |g, d| g * scale * 2.0 * d)])
    }

    /// The chosen code for each row;  ∂L/∂code = Σ of g over the rows that chose it
    fn gather(self, chosen: &[usize]) -> Self {
        let (codes, chosen) = (self.value(), chosen.to_vec());
        let q = Matrix::build(chosen.len(), codes.cols, |i, j| codes.row(chosen[i])[j]);
        self.0.record(&[self], q, move |g| vec![sums(g, &chosen, codes.rows)])
    }

    /// Forward q, backward as if it were x: to choose a code has no derivative of use (Bengio et al. 2013).
    fn straight_through(self, q: &Matrix) -> Self {
        self.0.record(&[self], q.clone(), |g| vec![g.clone()])
    }
}

/// Σ of the rows that chose each of `count` codes.
fn sums(rows: &Matrix, chosen: &[usize], count: usize) -> Matrix {
    let mut out = Matrix::build(count, rows.cols, |_, _| 0.0);
    for (i, k) in chosen.iter().enumerate() {
        (0..rows.cols).for_each(|j| out.data[k * rows.cols + j] += rows.row(i)[j]);
    }
    out
}

/// Step t of Adam (Kingma & Ba 2015): m ← β₁m + (1−β₁)g, v ← β₂v + (1−β₂)g², θ ← θ − rate·m̂/(√v̂ + ε), m̂ = m/(1−β₁ᵗ) …
fn adam(params: &mut [Matrix], grads: &[Matrix], moments: &mut [[Matrix; 2]], rate: f64, t: i32) {
    let (m_bias, v_bias) = (1.0 - 0.9f64.powi(t), 1.0 - 0.999f64.powi(t));
    for ((theta, g), [m, v]) in params.iter_mut().zip(grads).zip(moments) {
        *m = m.zip(g, |m, g| 0.9 * m + (1.0 - 0.9) * g);
        *v = v.zip(g, |v, g| 0.999 * v + (1.0 - 0.999) * g * g);
        let way = m.zip(v, |m, v| (m / m_bias) / ((v / v_bias).sqrt() + 1e-8));
        *theta = theta.zip(&way, |theta, way| theta - rate * way);
    }
}

// ---- 4. The codebook -------------------------------------------------------------------------------------------------

/// The code nearest to each row.
fn nearest(rows: &Matrix, codes: &Matrix) -> Vec<usize> {
    let distance = |z: &[f64], k| z.iter().zip(codes.row(k)).map(|(z, e)| (z - e) * (z - e)).sum::<f64>();
    let best = |z| (0..codes.rows).min_by(|&a, &b| distance(z, a).total_cmp(&distance(z, b)));
    (0..rows.rows).map(|i| best(rows.row(i)).expect("a code")).collect()
}

/// Codes as moving averages: N counts the rows that choose each, m adds them up (van den Oord et al. 2017).
struct Ema {
    n: Vec<f64>,
    m: Matrix,
}

impl Ema {
    /// N ← γN + (1−γ)n;  m ← γm + (1−γ)Σz;  e = m/Ñ, where Ñ = (N+ε)/(ΣN+Kε)·ΣN is never zero
    fn step(&mut self, codes: &mut Matrix, rows: &Matrix, chosen: &[usize]) {
        let (keep, take, epsilon) = (0.9, 1.0 - 0.9, 1e-5);
        let hits = |k| chosen.iter().filter(|&&chosen| chosen == k).count() as f64;
        self.n.iter_mut().enumerate().for_each(|(k, n)| *n = keep * *n + take * hits(k));
        self.m = self.m.zip(&sums(rows, chosen, codes.rows), |m, z| keep * m + take * z);
        let total: f64 = self.n.iter().sum();
        let smooth = total / (total + codes.rows as f64 * epsilon);
        let inverse = |n: f64| 1.0 / ((n + epsilon) * smooth);
        *codes = Matrix::build(codes.rows, codes.cols, |k, j| self.m.row(k)[j] * inverse(self.n[k]));
    }

    /// Codes below a share of the mean count go to rows drawn at random. The mean count is their grace period.
    fn respawn(&mut self, rows: &Matrix, share: f64, random: &mut Random) {
        let mean = self.n.iter().sum::<f64>() / self.n.len() as f64;
        while let Some(k) = self.n.iter().position(|&n| n < share * mean) {
            let row = rows.row(random.uniform(0.0, rows.rows as f64) as usize);
            (0..rows.cols).for_each(|j| self.m.data[k * rows.cols + j] = mean * row[j]);
            self.n[k] = mean;
        }
    }
}

// ---- 5. Training: encoder, codebook, decoder, on points of 32 clouds in a circle -------------------------------------

/// SplitMix64 (Steele et al. 2014): every run draws the same numbers.
struct Random(u64);

impl Random {
    fn uniform(&mut self, low: f64, high: f64) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        low + (high - low) * ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }

    fn points(&mut self, count: usize) -> Matrix {
        let angles: Vec<f64> = (0..count).map(|_| self.uniform(0.0, 32.0).floor() * TAU / 32.0).collect();
        Matrix::build(count, 2, |i, j| [angles[i].cos(), angles[i].sin()][j] + self.uniform(-0.03, 0.03))
    }
}

/// The latents, their codes, the mean squared error, and the gradients of all parameters.
fn pass(params: &[Matrix], x: &Matrix, by_loss: f64) -> (Matrix, Vec<usize>, f64, Vec<Matrix>) {
    let tape = Tape::default();
    let leaf = |value: &Matrix| tape.record(&[], value.clone(), |_| vec![]);
    let p: Vec<Var> = params.iter().map(leaf).collect();
    let z = leaf(x).linear(p[0], p[1]).tanh().linear(p[2], p[3]);
    let chosen = nearest(&z.value(), &params[8]);
    let q = p[8].gather(&chosen);
    let y = z.straight_through(&q.value()).linear(p[4], p[5]).tanh().linear(p[6], p[7]);
    // Reconstruction, commitment (latents towards codes) and the codebook's loss (codes towards latents).
    let losses = [y.pull(x, 1.0), z.pull(&q.value(), 0.25), q.pull(&z.value(), by_loss)];
    (z.value(), chosen, losses[0].value().data.iter().sum(), tape.backward(&losses))
}

/// Trains for 1,000 steps, then asks of 2,048 new points: how many codes do they use, and how wrong do they return?
fn train(name: &str, ema: bool, respawn: f64) -> (usize, f64) {
    let (mut random, mut params) = (Random(0), Vec::new());
    for (from, to) in [(2, 16), (16, 2), (2, 16), (16, 2)] {
        let bound = (from as f64).powf(-0.5);
        params.push(Matrix::build(from, to, |_, _| random.uniform(-bound, bound)));
        params.push(Matrix::build(1, to, |_, _| 0.0));
    }
    params.push(Matrix::build(32, 2, |_, _| random.uniform(-1.0 / 32.0, 1.0 / 32.0)));
    let mut moments: Vec<_> = params.iter().map(|p| [p.map(|_| 0.0), p.map(|_| 0.0)]).collect();
    let mut averages = Ema { n: vec![1.0; 32], m: params[8].clone() };
    for t in 1..=1000 {
        let (z, chosen, _, grads) = pass(&params, &random.points(128), if ema { 0.0 } else { 1.0 });
        adam(&mut params, &grads, &mut moments, 0.01, t);
        if ema {
            averages.respawn(&z, respawn, &mut random);
            averages.step(&mut params[8], &z, &chosen);
        }
    }
    let (_, chosen, error, _) = pass(&params, &random.points(2048), 0.0);
    let alive = (0..32).filter(|k| chosen.contains(k)).count();
    println!("{name:<22} {alive:>8} of 32 {error:>9.5}");
    (alive, error)
}

fn main() {
    println!("{:<22} {:>14} {:>9}", "", "codes alive", "error");
    train("learned by its loss", false, 0.0);
    train("moving averages", true, 0.0);
    train("averages, respawn", true, 0.1);
}

#[cfg(test)]
#[path = "../tests/from_nothing/against_the_crates.rs"]
mod against_the_crates;
