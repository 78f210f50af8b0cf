//! What an op costs in memory, the tape's own part. Alone in its process, for what it measures is the process.

use gradbook_autograd::Tape;
use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// The most bytes per op that a chain of so many takes, forward and backward.
fn bytes_per_op(ops: usize) -> f64 {
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let tape = Tape::<f64>::new();
    let x = tape.scalar(0.5);
    let y = (0..ops / 2).fold(x, |y, _| (y + x).sin());
    assert!(y.backward()[x].item().is_finite());
    (MEMORY.peak_usage() - before) as f64 / ops as f64
}

#[test]
fn an_op_among_a_million_takes_no_more_memory_than_one_among_a_few_thousand() {
    let (few, many) = (bytes_per_op(1 << 12), bytes_per_op(1 << 20));
    // A list that doubles while it moves is three times as long for a moment: 150 bytes of node, and the boxed derivative.
    assert!(many < 600.0 && many < 1.1 * few, "{few} and {many} bytes per op");
}
