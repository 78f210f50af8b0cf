//! Properties of gradients: 3, 4 and 20. What is declared is checked by closed form, everything by forward mode.

use gradbook_autograd::{Dual, Graph, Real, Tape, Tensor};

use super::{
    Checked, Rule, Verdict,
    caught::caught,
    ensure,
    trial::{Build, Trial, rounding},
};
use crate::{GradientRule, codebook::MOST_SCALE};

pub fn rules<'s, T: Real>() -> Vec<Rule<'s, T>> {
    vec![
        (3, passage_is_as_declared),
        (3, commitments_pull),
        (4, everything_learns),
        (20, gradients_are_bounded),
    ]
}

/// Training steps that are tried at most, where chance decides what takes part in one.
const TRIES: u64 = 200;

fn passage_is_as_declared<T: Real>(t: &Trial<'_, T>) -> Checked {
    let (z, u) = (t.rows(16, 20), t.rows(16, 21));
    let passed = t.train_for(&z, t.stream(4), |found| {
        (found.values * found.values.tape().constant(u.clone())).sum_all()
    });
    let expected = match t.q.gradient_rule() {
        GradientRule::Own => return Ok(Verdict::Skipped("it declares a gradient rule of its own")),
        GradientRule::Identity => u,
        GradientRule::Rotation => rotated(&z, &passed.values, &u),
    };
    let channels = t.dim();
    for (row, (found, expected)) in
        passed.gradient.as_slice().chunks(channels).zip(expected.as_slice().chunks(channels)).enumerate()
    {
        let scale = expected.iter().map(|x| x.to_f64().abs()).fold(1.0, f64::max);
        let near = |(a, b): (&T, &T)| (a.to_f64() - b.to_f64()).abs() <= rounding::<T>() * scale;
        ensure!(
            found.iter().zip(expected).all(near),
            "row {row} declares {:?} and should get the gradient {expected:?}, but gets {found:?}",
            t.q.gradient_rule()
        );
    }
    Ok(Verdict::Holds)
}

/// λ(g − 2w(w·g) + 2ẑ(q̂·g)) with w = unit(ẑ + q̂) and λ = ‖q‖/‖z‖, at most 10, row by row.
fn rotated<T: Real>(z: &Tensor<T>, q: &Tensor<T>, g: &Tensor<T>) -> Tensor<T> {
    let width = z.rows().ncols();
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let unit = |a: &[f64]| a.iter().map(|x| x / dot(a, a).sqrt().max(1e-300)).collect::<Vec<_>>();
    let rows = |x: &Tensor<T>| {
        let row = |row: &[T]| row.iter().map(|x| x.to_f64()).collect::<Vec<_>>();
        x.as_slice().chunks(width).map(row).collect::<Vec<_>>()
    };
    let mut all = Vec::new();
    for ((z, q), g) in rows(z).iter().zip(rows(q)).zip(rows(g)) {
        let (zh, qh) = (unit(z), unit(&q));
        let w = unit(&zh.iter().zip(&qh).map(|(a, b)| a + b).collect::<Vec<_>>());
        let (wg, qg) = (dot(&w, &g), dot(&qh, &g));
        let lambda = (dot(&q, &q) / dot(z, z)).sqrt().min(MOST_SCALE);
        let turned = |c: usize| lambda * (g[c] - 2.0 * w[c] * wg + 2.0 * zh[c] * qg);
        all.extend((0..width).map(|c| T::of(turned(c))));
    }
    Tensor::new(*z.shape(), all)
}

fn commitments_pull<T: Real>(t: &Trial<'_, T>) -> Checked {
    let z = t.rows(16, 22);
    let losses = t.train(&z, t.stream(4)).losses;
    let pulls: Vec<usize> = (0..losses.len())
        .filter(|&i| losses[i].0.rsplit('.').next() == Some("commitment") && losses[i].1 > 0.0)
        .collect();
    if pulls.is_empty() {
        return Ok(Verdict::Skipped("it has no commitment loss"));
    }
    for i in pulls {
        let gradient = t.train_for(&z, t.stream(4), |found| found.losses[i].value).gradient;
        let some = gradient.as_slice().iter().any(|&g| g != T::ZERO);
        ensure!(some, "the loss `{}` is {} but pulls no row", losses[i].0, losses[i].1);
    }
    Ok(Verdict::Holds)
}

fn everything_learns<T: Real>(t: &Trial<'_, T>) -> Checked {
    let z = t.rows(32, 23);
    let mut waiting: Vec<_> = t.store.trainable().collect();
    if waiting.is_empty() {
        return Ok(Verdict::Skipped("it has no learned parameter"));
    }
    for step in 0..TRIES {
        let grads = t.train(&z, t.stream(step)).grads;
        let reached = |id| grads.get(id).is_some_and(|g| g.as_slice().iter().any(|&g| g != T::ZERO));
        waiting.retain(|id| !reached(*id));
        if waiting.is_empty() {
            return Ok(Verdict::Holds);
        }
    }
    let names: Vec<_> = waiting.iter().map(|id| &t.store.entry(*id).name).collect();
    Err(format!("no gradient reached {names:?} in {TRIES} steps"))
}

