//! Heads, scales and residual options: what their codes are, and what reaches the encoder.

use gradbook_autograd::{Graph, ParamStore, Stream, Tape, Tensor};
use gradbook_nn::Scope;
use gradbook_vq::{Codes, QuantizerConfig, SKIPPED};

use crate::trial::{Built, gradients, normal, of};

fn refused(text: &str, dim: usize) -> String {
    let config: QuantizerConfig = toml::from_str(text).expect("a config");
    match config.build::<f64>(dim, &mut Scope::new(&mut ParamStore::new(), 1)) {
        Ok(_) => panic!("{text} is built"),
        Err(error) => error.to_string(),
    }
}

pub fn assert_near(got: &Tensor<f64>, expected: &Tensor<f64>) {
    assert_eq!(got.shape(), expected.shape());
    let near = |(a, b): (&f64, &f64)| (a - b).abs() < 1e-12;
    assert!(got.as_slice().iter().zip(expected.as_slice()).all(near), "{got:?}\n{expected:?}");
}

pub const BOOK: &str = "{ kind = \"codebook\", codes = 7 }";

#[test]
fn the_encoder_gets_the_decoders_gradient_once_and_every_levels_commitment() {
    for (text, dim) in [
        (format!("kind = \"residual\"\nlevels = 4\nquantizer = {BOOK}"), 3),
        (format!("kind = \"residual\"\nlevels = 4\nsharing = \"shared\"\nquantizer = {BOOK}"), 3),
        (format!("kind = \"residual\"\nlevels = 4\ndepth = \"per_row\"\nquantizer = {BOOK}"), 3),
        (format!("kind = \"multi_scale\"\nscales = [1, 2, 3]\nquantizer = {BOOK}"), 3),
        (
            format!(
                "kind = \"multi_scale\"\nscales = [2]\nsharing = \"own\"\nupsample = \"nearest\"\nquantizer = {BOOK}"
            ),
            3,
        ),
        (format!("kind = \"heads\"\nheads = 2\nquantizer = {BOOK}"), 6),
    ] {
        let built = of(&text, dim);
        let (z, dy) = (normal(&[4, 5, dim], 1), normal(&[4, 5, dim], 2));
        let (dz, losses) = gradients(&built, &z, &dy);
        assert_near(&dz, &dy);
        assert!(!losses.is_empty());
        for (name, dz) in losses {
            assert!(dz.as_slice().iter().any(|&d| d != 0.0), "{text}: {name} does not reach the encoder");
        }
    }
}

#[test]
fn scales_are_averages_of_what_is_left() {
    // Codes so close together that quantizing changes nothing but by 10⁻³: the finest scale finds nothing left to do.
    let text = "kind = \"multi_scale\"\nscales = [1, 2]\nupsample = \"nearest\"\nquantizer = { kind = \"latent\", levels = [1001] }";
    let (store, q) = of(text, 1);
    let z = Tensor::new([2, 4, 1], vec![0.1, 0.1, 0.3, 0.3, -0.2, -0.2, 0.2, 0.2]);
    let codes = q.encode(&store, &z);
    let column =
        |scale: usize| -> Vec<f64> { codes.column(scale).iter().map(|&i| i as f64 / 1000.0 - 0.5).collect() };
    let near = |got: Vec<f64>, expected: &[f64]| {
        assert_eq!(got.len(), expected.len());
        assert!(got.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-9), "{got:?}");
    };
    near(column(0), &[0.2, 0.0]);
    near(column(1), &[-0.1, 0.1, -0.2, 0.2]);
    near(column(2), &[0.0; 8]);
    assert!(codes.tokens().is_err(), "columns of different lengths are not one token per row");
}

