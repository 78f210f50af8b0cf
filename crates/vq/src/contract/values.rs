//! Properties of values and codes: 1, 2, 10, 11, 13, 14, 16.

use std::collections::HashSet;

use gradbook_autograd::{Graph, Real, Tape, Tensor};

use super::{
    Checked, Rule, Verdict,
    caught::caught,
    ensure,
    inputs::message,
    trial::{Trial, close, rounding},
};
use crate::{Codes, diagnostics::Usage};

pub fn rules<'s, T: Real>() -> Vec<Rule<'s, T>> {
    vec![
        (1, decode_is_value),
        (2, evaluation_is_pure),
        (10, indices_are_exact),
        (11, perplexity_is_bounded),
        (13, nearest_by_hand),
        (13, candidates_in_order),
        (14, permutations),
        (16, codes_stay),
    ]
}

const NO_BOOK: &str = "its values are not the codes of its codebooks side by side";

fn decode_is_value<T: Real>(t: &Trial<'_, T>) -> Checked {
    for salt in 0..3 {
        // A length of whole windows of 1 … 6 places.
        let z = t.rows(120, salt).reshaped([2, 60, t.dim()]);
        let (values, codes) = t.eval(&z);
        ensure!(values.shape() == z.shape(), "z {:?} became {:?}", z.shape(), values.shape());
        let decoded = t.q.decode(&t.store, &codes);
        let at = values.as_slice().iter().zip(decoded.as_slice()).position(|(a, b)| a != b);
        ensure!(at.is_none() && decoded.as_slice().len() == values.as_slice().len(), "{}", {
            let (at, dim) = (at.unwrap_or(0), t.dim());
            format!(
                "row {}, channel {}: value {} but decoded {}",
                at / dim,
                at % dim,
                values.as_slice()[at],
                decoded.as_slice()[at]
            )
        });
    }
    Ok(Verdict::Holds)
}

fn evaluation_is_pure<T: Real>(t: &Trial<'_, T>) -> Checked {
    let z = t.rows(24, 0);
    let before = t.eval(&z);
    let first = t.train(&z, t.stream(5));
    let again = t.train(&z, t.stream(5));
    ensure!(first.values == again.values && first.stats == again.stats, "two equal training passes differ");
    let after = t.eval(&z);
    ensure!(before == after, "evaluation gave {before:?}, and after a training pass {after:?}");
    let tape = Tape::new();
    let g = Graph::eval(&tape, &t.store);
    t.q.quantize(&g, tape.constant(z).into());
    ensure!(g.take_stats().is_empty(), "evaluation reported statistics");
    Ok(Verdict::Holds)
}

fn indices_are_exact<T: Real>(t: &Trial<'_, T>) -> Checked {
    let radices = t.q.radices(&t.store);
    ensure!(t.q.slots() == radices.len(), "{} slots have the radices {radices:?}", t.q.slots());
    for book in t.q.codebooks() {
        let (count, place) = (book.codebook.len(&t.store) as u64, &book.place);
        let own = radices.get(book.slots.clone()).unwrap_or_default();
        let fits = !own.is_empty() && own.iter().all(|radix| *radix == count);
        ensure!(fits, "the {count} codes of `{place}` serve slots of the radices {own:?}");
    }
    let (_, codes) = t.eval(&t.rows(24, 1));
    let own: Vec<u64> = (0..codes.slots()).map(|slot| codes.radix(slot)).collect();
    ensure!(own == radices, "codes have the radices {own:?}, the quantizer declares {radices:?}");
    for (slot, radix) in radices.iter().enumerate() {
        let bad = codes.column(slot).iter().find(|&&code| code >= *radix);
        ensure!(bad.is_none(), "slot {slot} of {radix} codes holds {bad:?}");
    }
    if let Ok(tokens) = codes.tokens() {
        ensure!(Codes::from_tokens(&tokens, &radices) == codes, "the tokens {tokens:?} are not {codes:?}");
    }
    for slot in 0..radices.len() {
        let own =
            |s: usize| codes.column(s).iter().map(|&k| if s == slot { radices[s] } else { k }).collect();
        let wider = radices.iter().map(|radix| radix + 1).collect();
        let beyond = Codes::new((0..radices.len()).map(own).collect(), wider);
        let refused = caught(|| t.q.decode(&t.store, &beyond)).err().map(|cause| message(&*cause));
        let named =
            refused.as_ref().is_some_and(|text| text.contains(&format!("slot {slot} holds the code")));
        ensure!(
            named,
            "the code {} of slot {slot} does not exist and is decoded: {refused:?}",
            radices[slot]
        );
    }
    for last in [false, true] {
        let column = |slot: usize| vec![if last { radices[slot] - 1 } else { 0 }; codes.column(slot).len()];
        let values =
            t.q.decode(&t.store, &Codes::new((0..radices.len()).map(column).collect(), radices.clone()));
        let finite = values.as_slice().iter().all(|x| x.is_finite());
        ensure!(finite, "the {} code decodes to {values:?}", if last { "last" } else { "first" });
    }
    Ok(Verdict::Holds)
}

fn perplexity_is_bounded<T: Real>(t: &Trial<'_, T>) -> Checked {
    let (_, codes) = t.eval(&t.rows(64, 2));
    for slot in 0..codes.slots() {
        let column = codes.column(slot);
        let whole = Usage::of(&codes, slot);
        let (perplexity, count) = (whole.perplexity(), whole.codes as f64);
        ensure!(
            (1.0 - 1e-9..=count * (1.0 + 1e-9)).contains(&perplexity),
            "slot {slot} of {count} codes has perplexity {perplexity}"
        );
        let mut cut = Usage { codes: whole.codes, ..Usage::default() };
        column.chunks(7).for_each(|part| cut.add(part));
        ensure!(cut == whole, "slot {slot} counted in parts: {cut:?}, as a whole: {whole:?}");
    }
    Ok(Verdict::Holds)
}

