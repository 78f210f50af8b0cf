//! Property 6: a batch and its shards. What a step learns and what it loses does not depend on the cut.

use gradbook_autograd::{Real, Role, Stats, Tensor};
use gradbook_nn::ShardedStep;

use super::{
    Checked, Rule, Verdict, ensure,
    trial::{Trial, close, difference, rounding},
};
use crate::Codes;

pub fn rules<'s, T: Real>() -> Vec<Rule<'s, T>> {
    vec![(6, statistics_merge), (6, losses_ignore_the_cut)]
}

fn statistics_merge<T: Real>(t: &Trial<'_, T>) -> Checked {
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

/// Every loss, and the gradient of all of them to latents and parameters, in one piece and in several.
fn losses_ignore_the_cut<T: Real>(t: &Trial<'_, T>) -> Checked {
    // Whole items, if it looks along the length.
    let shape = if t.q.rowwise() { vec![40, t.dim()] } else { vec![5, 60, t.dim()] };
    let count = shape.iter().product::<usize>() / t.dim();
    let mut store = t.store.clone();
    let latents = Tensor::new(&shape[..], t.rows(count, 44).as_slice().to_vec());
    let latents = store.add("contract.latents", latents, Role::Trainable);
    let q = &*t.q;
    let step = |shards: usize| {
        ShardedStep::new(shards, t.seed).run(&store, 5, shape[0], |g, rows| {
            let share = rows.len() as f64 / shape[0] as f64;
            let found = q.quantize(g, g.param(latents).slice(0, rows).into());
            let zero = g.param(latents).sum_all() * 0.0;
            // A factor for each, so that they are told apart.
            let all = found.losses.iter().zip(1..);
            let root = all.fold(zero, |sum, (loss, i)| sum + loss.value * f64::from(i));
            let losses: Vec<f64> = found.losses.iter().map(|loss| share * loss.value.item()).collect();
            (root, (found.codes, losses))
        })
    };
    let whole = step(1);
    if whole.extras[0].1.is_empty() {
        return Ok(Verdict::Skipped("it has no loss"));
    }
    for shards in [2, 5] {
        let cut = step(shards);
        if columns(cut.extras.iter().map(|(codes, _)| codes)) != columns([&whole.extras[0].0]) {
            return Ok(Verdict::Skipped("training draws its codes"));
        }
        for (i, one) in whole.extras[0].1.iter().enumerate() {
            let many: f64 = cut.extras.iter().map(|(_, losses)| losses[i]).sum();
            let near = (one - many).abs() <= rounding::<T>() * (1.0 + one.abs());
            ensure!(near, "loss {i} is {one} over the batch and {many} in {shards} shards");
        }
        for (id, g) in whole.grads.clone() {
            let same = cut.grads.get(id).is_some_and(|other| close(&g, other));
            let name = &store.entry(id).name;
            ensure!(
                same,
                "`{name}` gets {g:?} from the batch and {:?} from {shards} shards",
                cut.grads.get(id)
            );
        }
    }
    Ok(Verdict::Holds)
}
