//! What the benchmarks promise to cover.

#[path = "../benches/op_table/mod.rs"]
mod op_table;

use gradbook::autograd::{Tape, Tensor, ops};
use op_table::{Arguments, OPS};

#[test]
fn every_op_is_measured_and_under_its_own_name() {
    let names: Vec<_> = ops::ALL.iter().map(|op| op.name).collect();
    assert_eq!(OPS.iter().map(|(name, _)| *name).collect::<Vec<_>>(), names);
    for (name, apply) in OPS {
        let tape = Tape::new();
        let [x, y] = [[4, 4]; 2].map(|shape| tape.var(Tensor::filled(shape, 1.5)));
        let kernel = tape.var(Tensor::filled([3, 4, 4], 1.5));
        apply(Arguments { x, y, kernel });
        assert!(tape.dot().contains(name), "the entry `{name}` does not apply that op:\n{}", tape.dot());
    }
}
