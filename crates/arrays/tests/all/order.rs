//! The order of folds, in writing: elements are names, and what joins two of them puts them between brackets.

use std::cell::RefCell;

use gradbook_arrays::Tensor;

fn pair(a: String, b: &str) -> String {
    match (&*a, b) {
        ("", _) => b.to_owned(),
        (_, "") => a,
        _ => format!("({a} {b})"),
    }
}

/// One after the other.
fn chain(names: impl IntoIterator<Item = String>) -> String {
    names.into_iter().fold(String::new(), |all, name| pair(all, &name))
}

fn every(start: usize, step: usize, end: usize) -> String {
    chain((start..end).step_by(step).map(|i| i.to_string()))
}

/// How the fold of `rows` rows of `width` goes, the same in each column; a row is known by its number.
fn order(rows: usize, width: usize, axis: usize) -> String {
    let names = RefCell::new(vec![String::new()]); // the identity
    names.borrow_mut().extend((0..rows).map(|i| i.to_string()));
    let x = Tensor::build(if axis == 0 { [rows, width] } else { [width, rows] }, |out| {
        out.iter_mut()
            .enumerate()
            .for_each(|(i, x)| *x = 1.0 + if axis == 0 { i / width } else { i % rows } as f64);
    });
    let folded = x.fold_axes(&[axis], 0.0, |a, b| {
        let mut names = names.borrow_mut();
        let joined = pair(names[a as usize].clone(), &names[b as usize]);
        names.push(joined);
        (names.len() - 1) as f64
    });
    let found: Vec<String> = folded.as_slice().iter().map(|&x| names.borrow()[x as usize].clone()).collect();
    assert!(found.iter().all(|order| *order == found[0]), "the columns of {rows} × {width} differ");
    found[0].clone()
}

#[test]
fn a_short_run_is_folded_in_eight_strands() {
    assert_eq!(order(3, 1, 1), "((0 1) 2)");
    assert_eq!(order(10, 2, 1), "((((((((0 8) (1 9)) 2) 3) 4) 5) 6) 7)");
    for n in [40, 127, 128] {
        assert_eq!(order(n, 2, 1), chain((0..8).map(|j| every(j, 8, n))), "{n} numbers");
    }
}

#[test]
fn a_long_run_is_folded_in_blocks_of_sixteen_strands_and_the_blocks_in_pairs() {
    let block = |start: usize, end: usize| {
        let whole = end - (end - start) % 16;
        let lane = |j: usize| {
            let halves = pair(every(start + j, 16, whole), &every(start + j + 8, 16, whole));
            pair(halves, &every(whole + j, 8, end))
        };
        chain((0..8).map(lane))
    };
    for n in [129, 200, 256] {
        assert_eq!(order(n, 3, 1), block(0, n), "{n} numbers");
    }
    assert_eq!(order(300, 1, 1), pair(block(0, 256), &block(256, 300)));
    assert_eq!(order(700, 1, 0), pair(pair(block(0, 256), &block(256, 512)), &block(512, 700)));
}

#[test]
fn wide_rows_are_folded_in_blocks_of_sixteen_and_the_blocks_in_pairs() {
    for width in [17, 32, 100] {
        assert_eq!(order(5, width, 0), every(0, 1, 5));
        let blocks = [every(0, 1, 16), every(16, 1, 32), every(32, 1, 36)];
        let [first, second, third] = blocks;
        assert_eq!(order(36, width, 0), pair(pair(first, &second), &third), "{width} columns");
    }
}

#[test]
fn of_narrow_rows_several_count_as_one_if_there_are_two_of_those() {
    // Of 8 numbers, four rows are one of 32.
    assert_eq!(order(7, 8, 0), every(0, 1, 7));
    assert_eq!(order(8, 8, 0), "((((0 4) (1 5)) (2 6)) (3 7))");
    assert_eq!(order(10, 8, 0), "(((((8 9) (0 4)) (1 5)) (2 6)) (3 7))");
    // Of 16, two.
    assert_eq!(order(3, 16, 0), "((0 1) 2)");
    assert_eq!(order(4, 16, 0), "((0 2) (1 3))");
    // Of 3, ten, and blocks of sixteen in pairs.
    let lane = |j: usize| pair(every(j, 10, 160), &every(160 + j, 10, 200));
    assert_eq!(order(19, 3, 0), pair(every(0, 1, 16), &every(16, 1, 19)));
    assert_eq!(order(200, 3, 0), chain((0..10).map(lane)));
}
