//! The quickest look at every kind with every option: it builds, trains a step, seeds, and decodes what it encodes.

use gradbook_autograd::{Graph, Stream, Tape};

use crate::trial::{build, normal, probes};

#[test]
fn decoding_what_was_encoded_gives_the_quantized_value_bit_for_bit() {
    for config in probes() {
        let dim = config.probe_dim();
        let (mut store, q) = build::<f32>(&config, dim);
        q.seed(&mut store, &normal(&[1, 50, dim], 3).reshaped([50, dim]), &Stream::new(1, 0, 0));
        for step in 0..3 {
            let (stats, grads) = {
                let tape = Tape::new();
                let g = Graph::train(&tape, &store).with_stream(Stream::new(1, step, 0));
                let z = tape.var(normal(&[2, 60, dim], step));
                let out = q.quantize(&g, z.into());
                assert_eq!(out.values.shape(), z.shape());
                let loss = out.losses.iter().fold(out.values.square().sum_all(), |sum, l| sum + l.value);
                let grads = loss.backward();
                assert!(grads[z].as_slice().iter().all(|g| g.is_finite()), "{config:?}");
                (g.take_stats(), grads)
            };
            drop(grads);
            q.absorb(&mut store, &stats, &Stream::new(1, step, 99));
        }
        let tape = Tape::new();
        let before = format!("{store:?}");
        let g = Graph::eval(&tape, &store);
        let z = tape.constant(normal(&[2, 60, dim], 77));
        let out = q.quantize(&g, z.into());
        let decoded = q.decode(&store, &out.codes);
        assert_eq!(decoded.as_slice(), out.values.value().as_slice(), "{config:?}");
        assert_eq!(out.codes.slots(), q.radices(&store).len());
        assert!(g.take_stats().is_empty() && format!("{store:?}") == before, "evaluation changes nothing");
    }
}
