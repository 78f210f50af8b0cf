//! The levers that change the shape of a quantizer in training, growth and the raise of dimensions: with every codebook,
//! under every combinator.

use gradbook_autograd::{Graph, Rng, Stream, Tape};
use gradbook_vq::{QuantizerConfig, codebook::Growth, combine::ProjectedConfig};
use ndarray_rand::rand::SeedableRng;

use crate::trial::{Built, build, eval, normal, probes};

/// Every config of every kind in which there is a codebook, as built and seeded.
fn with_codebooks(
    around: impl Fn(QuantizerConfig) -> QuantizerConfig,
) -> impl Iterator<Item = (QuantizerConfig, Built)> {
    let built = probes().map(around).map(|config| {
        let (mut store, q) = build(&config, config.probe_dim());
        let latents = normal(&[60, config.probe_dim()], 1);
        q.seed(&mut store, &latents, &Stream::new(1, 0, 9));
        (config, (store, q))
    });
    built.filter(|(_, (_, q))| !q.codebooks().is_empty())
}

/// A few steps by gradient and by statistics, after which decoding still gives the quantized values.
fn train_on(config: &QuantizerConfig, mut built: Built) {
    let (store, q) = (&mut built.0, &built.1);
    let z = normal(&[30, config.probe_dim()], 2);
    for step in 0..3 {
        let (stats, grads) = {
            let tape = Tape::new();
            let g = Graph::train(&tape, store).with_stream(Stream::new(1, step, 0));
            let found = q.quantize(&g, tape.constant(z.clone()).into());
            let loss =
                found.losses.iter().fold(found.values.square().mean_all(), |sum, loss| sum + loss.value);
            (g.take_stats(), loss.backward().params)
        };
        for (id, gradient) in grads {
            store.get_mut(id).zip_assign(&gradient, |w, g| w - 0.01 * g);
        }
        q.absorb(store, &stats, &Stream::new(1, step, 9));
    }
    let (values, codes) = eval(&built, &z);
    assert!(values.as_slice().iter().all(|y| y.is_finite()), "{config:?}");
    assert_eq!(built.1.decode(&built.0, &codes).as_slice(), values.as_slice(), "{config:?}");
}

#[test]
fn every_codebook_grows_keeps_its_codes_and_learns_on() {
    for (config, (mut store, q)) in with_codebooks(|config| config) {
        let before: Vec<_> = q.codebooks().iter().map(|book| book.codebook.values(&store)).collect();
        for book in q.codebooks() {
            book.codebook.grow(&mut store, 12, Growth::Jitter(0.1), &mut Rng::seed_from_u64(3));
        }
        for (book, before) in q.codebooks().iter().zip(before) {
            let after = book.codebook.values(&store);
            assert_eq!(&after.as_slice()[..before.as_slice().len()], before.as_slice(), "{config:?}");
            let mut rows: Vec<_> =
                after.rows().outer_iter().map(|row| row.mapv(f64::to_bits).to_vec()).collect();
            rows.sort_unstable();
            rows.dedup();
            assert_eq!(rows.len(), 12, "{config:?}: codes that are equal");
            assert!(q.radices(&store)[book.slots.clone()].iter().all(|&radix| radix == 12));
        }
        train_on(&config, (store, q));
    }
}

#[test]
fn wider_codes_behind_a_projection_change_no_value_and_learn_on() {
    let projected = |inner: QuantizerConfig| {
        let dim = inner.probe_dim();
        ProjectedConfig { dim, quantizer: inner }.into()
    };
    for (config, mut built) in with_codebooks(projected) {
        let z = normal(&[60, 5], 4);
        let before = eval(&built, &z);
        let dim = config.get::<ProjectedConfig>().expect("a projection").dim;
        assert!(built.1.raise(&mut built.0, 2 * dim, &mut Rng::seed_from_u64(3)), "{config:?}");
        let after = eval(&built, &z);
        assert_eq!(before.1, after.1, "{config:?}");
        let near = |(a, b): (&f64, &f64)| (a - b).abs() < 1e-12;
        assert!(before.0.as_slice().iter().zip(after.0.as_slice()).all(near), "{config:?}");
        train_on(&config, built);
    }
}
