//! Shapes: sizes that are counted, broadcasting, and sentences at the caller's line.

use std::panic::{AssertUnwindSafe, catch_unwind};

use gradbook_arrays::{MAX_RANK, Shape, Tensor, broadcast_or_panic, mismatch};

/// What a panic says, and the line that it names.
fn complaint<R>(work: impl FnOnce() -> R) -> String {
    let panic = catch_unwind(AssertUnwindSafe(|| {
        work();
    }));
    let panic = panic.expect_err("it panics");
    let text = panic.downcast_ref::<String>().cloned();
    text.unwrap_or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()).unwrap_or_default())
}

#[test]
fn the_size_is_the_product_of_the_axes() {
    assert_eq!(Shape::new(&[]).size(), 1);
    assert_eq!(Shape::new(&[7]).size(), 7);
    assert_eq!(Shape::new(&[2, 3, 4, 5, 6, 7]).size(), 5040);
    assert_eq!(Shape::new(&[3, 0, 5]).size(), 0);
    assert_eq!(Shape::new(&[1 << 20, 1 << 20]).size(), 1 << 40);
}

#[test]
fn a_size_beyond_counting_is_refused_in_words() {
    for axes in
        [&[1 << 32, 1 << 32][..], &[usize::MAX, 2], &[1 << 33, 1 << 33, 0], &[0, usize::MAX], &[1 << 62]]
    {
        let said = complaint(|| Shape::new(axes));
        assert!(said.contains("too many elements") && said.contains("rule: "), "{axes:?}: {said}");
    }
    let most = (1 << 57) - 1; // ⌊(2⁶³ − 1)/64⌋
    assert_eq!(Shape::new(&[most]).size(), most);
    assert!(complaint(|| Shape::new(&[most + 1])).contains(&format!("at most {most}")));
    let said = complaint(|| Tensor::<f32>::zeros([1 << 32, 1 << 32]));
    assert!(said.contains("[4294967296, 4294967296]"), "{said}");
    let (column, row) = (Shape::new(&[1 << 40, 1]), Shape::new(&[1 << 40]));
    assert!(complaint(|| column.broadcast(&row)).contains("too many elements"));
}

#[test]
fn seven_axes_are_too_many() {
    assert_eq!(MAX_RANK, 6);
    let said = complaint(|| Shape::new(&[1; 7]));
    assert!(said.contains("7 axes") && said.contains("at most 6"), "{said}");
}

#[test]
fn shapes_are_equal_if_their_axes_are() {
    assert_eq!(Shape::new(&[2, 3]), Shape::from([2, 3]));
    assert_eq!(Shape::from(&[2, 3][..]), Shape::from([2, 3]));
    for other in [&[3, 2][..], &[2, 3, 1], &[1, 2, 3], &[6], &[2, 3, 0], &[]] {
        assert_ne!(Shape::new(&[2, 3]), Shape::new(other));
    }
    assert_ne!(Shape::new(&[2, 0]), Shape::new(&[3, 0]));
    assert_eq!(format!("{:?}", Shape::new(&[2, 3])), "[2, 3]");
}

#[test]
fn two_lengths_broadcast_if_they_are_equal_or_one_of_them_is_1() {
    let to = |a: &[usize], b: &[usize]| {
        let (a, b) = (Shape::new(a), Shape::new(b));
        let (forth, back) = (a.broadcast(&b), b.broadcast(&a));
        assert_eq!(forth, back);
        forth.map(|shape| shape.to_vec())
    };
    assert_eq!(to(&[4, 3], &[3]), Some(vec![4, 3]));
    assert_eq!(to(&[4, 1], &[3]), Some(vec![4, 3]));
    assert_eq!(to(&[2, 1, 3], &[5, 1]), Some(vec![2, 5, 3]));
    assert_eq!(to(&[], &[2, 2]), Some(vec![2, 2]));
    assert_eq!(to(&[1, 1, 1], &[7]), Some(vec![1, 1, 7]));
    assert_eq!(to(&[0], &[1]), Some(vec![0]));
    assert_eq!(to(&[4, 3], &[4]), None);
    assert_eq!(to(&[2, 3], &[3, 2]), None);
    assert_eq!(to(&[0], &[2]), None);
    let said = complaint(|| broadcast_or_panic("add", &Shape::new(&[4, 3]), &Shape::new(&[4])));
    assert!(
        said.starts_with("add: ") && said.contains("left [4, 3]") && said.contains("right [4]"),
        "{said}"
    );
}

#[test]
fn axes_are_reduced_replaced_and_looked_around() {
    let shape = Shape::new(&[2, 3, 4, 5]);
    assert_eq!(shape.reduced(&[1, 3], true)[..], [2, 1, 4, 1]);
    assert_eq!(shape.reduced(&[1, 3], false)[..], [2, 4]);
    assert_eq!(shape.reduced(&shape.all_axes(), false), Shape::new(&[]));
    assert_eq!((shape.around(0), shape.around(2), shape.around(3)), ([1, 2, 60], [6, 4, 5], [24, 5, 1]));
    assert_eq!(shape.with_axis(2, 9)[..], [2, 3, 9, 5]);
    assert_eq!(shape.with_axis(2, 9).size(), 270);
}

#[test]
fn axes_that_do_not_fit_are_named() {
    let shape = Shape::new(&[2, 3]);
    shape.check_axes("sum", &[]);
    shape.check_axes("sum", &[1, 0]);
    for axes in [&[2][..], &[0, 0], &[0, 1, 1]] {
        let said = complaint(|| shape.check_axes("sum", axes));
        assert!(said.contains(&format!("axes {axes:?} do not fit 2 axes")), "{said}");
    }
}

#[test]
fn a_mismatch_names_operands_axes_and_rule() {
    let (x, w) = (Shape::new(&[4, 3]), Shape::new(&[2]));
    let said = complaint(|| {
        mismatch("fold", "3 is odd", &[("x", &x, "row, column"), ("w", &w, "")], "an even number of columns")
    });
    assert_eq!(said, "fold: 3 is odd\n  x [4, 3] (row, column)   w [2]\n  rule: an even number of columns");
}

#[test]
fn a_panic_names_the_line_of_the_caller() {
    let line = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let (seen, me) = (line.clone(), std::thread::current().id());
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if std::thread::current().id() == me {
            seen.lock()
                .expect("unspoiled")
                .extend(info.location().map(|at| (at.file().to_owned(), at.line())));
        }
    }));
    let _ = catch_unwind(|| Tensor::<f32>::zeros([1 << 32, 1 << 32]));
    let _ = catch_unwind(|| Tensor::new([2], vec![1.0; 3]));
    let _ = catch_unwind(|| Tensor::<f32>::zeros([2]).item());
    let _ = catch_unwind(|| Tensor::<f32>::zeros([2]).zip(&Tensor::zeros([3]), |a, _| a));
    let _ = catch_unwind(|| Tensor::<f32>::zeros([2]).reshaped([3]));
    std::panic::set_hook(before);
    let seen = line.lock().expect("unspoiled").clone();
    assert_eq!(seen.len(), 5);
    assert!(seen.iter().all(|(file, _)| file.ends_with("shapes.rs")), "{seen:?}");
    assert!(seen.windows(2).all(|pair| pair[0].1 + 1 == pair[1].1), "{seen:?}");
}
