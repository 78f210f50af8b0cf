//! Properties of statistics and state: 5, 6, 12, 15.

use gradbook_autograd::{Graph, Real, Stats, Tape, Tensor};
use gradbook_nn::State;

use super::{
    Checked, Rule, Verdict, ensure,
    trial::{Trial, close, difference},
};
use crate::{Codes, SKIPPED, masked::quantize_masked};

pub fn rules<'s, T: Real>() -> Vec<Rule<'s, T>> {
    vec![(5, masked_rows), (6, shards), (12, threads), (15, save_and_load)]
}

fn same<T: Real>(a: &Tensor<T>, b: &Tensor<T>) -> bool {
    a == b
}

fn masked_rows<T: Real>(t: &Trial<'_, T>) -> Checked {
    let (rows, dim) = (18, t.dim());
    let mask: Vec<bool> = (0..rows).map(|row| row % 3 != 1).collect();
    let mut z = t.rows(rows, 40);
    let mut valid = Vec::new();
    for (row, z) in z.as_mut_slice().chunks_mut(dim).enumerate() {
        match mask[row] {
            true => valid.extend_from_slice(z),
            false => z.fill(T::of(f64::NAN)), // whatever padding holds
        }
    }
    let alone = t.train(&Tensor::new([valid.len() / dim, dim], valid), t.stream(5));
    let tape = Tape::new();
    let g = Graph::train(&tape, &t.store).with_stream(t.stream(5));
    let z = tape.var(z);
    let found = quantize_masked(&*t.q, &g, z.into(), &mask);
    let values = found.values.value();
    let kept = values.as_slice().chunks(dim).zip(&mask).filter(|(_, valid)| **valid);
    let kept: Vec<T> = kept.flat_map(|(row, _)| row.to_vec()).collect();
    ensure!(
        kept == alone.values.as_slice(),
        "valid rows became {kept:?}, without the others {:?}",
        alone.values
    );
    for slot in 0..found.codes.slots() {
        let column = found.codes.column(slot);
        let kept: Vec<u64> = column.iter().zip(&mask).filter(|(_, valid)| **valid).map(|(k, _)| *k).collect();
        let padded = column.iter().zip(&mask).all(|(k, valid)| *valid || *k == SKIPPED);
        if !t.q.rowwise() {
            // Codes of windows, not of rows: as many as the valid rows alone have, so none is left to be skipped.
            ensure!(column == alone.codes.column(slot), "slot {slot} of masked rows is {column:?}");
            continue;
        }
        ensure!(padded && kept == alone.codes.column(slot), "slot {slot} of masked rows is {column:?}");
    }
    if t.q.rowwise() {
        let at_rest = quantize_masked(&*t.q, &Graph::eval(&tape, &t.store), z.into(), &mask);
        let (values, decoded) = (at_rest.values.value(), t.q.decode(&t.store, &at_rest.codes));
        ensure!(values == decoded, "masked rows have the values {values:?}, decoded {decoded:?}");
    }
    let losses: Vec<f64> = found.losses.iter().map(|loss| loss.value.item().to_f64()).collect();
    ensure!(
        losses.iter().eq(alone.losses.iter().map(|(_, loss)| loss)),
        "with masked rows the losses are {losses:?}, without them {:?}",
        alone.losses
    );
    let gradient = found.losses.iter().fold(found.values.sum_all(), |sum, loss| sum + loss.value).backward();
    let gradient = gradient.get(z).cloned().unwrap_or_else(|| Tensor::zeros(z.shape()));
    for (row, g) in gradient.as_slice().chunks(dim).enumerate().filter(|(row, _)| !mask[*row]) {
        ensure!(g.iter().all(|&g| g == T::ZERO), "the masked row {row} gets the gradient {g:?}");
    }
    ensure!(g.take_stats() == alone.stats, "masked rows change the statistics");
    Ok(Verdict::Holds)
}

