//! A picture of what a tape holds: pipe the first part into `dot -Tsvg`, paste the second into Markdown.

use gradbook::autograd::{Tape, Tensor};

fn main() {
    let tape = Tape::<f32>::new();
    let x = tape.constant(Tensor::filled([8, 4], 1.0));
    let w = tape.var(Tensor::filled([4, 2], 0.5));
    let loss = x.matmul(w).relu().mean_all();

    println!("{}", tape.dot());
    println!("```mermaid\n{}```", tape.mermaid());
    let stats = tape.stats();
    println!("{} values, {} derivatives recorded, {} bytes", stats.nodes, stats.recorded, stats.bytes);
    assert_eq!(loss.item(), 2.0);
}
