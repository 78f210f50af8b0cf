//! Single precision keeps what double precision says, out to where numbers end: nothing overflows into a NaN.

use gradbook_autograd::{Dual, Tape, Tensor, Var, hvp, jvp};
use proptest::prelude::*;

/// An op in three arithmetics, with the name of the op.
macro_rules! smooth {
    ($($name:ident),+) => {
        [$((
            stringify!($name),
            (|x| x.$name()) as for<'t> fn(Var<'t, f32>) -> Var<'t, f32>,
            (|x| x.$name()) as for<'t> fn(Var<'t, f64>) -> Var<'t, f64>,
            (|x| x.$name()) as for<'t> fn(Var<'t, Dual>) -> Var<'t, Dual>,
        )),+]
    };
}

/// Magnitudes from the smallest normal number to 10⁶, of either sign.
fn magnitudes() -> impl Strategy<Value = f32> {
    (-126.0f32..20.0, any::<bool>()).prop_map(|(e, negative)| if negative { -e.exp2() } else { e.exp2() })
}

proptest! {
    #[test]
    fn activations_in_f32_are_those_in_f64(x in magnitudes()) {
        for (name, narrow, wide, _) in smooth!(sigmoid, tanh, softplus, silu, gelu, gelu_tanh, relu) {
            let (t32, t64) = (Tape::new(), Tape::new());
            let (x32, x64) = (t32.scalar(f64::from(x)), t64.scalar(f64::from(x)));
            let (y32, y64) = (narrow(x32), wide(x64));
            let values = (y32.item(), y64.item());
            let slopes = (y32.backward()[x32].item(), y64.backward()[x64].item());
            for (what, (got, expected)) in [("value", values), ("slope", (f64::from(slopes.0), slopes.1))] {
                let error = (got - expected).abs() / expected.abs().max(1.0);
                prop_assert!(error < 2e-6, "{} {}: at {} got {} for {}", name, what, x, got, expected);
            }
        }
    }

    #[test]
    fn derivatives_of_every_order_and_mode_are_finite_far_out(x in magnitudes()) {
        let x = [Tensor::scalar(f64::from(x))];
        let one = [Tensor::scalar(1.0)];
        for (name, _, _, dual) in smooth!(sigmoid, tanh, softplus, silu, gelu, gelu_tanh, relu) {
            let (_, slope) = jvp(|x| dual(x[0]), &x, &one);
            let (_, curve) = hvp(|x| dual(x[0]), &x, &one[0], &one);
            prop_assert!(slope.item().is_finite() && curve[0].item().is_finite(), "{} at {:?}: {:?} {:?}", name, x, slope, curve);
        }
    }

    #[test]
    fn logarithm_and_exponential_undo_each_other_in_f32(x in -80.0f64..80.0) {
        let tape = Tape::<f32>::new();
        prop_assert!((tape.scalar(x).exp().ln().item() - x).abs() < 1e-5 * x.abs().max(1.0));
    }
}

#[test]
fn the_logarithm_of_a_tiny_probability_is_finite_through_softplus() {
    // ln σ(x) = −softplus(−x), where ln(sigmoid(x)) is −∞ in f32.
    let tape = Tape::<f32>::new();
    let x = tape.scalar(-200.0);
    assert_eq!(x.sigmoid().ln().item(), f64::NEG_INFINITY);
    let y = -(-x).softplus();
    assert_eq!((y.item(), y.backward()[x].item()), (-200.0, 1.0));
}

#[test]
fn infinities_saturate() {
    let tape = Tape::<f32>::new();
    let (up, down) = (tape.scalar(f64::INFINITY), tape.scalar(f64::NEG_INFINITY));
    assert_eq!((up.sigmoid().item(), down.sigmoid().item()), (1.0, 0.0));
    assert_eq!((up.tanh().item(), down.tanh().item()), (1.0, -1.0));
    assert_eq!((up.softplus().item(), down.softplus().item()), (f64::INFINITY, 0.0));
    assert_eq!((up.relu().item(), down.relu().item()), (f64::INFINITY, 0.0));
    assert_eq!(down.elu(0.7).item() as f32, -0.7);
}