#[test]
fn an_item_of_a_batch_is_quantized_as_if_it_were_alone() {
    let (store, q) = of(&format!("kind = \"multi_scale\"\nscales = [1, 2, 4]\nquantizer = {BOOK}"), 3);
    let z = normal(&[2, 6, 3], 5);
    let together = q.decode(&store, &q.encode(&store, &z));
    for (i, rows) in z.as_slice().chunks(18).enumerate() {
        let item = Tensor::new([6, 3], rows.to_vec()); // rows alone are one item
        let alone = q.decode(&store, &q.encode(&store, &item));
        assert_near(&alone, &Tensor::new([6, 3], together.as_slice()[i * 18..(i + 1) * 18].to_vec()));
    }
}

#[test]
fn the_first_columns_decode_to_the_sum_of_the_first_levels() {
    let (store, q) = of(&format!("kind = \"residual\"\nlevels = 3\nquantizer = {BOOK}"), 2);
    let z = normal(&[9, 2], 3);
    let codes = q.encode(&store, &z);
    for levels in 1..=3 {
        let mut all: Vec<Vec<u64>> = (0..3).map(|level| codes.column(level).to_vec()).collect();
        all[levels..].iter_mut().for_each(|column| column.fill(SKIPPED));
        assert_near(
            &q.decode(&store, &codes.part(0, levels)),
            &q.decode(&store, &Codes::new(all, vec![7; 3])),
        );
    }
}

#[test]
fn rows_of_less_depth_are_skipped_from_there_on_and_leave_no_trace() {
    let (store, q) =
        of(&format!("kind = \"residual\"\nlevels = 4\ndepth = \"per_row\"\nquantizer = {BOOK}"), 2);
    let tape = Tape::new();
    let g = Graph::train(&tape, &store).with_stream(Stream::new(4, 0, 0));
    let out = q.quantize(&g, tape.var(normal(&[64, 2], 3)).into());
    let depth = |row: usize| (0..4).filter(|&level| out.codes.column(level)[row] != SKIPPED).count();
    let mut seen = [0; 5];
    for row in 0..64 {
        seen[depth(row)] += 1;
        assert!((0..4).all(|level| (out.codes.column(level)[row] != SKIPPED) == (level < depth(row))));
    }
    assert!(seen[0] == 0 && seen[1..].iter().all(|&rows| rows > 3), "{seen:?}");
    assert_near(&out.values.value(), &q.decode(&store, &out.codes));
    let stats = g.take_stats();
    for (level, book) in q.codebooks().iter().enumerate() {
        let hits: u64 = stats.counts(book.codebook.parameter(), "hits").expect("hits").iter().sum();
        assert_eq!(
            hits as usize,
            seen[level + 1..].iter().sum::<usize>(),
            "level {level} counts the rows it saw"
        );
    }
}

#[test]
fn shared_codes_learn_from_all_levels() {
    let (mut store, q) =
        of(&format!("kind = \"residual\"\nlevels = 3\nsharing = \"shared\"\nquantizer = {BOOK}"), 2);
    let stats = {
        let tape = Tape::new();
        let g = Graph::train(&tape, &store);
        q.quantize(&g, tape.var(normal(&[10, 2], 3)).into());
        g.take_stats()
    };
    let books = q.codebooks();
    assert!(books.iter().all(|book| book.codebook.parameter() == books[0].codebook.parameter()));
    assert_eq!(stats.counts(books[0].codebook.parameter(), "hits").expect("hits").iter().sum::<u64>(), 30);
    assert_eq!(store.iter().filter(|(_, entry)| entry.name.ends_with("codes")).count(), 1);
    q.absorb(&mut store, &stats, &Stream::new(0, 0, 0));
}

/// Σ ‖z − q‖² per row.
fn errors((store, q): &Built, z: &Tensor<f64>) -> Vec<f64> {
    let y = q.decode(store, &q.encode(store, z));
    let width = z.shape()[1];
    let d = z.zip(&y, |z, y| (z - y).powi(2));
    d.as_slice().chunks(width).map(|row| row.iter().sum()).collect()
}