fn nearest_by_hand<T: Real>(t: &Trial<'_, T>) -> Checked {
    let Some(books) = t.plain_books() else { return Ok(Verdict::Skipped(NO_BOOK)) };
    let z = t.rows(48, 3);
    let (_, codes) = t.eval(&z);
    let by = t.q.codebooks();
    for (slot, (book, part)) in books.iter().zip(t.parts(&z)).enumerate() {
        let distance = |z: &[T], e: &[T]| by[slot].codebook.distance(&t.store, z, e);
        let width = part.shape()[1];
        for (row, z) in part.as_slice().chunks(width).enumerate() {
            let chosen = codes.column(slot)[row] as usize;
            let distances: Vec<f64> = book.as_slice().chunks(width).map(|e| distance(z, e)).collect();
            let slack = rounding::<T>() * (1.0 + distances[chosen]);
            let nearer = distances.iter().position(|d| *d < distances[chosen] - slack);
            ensure!(
                nearer.is_none(),
                "row {row} chose code {chosen} of slot {slot} at distances {distances:?}"
            );
        }
    }
    Ok(Verdict::Holds)
}

/// What a beam is offered: the chosen code first, then ever farther ones.
fn candidates_in_order<T: Real>(t: &Trial<'_, T>) -> Checked {
    let Some(books) = t.plain_books().filter(|books| books.len() == 1) else {
        return Ok(Verdict::Skipped(NO_BOOK));
    };
    let z = t.rows(24, 5);
    let count = books[0].shape()[0];
    let Some(found) = t.q.candidates(&t.store, &z, count) else {
        return Ok(Verdict::Skipped("it offers a beam no candidates"));
    };
    let (by, part) = (t.q.codebooks(), &t.parts(&z)[0]);
    let (width, chosen) = (part.shape()[1], t.eval(&z).1);
    for (row, z) in part.as_slice().chunks(width).enumerate() {
        let order: Vec<u64> = found.iter().map(|codes| codes.column(0)[row]).collect();
        let distance = |&k: &u64| {
            by[0].codebook.distance(&t.store, z, &books[0].as_slice()[k as usize * width..][..width])
        };
        let distances: Vec<f64> = order.iter().map(distance).collect();
        let slack = |d: f64| rounding::<T>() * (1.0 + d);
        let distinct = order.iter().collect::<HashSet<_>>().len() == count;
        let sorted = distances.windows(2).all(|pair| pair[0] <= pair[1] + slack(pair[1]));
        let first = distance(&chosen.column(0)[row]) <= distances[0] + slack(distances[0]);
        ensure!(
            distinct && sorted && first,
            "row {row} chose code {} and is offered {order:?} at distances {distances:?}",
            chosen.column(0)[row]
        );
    }
    Ok(Verdict::Holds)
}

fn permutations<T: Real>(t: &Trial<'_, T>) -> Checked {
    let z = t.rows(20, 4);
    let (values, codes) = t.eval(&z);
    if (0..codes.slots()).any(|slot| codes.column(slot).len() != 20) {
        return Ok(Verdict::Skipped("a code does not belong to one row"));
    }
    let (turned, turned_codes) = t.eval(&reversed(&z));
    ensure!(turned == reversed(&values), "reversed rows gave {turned:?}, not the reverse of {values:?}");
    for slot in 0..codes.slots() {
        let back: Vec<u64> = turned_codes.column(slot).iter().rev().copied().collect();
        ensure!(back == codes.column(slot), "slot {slot} of reversed rows is {back:?} in the old order");
    }
    let mut relabelled = t.store.clone();
    for book in t.q.codebooks() {
        for (_, id) in book.codebook.per_code() {
            *relabelled.get_mut(id) = reversed(t.store.get(id));
        }
    }
    let (again, new_codes) = t.eval_with(&relabelled, &z);
    ensure!(close(&again, &values), "with permuted codes {values:?} became {again:?}");
    for slot in t.q.codebooks().iter().flat_map(|book| book.slots.clone()) {
        let last = codes.radix(slot) - 1;
        let expected: Vec<u64> = codes.column(slot).iter().map(|k| last - k).collect();
        ensure!(new_codes.column(slot) == expected, "slot {slot} of permuted codes is not relabelled");
    }
    Ok(Verdict::Holds)
}

fn codes_stay<T: Real>(t: &Trial<'_, T>) -> Checked {
    let Some(books) = t.plain_books() else { return Ok(Verdict::Skipped(NO_BOOK)) };
    let most = books.iter().map(|book| book.shape()[0]).max().unwrap_or(0) as u64;
    let radices = t.q.radices(&t.store);
    let column = |radix: &u64| (0..most).map(|k| k % radix).collect();
    let values = t.q.decode(&t.store, &Codes::new(radices.iter().map(column).collect(), radices.clone()));
    let (again, _) = t.eval(&values);
    ensure!(again == values, "codes {values:?} are quantized to {again:?}");
    Ok(Verdict::Holds)
}

/// The rows (first axis) in the opposite order.
fn reversed<T: Real>(x: &Tensor<T>) -> Tensor<T> {
    let row = x.as_slice().len() / x.shape()[0];
    Tensor::new(*x.shape(), x.as_slice().chunks(row).rev().flatten().copied().collect())
}