fn shards<T: Real>(t: &Trial<'_, T>) -> Checked {
    let (z, dim) = (t.rows(40, 41), t.dim());
    let cut =
        |from: usize, to: usize| Tensor::new([to - from, dim], z.as_slice()[from * dim..to * dim].to_vec());
    let parts = [cut(0, 10), cut(10, 25), cut(25, 40)];
    let (values, codes) = t.eval(&z);
    let shards = parts.each_ref().map(|z| t.eval(z));
    let joined: Vec<T> = shards.iter().flat_map(|(values, _)| values.as_slice().to_vec()).collect();
    if (0..codes.slots()).any(|slot| codes.column(slot).len() != 40) {
        return Ok(Verdict::Skipped("a code does not belong to one row"));
    }
    ensure!(columns(shards.iter().map(|(_, codes)| codes)) == columns([&codes]), "shards have other codes");
    ensure!(joined == values.as_slice(), "shards have other values: {joined:?}, not {values:?}");

    let whole = t.train(&z, t.stream(5));
    let shards = parts.each_ref().map(|z| t.train(z, t.stream(5)));
    if columns(shards.iter().map(|shard| &shard.codes)) != columns([&whole.codes]) {
        let draws = (6..10).any(|step| t.train(&z, t.stream(step)).codes != whole.codes);
        ensure!(draws, "shards choose other codes in training, by no chance");
        return Ok(Verdict::Skipped("training draws its codes"));
    }
    let mut merged = Stats::new();
    shards.into_iter().for_each(|shard| merged.merge(shard.stats));
    let (mut one, mut many) = (t.copy(), t.copy());
    let changes = (one.absorb(&whole.stats, 5), many.absorb(&merged, 5));
    ensure!(changes.0 == changes.1, "the batch changes {:?}, its shards {:?}", changes.0, changes.1);
    let differs = difference(&one.store, &many.store, close);
    ensure!(differs.is_none(), "the batch and its shards lead to different {}", differs.unwrap_or_default());
    Ok(Verdict::Holds)
}

/// The columns of several shards, one below the other.
fn columns<'c>(shards: impl IntoIterator<Item = &'c Codes>) -> Vec<Vec<u64>> {
    let mut all: Vec<Vec<u64>> = Vec::new();
    for codes in shards {
        all.resize(codes.slots(), Vec::new());
        all.iter_mut().enumerate().for_each(|(slot, column)| column.extend(codes.column(slot)));
    }
    all
}

fn threads<T: Real>(t: &Trial<'_, T>) -> Checked {
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().map_err(|e| e.to_string())?;
        // A quantizer need not be `Sync` in how it is built, so the trial is built here and only its passes move.
        let mut trial = t.another(t.seed);
        let (q, seed) = (&*trial.q, t.seed);
        let latents = t.rows(300, 42);
        let store = &mut trial.store;
        pool.install(|| {
            q.seed(store, &latents, &gradbook_autograd::Stream::new(seed, 0, 1));
            let tape = Tape::new();
            let stats = {
                let g = Graph::train(&tape, store).with_stream(gradbook_autograd::Stream::new(seed, 1, 0));
                q.quantize(&g, tape.constant(latents.clone()).into());
                g.take_stats()
            };
            q.absorb(store, &stats, &gradbook_autograd::Stream::new(seed, 1, 1));
        });
        let after = trial.eval(&latents);
        Ok::<_, String>((trial.store, after))
    };
    let (one, two) = (run(1)?, run(2)?);
    let differs = difference(&one.0, &two.0, same);
    ensure!(differs.is_none(), "two threads lead to a different {}", differs.unwrap_or_default());
    ensure!(one.1 == two.1, "two threads quantize differently");
    Ok(Verdict::Holds)
}

fn save_and_load<T: Real>(t: &Trial<'_, T>) -> Checked {
    let mut before = t.copy();
    let mut after = t.another(t.seed + 1);
    ensure!(
        before.store.state().iter().map(|(n, _)| n).eq(after.store.state().iter().map(|(n, _)| n)),
        "two quantizers of this kind differ in the names of their entries"
    );
    after.store.set_state(before.store.state().into_iter().map(|(_, value)| value).collect());
    let z = t.rows(24, 43);
    let (old, new) = (t.eval(&z), after.eval(&z));
    ensure!(old == new, "after loading {z:?} is quantized to {new:?}, before to {old:?}");
    after.seed = before.seed; // the same random streams
    for step in 7..9 {
        before.learn(&z, step);
        after.learn(&z, step);
    }
    let differs = difference(&before.store, &after.store, same);
    ensure!(differs.is_none(), "training goes on to different {}", differs.unwrap_or_default());
    Ok(Verdict::Holds)
}
