//! Properties of statistics and state: 5, 12, 15.

use gradbook_autograd::{Graph, Real, Tape, Tensor};
use gradbook_nn::State;

use super::{
    Checked, Rule, Verdict, ensure,
    trial::{Trial, close, difference},
};
use crate::{SKIPPED, masked::quantize_masked};

pub fn rules<'s, T: Real>() -> Vec<Rule<'s, T>> {
    vec![(5, masked_rows), (5, ragged_items), (12, threads), (15, save_and_load)]
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

/// Items `[item, length, channel]` of which all rows are valid, or some in the middle, or one: each is as if it were alone.
fn ragged_items<T: Real>(t: &Trial<'_, T>) -> Checked {
    const LENGTH: usize = 12;
    let valid = |item: usize, place: usize| [true, (2..11).contains(&place) && place != 5, place == 7][item];
    let dim = t.dim();
    let mask: Vec<bool> = (0..3 * LENGTH).map(|row| valid(row / LENGTH, row % LENGTH)).collect();
    let mut z = t.rows(3 * LENGTH, 45);
    for (row, z) in z.as_mut_slice().chunks_mut(dim).enumerate().filter(|(row, _)| !mask[*row]) {
        z.fill(T::of(if row % 2 == 0 { f64::NAN } else { 1e3 }));
    }
    let kept = |rows: &[T], from: usize| -> Vec<T> {
        let rows = rows.chunks(dim).zip(&mask[from..]).filter(|(_, valid)| **valid);
        rows.flat_map(|(row, _)| row.to_vec()).collect()
    };
    let (mut values, mut columns) = (Vec::new(), vec![Vec::new(); t.q.slots()]);
    for (item, rows) in z.as_slice().chunks(LENGTH * dim).enumerate() {
        let rows = kept(rows, item * LENGTH);
        let (alone, codes) = t.eval(&Tensor::new([rows.len() / dim, dim], rows));
        values.extend(alone.as_slice().to_vec());
        columns.iter_mut().enumerate().for_each(|(slot, all)| all.extend(codes.column(slot).to_vec()));
    }
    let tape = Tape::new();
    let z = tape.constant(z.reshaped([3, LENGTH, dim]));
    let found = quantize_masked(&*t.q, &Graph::eval(&tape, &t.store), z.into(), &mask);
    for (slot, alone) in columns.iter().enumerate() {
        let mut column = found.codes.column(slot).to_vec();
        column.retain(|code| *code != SKIPPED);
        ensure!(column == *alone, "slot {slot} of ragged items is {column:?}, of each alone {alone:?}");
    }
    let count = values.len();
    let flat = |x: Vec<T>| Tensor::new([count], x);
    let (together, alone) = (kept(found.values.value().as_slice(), 0), values);
    ensure!(together.len() == alone.len(), "{} valid elements became {}", alone.len(), together.len());
    let (together, alone) = (flat(together), flat(alone));
    ensure!(close(&together, &alone), "ragged items have the values {together:?}, each alone {alone:?}");
    Ok(Verdict::Holds)
}

fn threads<T: Real>(t: &Trial<'_, T>) -> Checked {
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().map_err(|e| e.to_string())?;
        // A quantizer need not be `Sync` in how it is built, so the trial is built here and only its passes move.
        let mut trial = t.another(t.seed);
        let (q, seed) = (&*trial.q, t.seed);
        let latents = t.rows(300, 42);
        let store = &mut trial.store;
        let mut pass = || {
            q.seed(store, &latents, &gradbook_autograd::Stream::new(seed, 0, 1));
            let tape = Tape::new();
            let stats = {
                let g = Graph::train(&tape, store).with_stream(gradbook_autograd::Stream::new(seed, 1, 0));
                q.quantize(&g, tape.constant(latents.clone()).into());
                g.take_stats()
            };
            q.absorb(store, &stats, &gradbook_autograd::Stream::new(seed, 1, 1));
        };
        // From a thread of no pool: one that waits for another pool takes up further work meanwhile, a check within a
        // check, until its stack is full.
        let done = std::thread::scope(|scope| scope.spawn(|| pool.install(&mut pass)).join());
        done.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
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