#[test]
fn a_beam_wide_enough_finds_the_best_sum_of_codes() {
    let text = |beam: usize| {
        format!(
            "kind = \"residual\"\nlevels = 3\nbeam = {beam}\nquantizer = {{ kind = \"codebook\", codes = 4 }}"
        )
    };
    let z = normal(&[30, 2], 3);
    let wide = of(&text(16), 2);
    let greedy = errors(&of(&text(1), 2), &z);
    let found = errors(&wide, &z);
    let all = Codes::from_tokens(&(0..64).collect::<Vec<_>>(), &[4, 4, 4]);
    let sums = wide.1.decode(&wide.0, &all);
    for (row, z) in z.as_slice().chunks(2).enumerate() {
        let error = |q: &[f64]| (q[0] - z[0]).powi(2) + (q[1] - z[1]).powi(2);
        let best = sums.as_slice().chunks(2).map(error).fold(f64::INFINITY, f64::min);
        assert!((found[row] - best).abs() < 1e-12, "row {row}: {} instead of {best}", found[row]);
    }
    assert!(found.iter().sum::<f64>() < greedy.iter().sum::<f64>());
}

#[test]
fn heads_are_rows_of_the_same_codebook() {
    let (store, q) = of(&format!("kind = \"heads\"\nheads = 3\nquantizer = {BOOK}"), 6);
    let (mut own, alone) = of(&BOOK[1..BOOK.len() - 1].replace(", ", "\n"), 2);
    own.values_mut().zip(store.iter()).for_each(|((_, value), (_, same))| *value = same.value.clone());
    let z = normal(&[5, 6], 3);
    let parts = alone.encode(&own, &z.reshaped([15, 2]));
    let codes = q.encode(&store, &z);
    for (i, &code) in parts.column(0).iter().enumerate() {
        assert_eq!(codes.column(i % 3)[i / 3], code);
    }
    assert_near(&q.decode(&store, &codes), &alone.decode(&own, &parts).reshaped([5, 6]));
}

#[test]
fn what_cannot_work_is_refused_with_the_rule() {
    let fsq = "{ kind = \"fsq\", levels = [3, 3] }";
    for (text, dim, rule) in [
        (format!("kind = \"residual\"\nlevels = 2\nbeam = 2\nquantizer = {fsq}"), 2, "without a codebook"),
        (format!("kind = \"residual\"\nlevels = 2\nbeam = 0\nquantizer = {BOOK}"), 2, "1 to 1024"),
        (format!("kind = \"heads\"\nheads = 3\nquantizer = {BOOK}"), 4, "divisor"),
        (format!("kind = \"multi_scale\"\nscales = [2, 2]\nquantizer = {BOOK}"), 2, "rising"),
        (format!("kind = \"hierarchical\"\nstrides = [3, 2]\nquantizer = {BOOK}"), 2, "multiple of the next"),
        (format!("kind = \"multi_scale\"\nscales = []\nquantizer = {BOOK}"), 2, "one or more"),
        (
            format!(
                "kind = \"grouped\"\ngroups = 1\nquantizer = {{ kind = \"multi_scale\", scales = [1], quantizer = {BOOK} }}"
            ),
            2,
            "single rows",
        ),
        ("kind = \"random_projection\"\ncodes = 3\nwidth = 5".into(), 4, "1 to 4"),
        ("kind = \"lfq\"\nentropy = { batch = \"exact\" }".into(), 20, "per_bit"),
        ("kind = \"lfq\"".into(), 64, "1 to 63"),
        ("kind = \"fsp\"\nlevels = [3]\nquantize_rate = 1.5".into(), 1, "0 ≤ x ≤ 1"),
        ("kind = \"latent\"\nlevels = [3, 1]".into(), 2, "at least two"),
    ] {
        let error = refused(&text, dim);
        assert!(error.contains(rule), "{error}");
    }
}
