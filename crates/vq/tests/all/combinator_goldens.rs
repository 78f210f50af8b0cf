//! Residual stacks and shared heads against the values and gradients of vector-quantize-pytorch, in f64.

use crate::common::{Case, Goldens, assert_close};
use gradbook_autograd::{Graph, ParamStore, Stream, Tape, Tensor};
use gradbook_nn::Scope;
use gradbook_vq::{Codes, Quantizer, QuantizerConfig, SKIPPED};

type Built = (Box<dyn Quantizer<f64>>, ParamStore<f64>);

/// Four levels of eight codes, which are those of the tensor `embed` `[level, code, channel]`.
fn residual(case: &Case, embed: &str) -> Built {
    let text =
        "kind = \"residual\"\nlevels = 4\n[quantizer]\nkind = \"codebook\"\ncodes = 8\ncommitment = 0.25";
    let config: QuantizerConfig = toml::from_str(text).expect("a config");
    let mut store = ParamStore::new();
    let q = config.build(5, &mut Scope::new(&mut store, 0)).expect("a legal config");
    for (level, codes) in case.tensor(embed).as_slice().chunks(40).enumerate() {
        let id = store.find(&format!("level.{level}.codes")).expect("codes");
        *store.get_mut(id) = Tensor::new([8, 5], codes.to_vec());
    }
    (q, store)
}

/// Indices `[row, slot]` of a fixture, −1 where a slot is left out.
fn rows(codes: &Codes) -> Vec<i64> {
    let of = |row: usize| (0..codes.slots()).map(move |slot| codes.column(slot)[row] as i64);
    (0..codes.column(0).len()).flat_map(of).collect()
}

#[test]
fn a_residual_stack_agrees_in_evaluation() {
    let goldens = Goldens::read("residual.safetensors");
    let case = goldens.case("residual_eval");
    let (q, store) = residual(case, "embed");
    let codes = q.encode(&store, &case.tensor("x"));
    assert_eq!(rows(&codes), case.indices("indices"));
    let y = case.tensor("y");
    assert_close("y", &q.decode(&store, &codes).reshaped(*y.shape()), &y);
}

#[test]
fn a_residual_stack_agrees_where_levels_are_left_out() {
    let goldens = Goldens::read("residual.safetensors");
    let case = goldens.case("residual_dropped");
    let (q, store) = residual(case, "embed");
    let column = |level: usize| -> Vec<u64> {
        let indices = case.indices("indices").iter().skip(level).step_by(4);
        indices.map(|&i| u64::try_from(i).unwrap_or(SKIPPED)).collect()
    };
    let codes = Codes::new((0..4).map(column).collect(), vec![8; 4]);
    let y = case.tensor("y");
    assert_close("y", &q.decode(&store, &codes).reshaped(*y.shape()), &y);
}

#[test]
fn a_residual_stack_agrees_in_a_training_step_but_for_the_encoders_gradient_four_times_over() {
    let goldens = Goldens::read("residual.safetensors");
    let case = goldens.case("residual_train");
    let (q, store) = residual(case, "embed0");
    let run = |of_losses: bool| {
        let tape = Tape::new();
        let g = Graph::train(&tape, &store);
        let x = tape.var(case.tensor("x"));
        let out = q.quantize(&g, x.into());
        assert_eq!(rows(&out.codes), case.indices("indices"));
        assert_close("y", &out.values.value(), &case.tensor("y"));
        let losses: Vec<f64> = out.losses.iter().map(|loss| loss.value.item()).collect();
        assert_close("losses", &Tensor::new([4], losses), &case.tensor("losses"));
        let grads = if of_losses {
            out.loss().expect("losses").backward()
        } else {
            out.values.backward_with(case.tensor("dy"))
        };
        grads[x].clone()
    };
    assert_close("dx", &run(false), &case.tensor("dy"));
    assert_close("dx", &run(false).map(|d| 4.0 * d), &case.tensor("dx"));
    assert_close("dx.loss", &run(true), &case.tensor("dx.loss"));
}

#[test]
fn a_greedy_search_agrees_and_a_beam_leaves_less_error_than_the_librarys() {
    let goldens = Goldens::read("residual.safetensors");
    let case = goldens.case("residual_beam");
    let (greedy, store) = residual(case, "embed");
    assert_eq!(rows(&greedy.encode(&store, &case.tensor("x"))), case.indices("greedy_indices"));
    let text = "kind = \"residual\"\nlevels = 4\nbeam = 3\n[quantizer]\nkind = \"codebook\"\ncodes = 8";
    let config: QuantizerConfig = toml::from_str(text).expect("a config");
    let beam = config.build(5, &mut Scope::new(&mut ParamStore::<f64>::new(), 0)).expect("a legal config");
    let x = case.tensor("x");
    let error =
        |y: &Tensor<f64>| x.as_slice().iter().zip(y.as_slice()).map(|(x, y)| (x - y).powi(2)).sum::<f64>();
    // The library ranks paths by the errors of all levels together, this crate by what is left at the end.
    let found = error(&beam.decode(&store, &beam.encode(&store, &x)));
    assert!(found <= error(&case.tensor("y")), "{found}");
    assert!(found < error(&greedy.decode(&store, &greedy.encode(&store, &x))));
}

#[test]
fn heads_with_one_codebook_agree_over_training_steps() {
    let goldens = Goldens::read("ema.safetensors");
    let case = goldens.case("ema_heads_shared");
    let number = |name: &str| case.number(name).unwrap_or_else(|| panic!("no `{name}`"));
    let embed0 = case.tensor("embed0");
    let text = format!(
        "kind = \"heads\"\nheads = 2\n[quantizer]\nkind = \"codebook\"\ncodes = {}\ncommitment = {:?}\n\
         learning = {{ by = \"ema\", decay = {:?} }}",
        embed0.shape()[0],
        number("commitment_weight"),
        number("decay")
    );
    let config: QuantizerConfig = toml::from_str(&text).expect("a config");
    let mut store = ParamStore::<f64>::new();
    let q = config.build(6, &mut Scope::new(&mut store, 0)).expect("a legal config");
    let codes = store.find("codes").expect("codes");
    for name in ["codes", "ema.sums"] {
        let id = store.find(name).expect("a buffer");
        *store.get_mut(id) = embed0.clone();
    }
    let steps = case.tensor("x").shape()[0];
    let of_step = |name: &str, step: usize| {
        let all = case.tensor(name);
        let shape = all.shape()[1..].to_vec();
        let size = shape.iter().product::<usize>();
        Tensor::new(&shape[..], all.as_slice()[step * size..(step + 1) * size].to_vec())
    };
    for step in 0..steps {
        let stats = {
            let tape = Tape::new();
            let g = Graph::train(&tape, &store);
            let x = tape.var(of_step("x", step));
            let out = q.quantize(&g, x.into());
            let indices = rows(&out.codes);
            assert_eq!(indices, &case.indices("indices")[step * indices.len()..(step + 1) * indices.len()]);
            let loss = out.loss().expect("commitment");
            assert_close("loss", &loss.value(), &of_step("loss", step));
            let dy = tape.constant(of_step("dy", step));
            let grads = ((out.values * dy).sum_all() + loss).backward();
            assert_close("dx", &grads[x], &of_step("dx", step));
            g.take_stats()
        };
        q.absorb(&mut store, &stats, &Stream::new(0, step as u64, 0));
        assert_close("embed", store.get(codes), &of_step("embed", step));
    }
}