/// How many times as long as the decoder's gradient that of a row may be: a hundred times for each of two levels whose rows
/// are brought to length 1, and something to spare. Without a bound there is no end to it.
const MOST: f64 = 1e5;

/// The derivative of what divides by the length of a row grows without bounds near 0, that of a power far from it.
fn gradients_are_bounded<T: Real>(t: &Trial<'_, T>) -> Checked {
    let (rows, dim) = (12, t.dim());
    let u = t.rows(rows, 24);
    let longest = |x: &Tensor<T>| {
        let square = |row: &[T]| row.iter().map(|x| x.to_f64().powi(2)).sum::<f64>();
        x.as_slice().chunks(dim).map(square).fold(0.0, f64::max).sqrt()
    };
    for scale in [0.0, 1e-30, 1e-12, 1e-7, 1e-4, 1e-2, 1e4, 1e9] {
        let z = t.rows(rows, 25).map(|x| x * T::of(scale));
        let gradient = |with_losses: bool| {
            let passed = t.train_for(&z, t.stream(4), |found| {
                let values = (found.values * found.values.tape().constant(u.clone())).sum_all();
                let losses = found.losses.iter().filter(|_| with_losses);
                losses.fold(values, |sum, loss| sum + loss.value)
            });
            longest(&passed.gradient)
        };
        // Losses pull rows that are far away with a force that grows, as they should.
        let found = caught(|| gradient(scale < 1.0));
        let Ok(found) = found else { continue }; // an error that names the row: property 18
        let most = MOST * longest(&u);
        ensure!(found <= most, "rows of size {scale} get gradients of length {found}, more than {most}");
    }
    Ok(Verdict::Holds)
}

/// ⟨u, J v⟩ by dual numbers is ⟨Jᵀu, v⟩ by the tape, v a random direction of latents and parameters. Values and losses
/// are one function here. What an estimator holds constant, it must detach.
///
/// The difference of the two, relative to the terms that they are sums of.
pub fn forward_mode(build: Build<'_, f64>, dual: Build<'_, Dual>, seed: u64) -> Result<f64, String> {
    let t = Trial::trained(build, seed);
    let (z, v, u) = (t.rows(12, 30), t.rows(12, 31), t.rows(12, 32));
    let direction = |shape: &[usize], salt: u64| {
        let count = shape.iter().product::<usize>();
        t.rows(count.div_ceil(t.dim()), 33 + salt).as_slice()[..count].to_vec()
    };
    let passed = t.train_for(&z, t.stream(6), |found| {
        let u = found.values.tape().constant(u.clone());
        found.losses.iter().fold((found.values * u).sum_all(), |sum, loss| sum + loss.value)
    });
    let inner = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let mut backward = inner(passed.gradient.as_slice(), v.as_slice());
    let mut scale = 1.0 + backward.abs();

    let mut twin = Trial::fresh(dual, seed);
    let pair = |x: &[f64], v: &[f64]| x.iter().zip(v).map(|(&x, &v)| Dual::new(x, v)).collect::<Vec<_>>();
    let learned: Vec<_> = t.store.trainable().collect();
    for ((id, entry), (_, twin)) in t.store.iter().zip(twin.store.values_mut()) {
        let x = entry.value.as_slice();
        let v = match learned.contains(&id) {
            true => direction(entry.value.shape(), id.index() as u64),
            false => vec![0.0; x.len()],
        };
        if let Some(g) = passed.grads.get(id) {
            backward += inner(g.as_slice(), &v);
            scale += inner(g.as_slice(), &v).abs();
        }
        *twin = Tensor::new(*entry.value.shape(), pair(x, &v));
    }
    let tape = Tape::new();
    let g = Graph::train(&tape, &twin.store).with_stream(t.stream(6));
    let latents = Tensor::new(*z.shape(), pair(z.as_slice(), v.as_slice()));
    let found = twin.q.quantize(&g, tape.constant(latents).into());
    ensure!(found.codes == passed.codes, "dual numbers choose {:?}, f64 {:?}", found.codes, passed.codes);
    let values = found.values.value();
    let along = values.as_slice().iter().zip(u.as_slice()).map(|(y, u)| y.du * u).sum::<f64>();
    let forward = along + found.losses.iter().map(|loss| loss.value.value().item().du).sum::<f64>();
    let difference = (forward - backward).abs() / scale;
    ensure!(
        difference <= 1e-8,
        "along a random direction the derivative is {forward} by forward mode, {backward} by the gradient"
    );
    Ok(difference)
}
