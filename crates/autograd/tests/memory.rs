//! Memory: training does not grow. Alone in its process, for what it measures is the process.

use gradbook_autograd::{Conv1dSpec, Tape, Tensor};

/// Pages in memory, where the system tells.
fn resident() -> Option<usize> {
    std::fs::read_to_string("/proc/self/statm").ok()?.split_whitespace().nth(1)?.parse().ok()
}

#[test]
fn ten_thousand_training_steps_do_not_grow() {
    let mut w = Tensor::<f32>::filled([3, 8, 8], 0.01);
    let mut step = || {
        let tape = Tape::new();
        let x = tape.constant(Tensor::filled([4, 16, 8], 0.5));
        let weight = tape.var(w.clone());
        let y =
            x.conv1d(weight, None, Conv1dSpec { pad_left: 1, pad_right: 1, ..Conv1dSpec::default() }).tanh();
        let grads = (y - x).square().sum_all().backward();
        let g = grads[weight].clone();
        drop(tape);
        w.zip_assign(&g, |w, g| w - 1e-4 * g);
    };
    (0..1000).for_each(|_| step());
    let Some(before) = resident() else { return };
    (0..10_000).for_each(|_| step());
    let grown = resident().expect("told before").saturating_sub(before);
    assert!(grown < 256, "{grown} pages more after 10,000 steps");
}
