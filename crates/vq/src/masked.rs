//! [`quantize_masked`]: padding is left out before the quantizer sees anything, so no quantizer can get it wrong.

use gradbook_autograd::{Graph, Real, Tensor, Var};

use crate::{Codes, Latent, Quantized, Quantizer, SKIPPED};

/// Quantizes the rows of `z` `[…, channel]` whose `mask` is true as if there were no others.
///
/// The valid rows are gathered, quantized and put back in their places. Losses, statistics, seeding and respawn therefore
/// never meet a masked row, whatever it holds. A masked row has the value 0, the code [`SKIPPED`] (where
/// codes belong to rows) and no gradient. With no valid row at all there is no code, no loss and nothing to learn.
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
    let found = q.quantize(g, z.map(|z| z.gather_rows(&valid)));
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
