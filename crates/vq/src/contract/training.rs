//! Properties of how codebooks learn from statistics: 7 and 19.

use std::collections::{HashMap, HashSet};

use gradbook_autograd::{Real, Tape, Tensor};

use super::{
    Checked, Rule, Verdict, ensure,
    trial::{Trial, rounding},
};

pub fn rules<'s, T: Real>() -> Vec<Rule<'s, T>> {
    vec![(7, grace), (19, moving_average)]
}

fn grace<T: Real>(t: &Trial<'_, T>) -> Checked {
    let books = t.q.codebooks();
    let policy =
        |book: &crate::Book<'_, T>| Some((book.codebook.parameter(), book.codebook.respawn()?.clone()));
    let policies: HashMap<_, _> = books.iter().filter_map(policy).collect();
    if policies.is_empty() {
        return Ok(Verdict::Skipped("it has no respawn"));
    }
    let mut trial = t.copy();
    let mut last = HashMap::new();
    for step in 0..12 {
        // All rows near one point, so that most codes die.
        let z = trial.rows(24, step).map(|x| T::of(0.7) + T::of(0.01) * x);
        for (id, codes) in trial.learn(&z, step).overwritten {
            let Some(respawn) = policies.get(&id) else { continue };
            for code in codes {
                let before = last.insert((id, code), step);
                let looks = before.map(|before| (step - before) / respawn.every);
                ensure!(
                    looks.is_none_or(|looks| looks > respawn.grace),
                    "code {code} was respawned at steps {before:?} and {step}, its grace is {} looks",
                    respawn.grace
                );
            }
        }
    }
    Ok(if last.is_empty() { Verdict::Skipped("no code died") } else { Verdict::Holds })
}

/// N ← γN + (1−γ)n, m ← γm + (1−γ)Σz, e = m/Ñ, Ñ = (N+ε)/(ΣN+Kε)·ΣN, added up here code by code.
fn moving_average<T: Real>(t: &Trial<'_, T>) -> Checked {
    if t.plain_books().is_none() {
        return Ok(Verdict::Skipped("its values are not the codes of its codebooks side by side"));
    }
    let books = t.q.codebooks();
    let z = t.rows(30, 50);
    let parts = t.parts(&z);
    let passed = t.train(&z, t.stream(3));
    let mut after = t.copy();
    let overwritten = after.absorb(&passed.stats, 3).overwritten;
    let mut seen = HashSet::new();
    for (slot, book) in books.iter().enumerate() {
        let Some(decay) = book.codebook.moving_average() else { continue };
        if !seen.insert(book.codebook.parameter()) {
            continue;
        }
        let entry = |trial: &Trial<'_, T>, name: &str| {
            let id = book.codebook.per_code().into_iter().find(|(own, _)| *own == name).map(|(_, id)| id);
            let value = trial.store.get(id.expect("a moving average has counts and sums"));
            value.as_slice().iter().map(|x| x.to_f64()).collect::<Vec<_>>()
        };
        let width = book.codebook.width(&t.store);
        let (mut counts, mut sums) = (entry(t, "counts"), entry(t, "sums"));
        counts.iter_mut().chain(&mut sums).for_each(|x| *x *= decay);
        // Slots that share a codebook teach it together.
        let same = |&slot: &usize| books[slot].codebook.parameter() == book.codebook.parameter();
        for slot in (slot..books.len()).filter(same) {
            for (z, &k) in parts[slot].as_slice().chunks(width).zip(passed.codes.column(slot)) {
                let k = k as usize;
                counts[k] += 1.0 - decay;
                (0..width).for_each(|c| sums[k * width + c] += (1.0 - decay) * z[c].to_f64());
            }
        }
        let total: f64 = counts.iter().sum();
        let smooth = total / (total + counts.len() as f64 * 1e-5);
        let found = entry(&after, "codes");
        let dead = |k: &usize| {
            overwritten.iter().any(|(id, codes)| *id == book.codebook.parameter() && codes.contains(k))
        };
        let means = Tensor::build([counts.len(), width], |out| {
            for (i, e) in out.iter_mut().enumerate() {
                *e = T::of(sums[i] / ((counts[i / width] + 1e-5) * smooth));
            }
        });
        let tape = Tape::new();
        let codes = book.codebook.metric(tape.constant(means)).value();
        for k in (0..counts.len()).filter(|k| !dead(k)) {
            let code: Vec<f64> = codes.as_slice()[k * width..][..width].iter().map(|e| e.to_f64()).collect();
            let found = &found[k * width..][..width];
            let near = |(a, b): (&f64, &f64)| (a - b).abs() <= 10.0 * rounding::<T>() * (1.0 + b.abs());
            ensure!(
                found.iter().zip(&code).all(near),
                "code {k} of slot {slot} became {found:?}, by the formula it is {code:?}"
            );
        }
    }
    Ok(if seen.is_empty() {
        Verdict::Skipped("no codebook is a moving average updated each step")
    } else {
        Verdict::Holds
    })
}
