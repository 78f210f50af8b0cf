//! Properties of seeding and of residual stacks: 8, 9, 17.

use std::collections::HashSet;

use gradbook_autograd::{Real, Tensor};

use super::{
    Checked, Rule, Verdict, ensure,
    trial::{Trial, rounding},
};
use crate::{Codes, SKIPPED};

pub fn rules<'s, T: Real>() -> Vec<Rule<'s, T>> {
    vec![(8, fewer_rows_than_codes), (9, exhausted_residuals), (17, zero_never_hurts)]
}

const NO_BOOK: &str = "it has no codebook";

/// Seeded with three rows.
fn scarce<'s, T: Real>(t: &Trial<'s, T>) -> (Trial<'s, T>, Tensor<T>) {
    let mut trial = t.another(t.seed);
    let latents = t.rows(3, 60);
    trial.seed_codes(&latents);
    (trial, latents)
}

fn fewer_rows_than_codes<T: Real>(t: &Trial<'_, T>) -> Checked {
    let (trial, _) = scarce(t);
    for book in trial.q.codebooks() {
        let codes = book.codebook.values(&trial.store);
        let width = codes.shape()[1];
        let mut seen = HashSet::from([vec![0u64; width]]);
        for (k, code) in codes.as_slice().chunks(width).enumerate() {
            let bits = code.iter().map(|e| (e.to_f64() + 0.0).to_bits()).collect();
            ensure!(seen.insert(bits), "code {k} of `{}` is zero or a duplicate: {code:?}", book.place);
        }
    }
    Ok(if t.q.codebooks().is_empty() { Verdict::Skipped(NO_BOOK) } else { Verdict::Holds })
}

fn exhausted_residuals<T: Real>(t: &Trial<'_, T>) -> Checked {
    let (trial, latents) = scarce(t);
    let mean_square = |x: &Tensor<T>| {
        x.as_slice().iter().map(|x| x.to_f64().powi(2)).sum::<f64>() / x.as_slice().len() as f64
    };
    for book in trial.q.codebooks() {
        let codes = book.codebook.values(&trial.store);
        let (own, whole) = (mean_square(&codes), mean_square(&latents));
        // Rounding alone leaves 1e-14 of the energy of f32 numbers, and less of f64.
        ensure!(
            own > 1e-12 * whole,
            "the codes of `{}` have mean square {own}, the latents {whole}: nothing was left to learn",
            book.place
        );
    }
    Ok(if t.q.codebooks().is_empty() { Verdict::Skipped(NO_BOOK) } else { Verdict::Holds })
}

/// A nearest code is no further from what is left than zero is, by the distance of its codebook, so a level that may choose
/// zero adds no error: row by row, where each level sees rows. It is not so for a level that sees averages along the length,
/// which may serve one row of a window at the cost of another. Nor is it for the first levels of a beam's path, which may give
/// up an early gain for a better sum; its whole sum is still never worse than zeros all along.
fn zero_never_hurts<T: Real>(t: &Trial<'_, T>) -> Checked {
    let mut trial = t.copy();
    let radices = t.q.radices(&t.store);
    let books = t.q.codebooks();
    let whole_rows = books.iter().all(|book| book.codebook.width(&t.store) == t.dim());
    let z = t.rows(24, 61);
    let stack = t.q.rowwise() && !books.is_empty() && books.len() == radices.len() && whole_rows;
    if !stack || !t.compares_as_they_are(&z) {
        return Ok(Verdict::Skipped("it is no stack of codebooks of whole rows by distance"));
    }
    let zero = vec![T::ZERO; t.dim()];
    for book in &books {
        book.codebook.set_rows(&mut trial.store, &[(0, &zero[..])]);
    }
    let (_, codes) = trial.eval(&z);
    let left = |depth: usize| {
        let column = |slot: usize| if slot < depth { codes.column(slot).to_vec() } else { vec![SKIPPED; 24] };
        let columns = (0..radices.len()).map(column).collect();
        z.zip(&trial.q.decode(&trial.store, &Codes::new(columns, radices.clone())), |z, q| z - q)
    };
    let steps = match t.q.greedy() {
        true => (0..radices.len()).map(|level| (level, level + 1)).collect(),
        false => vec![(0, radices.len())],
    };
    for (from, to) in steps {
        let error = |rest: &Tensor<T>| -> Vec<f64> {
            let distance = |row| books[from].codebook.distance(&trial.store, row, &zero);
            rest.as_slice().chunks(t.dim()).map(distance).collect()
        };
        let (before, after) = (error(&left(from)), error(&left(to)));
        let worse = (0..24).find(|&row| after[row] > before[row] + rounding::<T>() * (1.0 + before[row]));
        ensure!(
            worse.is_none(),
            "row {worse:?} has errors {before:?} with {from} levels and {after:?} with {to}"
        );
    }
    Ok(Verdict::Holds)
}
