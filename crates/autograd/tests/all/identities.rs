//! Identities of calculus, an oracle that needs neither differences nor dual numbers: Euler's for homogeneous functions,
//! inverse functions, derivatives that are functions we know, and sums that cannot move.

use gradbook_autograd::{Conv1dSpec, Pad, Tape, Tensor, Var, check::Sampler};
use proptest::prelude::*;

type Function = for<'t> fn(&[Var<'t, f64>]) -> Var<'t, f64>;

/// f(x), the cotangent u, and Jᵀu for every argument.
fn swept(f: Function, x: &[Tensor<f64>], seed: u64) -> (Tensor<f64>, Tensor<f64>, Vec<Tensor<f64>>) {
    let tape = Tape::new();
    let x: Vec<_> = x.iter().map(|x| tape.var(x.clone())).collect();
    let y = f(&x);
    let u = Sampler::new(!seed).normal(&y.shape());
    let grads = y.backward_with(u.clone());
    let of = |x: &Var<'_, f64>| grads.get(*x).cloned().unwrap_or_else(|| Tensor::zeros(x.shape()));
    (y.value(), u, x.iter().map(of).collect())
}

/// ⟨a, b⟩ and Σ|aᵢbᵢ|.
fn dot(a: &Tensor<f64>, b: &Tensor<f64>) -> (f64, f64) {
    let products = a.as_slice().iter().zip(b.as_slice()).map(|(a, b)| a * b);
    products.fold((0.0, 0.0), |(sum, size), p| (sum + p, size + p.abs()))
}

/// Functions with f(cx) = cᵈ·f(x) for c > 0 in each argument, with the degree d for each.
const HOMOGENEOUS: [(&str, &[f64], Function); 42] = [
    ("abs", &[1.0], |x| x[0].abs()),
    ("avg_pool1d", &[1.0], |x| x[0].avg_pool1d(2, 1)),
    ("broadcast_to", &[1.0], |x| x[0].broadcast_to([2, 3, 4, 3])),
    ("conv1d", &[1.0, 1.0], |x| x[0].conv1d(x[1], None, Conv1dSpec { pad_left: 1, ..Conv1dSpec::default() })),
    ("conv1d, stride 2", &[1.0, 1.0], |x| {
        x[0].conv1d(x[1], None, Conv1dSpec { stride: 2, ..Conv1dSpec::default() })
    }),
    ("conv_transpose1d", &[1.0, 1.0], |x| x[0].conv_transpose1d(x[1], None, Conv1dSpec::default(), 0)),
    ("div", &[1.0, -1.0], |x| x[0] / x[1]),
    ("division of a number", &[-1.0], |x| 3.0 / x[0]),
    ("division by a number", &[1.0], |x| x[0] / 3.0),
    ("gather_rows", &[1.0], |x| x[0].gather_rows(&[1, 0, 1])),
    ("l2_normalize", &[0.0], |x| x[0].l2_normalize(2, 1e-12)),
    ("l2_normalize of short rows", &[1.0], |x| x[0].l2_normalize(1, 1e3)),
    ("leaky_relu", &[1.0], |x| x[0].leaky_relu(0.1)),
    ("matmul", &[1.0, 1.0], |x| x[0].matmul(x[1].transpose())),
    ("matmul_nt", &[1.0, 1.0], |x| x[0].matmul_nt(x[1])),
    ("matmul_tn", &[1.0, 1.0], |x| x[0].matmul_tn(x[1].slice(1, 0..1).broadcast_to(x[0].shape()))),
    ("max", &[1.0], |x| x[0].max(&[1])),
    ("mean", &[1.0], |x| x[0].mean(&[0, 2])),
    ("min", &[1.0], |x| x[0].min_keep(&[2])),
    ("mul", &[1.0, 1.0], |x| x[0] * x[1].sum_keep(&[0, 1, 2])),
    ("neg", &[1.0], |x| -x[0]),
    ("pad, zeros", &[1.0], |x| x[0].pad(1, 2, 1, Pad::Zero)),
    ("pad, mirrored", &[1.0], |x| x[0].pad(1, 2, 1, Pad::Reflect)),
    ("pad, repeated", &[1.0], |x| x[0].pad(2, 2, 1, Pad::Replicate)),
    ("permute", &[1.0], |x| x[0].permute(&[2, 0, 1])),
    ("powf", &[2.5], |x| x[0].abs().powf(2.5)),
    ("powf, negative", &[-1.5], |x| x[0].abs().powf(-1.5)),
    ("pow", &[3.0], |x| x[0].pow(x[0].tape().constant(Tensor::scalar(3.0)))),
    ("relu", &[1.0], |x| x[0].relu()),
    ("reshape", &[1.0], |x| x[0].reshape([6, 6])),
    ("scatter_add", &[1.0], |x| x[0].scatter_add(&[2, 0, 2], 4)),
    ("select", &[1.0], |x| x[0].select(|i| i % 3 == 0, x[0] * 2.0)),
    ("slice", &[1.0], |x| x[0].slice_step(1, 1..4, 2)),
    ("sqrt", &[0.5], |x| x[0].abs().sqrt()),
    ("square", &[2.0], |x| x[0].square()),
    ("sum", &[1.0], |x| x[0].sum(&[1])),
    ("transpose", &[1.0], |x| x[0].transpose()),
    ("upsample_nearest1d", &[1.0], |x| x[0].upsample_nearest1d(3)),
    ("variance", &[2.0], |x| (x[0] - x[0].mean_keep(&[2])).square().mean(&[2])),
    ("norm", &[1.0], |x| x[0].square().sum_all().sqrt()),
    ("standardized", &[0.0], |x| {
        let centered = x[0] - x[0].mean_keep(&[2]);
        centered / centered.square().mean_keep(&[2]).sqrt()
    }),
    ("straight_through", &[1.0], |x| x[0].straight_through(x[0] * 1.0)),
];

