//! [`quantize_masked`]: padding is left out before the quantizer sees anything, so no quantizer can get it wrong.

use gradbook_autograd::{Graph, Real, Tensor, Var};

use crate::{Codes, Latent, Loss, Quantized, Quantizer, SKIPPED};

/// Quantizes the rows of `z` `[…, channel]` whose `mask` is true as if there were no others.
///
/// The valid rows are gathered, quantized and put back in their places. Losses, statistics, seeding and respawn therefore
/// never meet a masked row, whatever it holds. A masked row has the value 0, the code [`SKIPPED`] (where
/// codes belong to rows) and no gradient. With no valid row at all there is no code, no loss and nothing to learn.
///
/// Of z `[…, length, channel]` every item keeps its own valid rows, however many: a quantizer that looks along the length
/// sees no neighbor of another item. Its codes are those of each item's valid rows, item after item.
///
/// ```
/// use gradbook_autograd::{Graph, ParamStore, Tape, Tensor};
/// use gradbook_nn::Scope;
/// use gradbook_vq::{QuantizerConfig, SKIPPED, quantize_masked};
/// let config: QuantizerConfig = toml::from_str("kind = \"fsq\"\nlevels = [3]").unwrap();
/// let mut store = ParamStore::<f64>::new();
/// let q = config.build(1, &mut Scope::new(&mut store, 0)).unwrap();
/// let tape = Tape::new();
/// let z = tape.constant(Tensor::new([3, 1], vec![9.0, f64::NAN, -9.0]));
/// let out = quantize_masked(&*q, &Graph::eval(&tape, &store), z.into(), &[true, false, true]);
/// assert_eq!(out.values.value().as_slice(), [1.0, 0.0, -1.0]);
/// assert_eq!(out.codes.column(0), [2, SKIPPED, 0]);
/// ```
///
/// # Panics
/// If there is not one entry of `mask` per row.
#[track_caller]
pub fn quantize_masked<'t, T: Real>(
    q: &dyn Quantizer<T>,
    g: &Graph<'t, T>,
    z: Latent<'t, T>,
    mask: &[bool],
) -> Quantized<'t, T> {
    let shape = z.value.shape();
    let z = z.rows("masked", q.dim(g.store()));
    let rows = z.value.shape()[0];
    let valid: Vec<usize> = (0..mask.len()).filter(|&row| mask[row]).collect();
    assert!(
        mask.len() == rows,
        "masked: a mask of {} rows for z {shape:?} (…, channel)\n  rule: one entry for each of the {rows} rows",
        mask.len()
    );
    if valid.is_empty() {
        let radices = q.radices(g.store());
        let skipped = vec![SKIPPED; if q.rowwise() { rows } else { 0 }];
        let values = g.tape().constant(Tensor::zeros(shape));
        return Quantized {
            values,
            codes: Codes::new(vec![skipped; radices.len()], radices),
            losses: Vec::new(),
        };
    }
    let length = if shape.len() < 3 { rows } else { shape[shape.len() - 2] };
    let lengths = mask.chunks(length).map(|item| item.iter().filter(|&&valid| valid).count());
    let lengths: Vec<usize> = lengths.filter(|&valid| valid > 0).collect();
    let found = q.quantize_items(g, z.map(|z| z.gather_rows(&valid)), &lengths);
    if !q.rowwise() {
        // Its codes belong to the sequence, not to rows: they are those of the valid rows alone.
        return Quantized { values: put_back(found.values, &valid, rows).reshape(shape), ..found };
    }
    let column = |slot: usize| {
        let mut column = vec![SKIPPED; rows];
        valid.iter().zip(found.codes.column(slot)).for_each(|(&row, &code)| column[row] = code);
        column
    };
    let slots = 0..found.codes.slots();
    let codes =
        Codes::new(slots.clone().map(column).collect(), slots.map(|slot| found.codes.radix(slot)).collect());
    Quantized { values: put_back(found.values, &valid, rows).reshape(shape), codes, losses: found.losses }
}

/// Rows at their places among `count`, zeros elsewhere.
fn put_back<'t, T: Real>(values: Var<'t, T>, places: &[usize], count: usize) -> Var<'t, T> {
    if places.len() == count { values } else { values.scatter_add(places, count) }
}

/// Items of these lengths, each by itself: what follows one another of values and codes, and the means of the losses over
/// all rows.
pub(crate) fn one_by_one<'t, T: Real>(
    z: Latent<'t, T>,
    lengths: &[usize],
    quantize: impl Fn(Latent<'t, T>) -> Quantized<'t, T>,
) -> Quantized<'t, T> {
    let all: usize = lengths.iter().sum();
    let (mut values, mut columns, mut losses) =
        (Vec::new(), Vec::<Vec<u64>>::new(), Vec::<Loss<'t, T>>::new());
    let (mut radices, mut from) = (Vec::new(), 0);
    for &length in lengths {
        let rows = from..from + length;
        from = rows.end;
        let found = quantize(z.map(|z| z.slice(0, rows.clone())));
        values.push(found.values);
        columns.resize(found.codes.slots(), Vec::new());
        columns.iter_mut().enumerate().for_each(|(slot, all)| all.extend(found.codes.column(slot)));
        radices = (0..found.codes.slots()).map(|slot| found.codes.radix(slot)).collect();
        for loss in found.losses {
            let value = loss.value * (length as f64 / all as f64);
            match losses.iter_mut().find(|own| own.name == loss.name) {
                Some(own) => own.value = own.value + value,
                None => losses.push(Loss::new(loss.name, value)),
            }
        }
    }
    Quantized { values: Var::concat(&values, 0), codes: Codes::new(columns, radices), losses }
}
