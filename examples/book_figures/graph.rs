//! Chapter 2: what the tape holds after d = sin(a·b + a), from the tape's own Graphviz text, laid out in rows.

use gradbook::autograd::Tape;

use crate::svg::{BLUE, Drawing, INK};

pub fn figure() -> String {
    let tape = Tape::<f64>::new();
    let (a, b) = (tape.scalar(2.0), tape.scalar(3.0));
    let _d = (a * b + a).sin();
    draw(&tape.dot(), &["a = 2", "b = 3", "c = a·b = 6", "e = c + a = 8", "d = sin e = 0.989"])
}

/// The nodes of a Graphviz text, a row for every step away from the leaves.
fn draw(dot: &str, notes: &[&str]) -> String {
    let number = |word: &str| word.trim().trim_end_matches(';').strip_prefix('n')?.parse::<usize>().ok();
    let edges: Vec<(usize, usize)> = dot
        .lines()
        .filter_map(|line| line.split_once("->"))
        .filter_map(|(from, to)| Some((number(from)?, number(to)?)))
        .collect();
    let ops: Vec<&str> =
        dot.lines().filter_map(|line| line.split_once("[label=\"")?.1.split_whitespace().next()).collect();
    let mut rows = vec![0; ops.len()];
    for &(from, to) in &edges {
        rows[to] = rows[to].max(rows[from] + 1); // edges come in the order of the tape
    }
    let place = |node: usize| {
        let before = (0..node).filter(|&other| rows[other] == rows[node]).count() as i32;
        let count = rows.iter().filter(|&&row| row == rows[node]).count() as i32;
        [240 + (2 * before - count + 1) * 130, 10 + 75 * rows[node]]
    };
    let mut drawing = Drawing::new(480, 75 * rows.iter().max().map_or(0, |last| last + 1));
    for (from, to) in edges {
        let ([x, y], [u, v]) = (place(from), place(to));
        let side = (x - u).signum();
        let neighbors = rows[to] == rows[from] + 1;
        // An edge that skips a row enters from the side, past what stands between.
        let end = if neighbors { [u + side * 30, v] } else { [u + side * 88, v + 23] };
        drawing.arrow([x, y + 46], end);
    }
    for (node, op) in ops.iter().enumerate() {
        let [x, y] = place(node);
        let leaf = *op == "leaf";
        drawing.rect([x - 88, y], [176, 46], if leaf { 2 } else { 22 }, if leaf { BLUE } else { INK });
        drawing.text([x, y + 19], &format!("{node}: {op}"));
        drawing.text([x, y + 37], notes[node]);
    }
    drawing.finish()
}