/// Functions of both arguments together: f(cx, cy) = cᵈ·f(x, y).
const TOGETHER: [(&str, f64, Function); 6] = [
    ("add", 1.0, |x| x[0] + x[1].sum_keep(&[0, 1, 2])),
    ("sub", 1.0, |x| x[0].sum_keep(&[0, 1, 2]) - x[1]),
    ("maximum", 1.0, |x| x[0].maximum(x[1].sum_keep(&[0, 1, 2]))),
    ("minimum", 1.0, |x| x[0].minimum(x[1].sum_keep(&[0, 1, 2]))),
    ("concat", 1.0, |x| Var::concat(&[x[0].transpose(), x[1].reshape([3, 1, 4])], 1)),
    ("stack", 1.0, |x| Var::stack(&[x[0], x[0] + x[1].sum_keep(&[0, 1, 2])], 1)),
];

/// x, and y for weights: none of their elements near a kink.
fn arguments(seed: u64) -> [Tensor<f64>; 2] {
    let mut s = Sampler::new(seed);
    [s.away_from(&[3, 4, 3], &[0.0]), s.away_from(&[1, 3, 4], &[0.0])]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// Euler: ⟨x, ∂f/∂x⟩ = d·f(x) for f of degree d.
    #[test]
    fn a_homogeneous_function_is_its_slope_along_its_argument(seed: u64) {
        let [x, y] = arguments(seed);
        let same = |name: &str, got: (f64, f64), degree: f64, value: (f64, f64)| {
            let error = (got.0 - degree * value.0).abs();
            assert!(error <= 1e-12 * (got.1 + value.1), "{name}: ⟨x, ∂f/∂x⟩ = {}, {degree}·f = {}", got.0, degree * value.0);
        };
        for (name, degrees, f) in HOMOGENEOUS {
            let second = match name {
                _ if name.starts_with("matmul") || name == "div" || name == "mul" => x.map(|x| x.tanh() + 0.1 * x.signum()),
                _ => y.reshaped([1, 3, 4]),
            };
            let all = [x.clone(), second];
            let (value, u, grads) = swept(f, &all[..degrees.len()], seed);
            for (k, degree) in degrees.iter().enumerate() {
                same(name, dot(&all[k], &grads[k]), *degree, dot(&u, &value));
            }
        }
        for (name, degree, f) in TOGETHER {
            let (value, u, grads) = swept(f, &[x.clone(), y.clone()], seed);
            let (a, b) = (dot(&x, &grads[0]), dot(&y, &grads[1]));
            same(name, (a.0 + b.0, a.1 + b.1), degree, dot(&u, &value));
        }
    }

    /// f⁻¹(f(x)) = x, so its slope is 1: the chain of both derivatives.
    #[test]
    fn an_inverse_undoes_the_value_and_the_slope(seed: u64) {
        const INVERSES: [(&str, Function); 9] = [
            ("ln exp", |x| x[0].exp().ln()),
            ("exp ln", |x| x[0].abs().ln().exp() * (x[0] / x[0].abs()).detach()),
            ("sqrt square", |x| x[0].square().sqrt() * (x[0] / x[0].abs()).detach()),
            ("square sqrt", |x| x[0].abs().sqrt().square() * (x[0] / x[0].abs()).detach()),
            ("artanh tanh", |x| ((1.0 + x[0].tanh()) / (1.0 - x[0].tanh())).ln() * 0.5),
            ("logit sigmoid", |x| (x[0].sigmoid() / (1.0 - x[0].sigmoid())).ln()),
            ("softplus⁻¹ softplus", |x| (x[0].softplus().exp() - 1.0).ln()),
            ("elu⁻¹ elu", |x| { // eˣ − 1 below 0
                let low = (-x[0].abs()).elu(1.0);
                -(low + 1.0).ln() * (x[0] / x[0].abs()).detach()
            }),
            ("power and root", |x| x[0].abs().powf(3.0).powf(1.0 / 3.0) * (x[0] / x[0].abs()).detach()),
        ];
        let x = Sampler::new(seed).draw(&[7], |rng| {
            use ndarray_rand::rand::Rng;
            rng.random_range(0.2..2.0) * if rng.random() { 1.0 } else { -1.0 }
        });
        for (name, f) in INVERSES {
            let (value, u, grads) = swept(f, std::slice::from_ref(&x), seed);
            for i in 0..7 {
                let (x, got, slope) = (x.as_slice()[i], value.as_slice()[i], grads[0].as_slice()[i] / u.as_slice()[i]);
                prop_assert!((got - x).abs() < 1e-12, "{name} of {x} is {got}");
                prop_assert!((slope - 1.0).abs() < 1e-12, "the slope of {name} at {x} is {slope}");
            }
        }
    }

    /// Derivatives that are functions we know.
    #[test]
    fn a_derivative_is_the_function_it_is_known_to_be(x in prop::collection::vec(-3.0..3.0f64, 1..9)) {
        type Slope = fn(f64) -> f64;
        let known: [(&str, Function, Slope); 13] = [
            ("exp", |x| x[0].exp(), f64::exp),
            ("sin", |x| x[0].sin(), f64::cos),
            ("cos", |x| x[0].cos(), |x| -x.sin()),
            ("tanh", |x| x[0].tanh(), |x| 1.0 / x.cosh().powi(2)),
            ("sigmoid", |x| x[0].sigmoid(), |x| 1.0 / (2.0 + x.exp() + (-x).exp())),
            ("softplus", |x| x[0].softplus(), |x| 1.0 / (1.0 + (-x).exp())),
            ("silu", |x| x[0].silu(), |x| (1.0 + x / (1.0 + x.exp())) / (1.0 + (-x).exp())),
            ("gelu", |x| x[0].gelu(), |x| {
                let density = (-x * x / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
                (1.0 + libm::erf(x / 2f64.sqrt())) / 2.0 + x * density
            }),
            ("elu", |x| x[0].elu(0.7), |x| if x > 0.0 { 1.0 } else { 0.7 * x.exp() }),
            ("clamp", |x| x[0].clamp(-1.0, 2.0), |x| f64::from(x > -1.0 && x < 2.0)),
            ("ln", |x| (x[0] + 4.0).ln(), |x| 1.0 / (x + 4.0)),
            ("snake", |x| x[0].snake(x[0].tape().constant(Tensor::scalar(2.0))), |x| 1.0 + (4.0 * x).sin()),
            ("detach", |x| x[0] * x[0].detach(), |x| x),
        ];
        for (name, f, slope) in known {
            let (_, u, grads) = swept(f, &[Tensor::new([x.len()], x.clone())], 1);
            for (i, &x) in x.iter().enumerate() {
                let (got, expected) = (grads[0].as_slice()[i] / u.as_slice()[i], slope(x));
                prop_assert!((got - expected).abs() < 1e-10, "{name}′({x}) is {got}, not {expected}");
            }
        }
    }

    /// What does not change when all x grow alike has slopes that cancel; logsumexp grows with them.
    #[test]
    fn a_shift_of_everything_moves_no_distribution(seed: u64) {
        let shifts: [(&str, f64, Function); 5] = [
            ("softmax", 0.0, |x| x[0].softmax(1)),
            ("log_softmax", 0.0, |x| x[0].log_softmax(1)),
            ("logsumexp", 1.0, |x| x[0].logsumexp(&[1])),
            ("max", 1.0, |x| x[0].max(&[1])),
            ("deviation from the mean", 0.0, |x| x[0] - x[0].mean_keep(&[1])),
        ];
        let x = Sampler::new(seed).normal(&[3, 5]);
        for (name, share, f) in shifts {
            let (_, u, grads) = swept(f, std::slice::from_ref(&x), seed);
            for row in 0..3 {
                let slope: f64 = grads[0].rows().row(row).sum();
                let expected = if share == 0.0 { 0.0 } else { u.as_slice()[row] };
                prop_assert!((slope - expected).abs() < 1e-12, "{name}: {slope} along (1, 1, …), not {expected}");
            }
        }
    }
}
