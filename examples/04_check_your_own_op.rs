//! A new op in one call, its gradient proven; and the same op with a mistake, caught.

use gradbook::autograd::{Tape, Tensor, Var, case, check::Sampler};

/// softsign: y = x/(1 + |x|), ∂y/∂x = slope/(1 + |x|)²; the right slope is 1.
fn softsign<'t, T: gradbook::autograd::Real>(x: Var<'t, T>, slope: f64) -> Var<'t, T> {
    x.tape().custom(
        "softsign",
        &[x],
        |v| v[0].map(|x| x / (T::ONE + x.abs())),
        move |v, _, mut g, sink| {
            g.zip_assign(&v[0], |g, x| {
                let d = T::ONE + x.abs();
                T::of(slope) * g / (d * d)
            });
            sink.add(0, g);
        },
    )
}

fn main() {
    let mut s = Sampler::new(7);
    let x = s.away_from(&[3, 4], &[0.0]);
    match case!([x.clone()], |x| softsign(x[0], 1.0)).verify(1) {
        Ok(errors) => println!(
            "the right derivative: central differences agree to {:.1e}, duals to {:.1e}",
            errors.central, errors.dual
        ),
        Err(failure) => panic!("{failure}"),
    }
    let failure = case!([x], |x| softsign(x[0], 1.01)).verify(1).expect_err("1 % too large");
    println!(
        "one 1 % too steep: {} expect {:.5}, the tape says {:.5}",
        failure.oracle, failure.expected, failure.got
    );

    let tape = Tape::<f64>::new();
    let x = tape.var(Tensor::scalar(1.0));
    assert_eq!(softsign(x, 1.0).backward()[x].item(), 0.25);
}
