//! What every op says to an argument that does not fit: a sentence that names the op, the shapes and the rule, at the
//! caller's line. And every op remembers the line that called it.

use gradbook_autograd::{Conv1dSpec, Pad, Tape, Tensor, Var, ops};

use crate::panics::says;

/// The numbers 0, 1, 2, … in this shape.
fn count<const N: usize>(shape: [usize; N]) -> Tensor<f64> {
    Tensor::new(shape, (0..shape.iter().product::<usize>()).map(|i| i as f64).collect())
}

/// Ops that take any number of any shape: nothing can be wrong about their argument.
const TAKE_ANYTHING: [&str; 17] = [
    "abs",
    "cos",
    "detach",
    "exp",
    "gelu",
    "gelu_tanh",
    "leaky_relu",
    "ln",
    "neg",
    "relu",
    "sigmoid",
    "silu",
    "sin",
    "softplus",
    "sqrt",
    "square",
    "tanh",
];

#[test]
fn a_wrong_argument_is_answered_with_op_shapes_and_rule_at_the_callers_line() {
    let tape = Tape::<f64>::new();
    let (x, y, e) = (tape.var(count([2, 3])), tape.var(count([2, 4])), tape.var(count([0, 3])));
    let (z, scalar) = (tape.var(count([2, 3, 4])), tape.scalar(1.0));
    let broadcast = "aligned at the last axis, two lengths are equal or one of them is 1";
    let axes = "rule: each axis exists and is named once";
    let mut told = Vec::new();
    macro_rules! each {
        ($($call:expr, $($part:expr),+;)+) => { $(told.push(says!($call, $($part),+, "rule: "));)+ };
    }
    each! {
        x + y, "add: the shapes do not broadcast", "left [2, 3]", "right [2, 4]", broadcast;
        x - y, "sub: the shapes do not broadcast", "left [2, 3]", "right [2, 4]", broadcast;
        x * y, "mul: the shapes do not broadcast", "left [2, 3]", "right [2, 4]", broadcast;
        x / y, "div: the shapes do not broadcast", "left [2, 3]", "right [2, 4]", broadcast;
        x.pow(y), "pow: the shapes do not broadcast", "left [2, 3]", "right [2, 4]", broadcast;
        x.maximum(y), "maximum: the shapes do not broadcast", "left [2, 3]", "right [2, 4]", broadcast;
        x.minimum(y), "minimum: the shapes do not broadcast", "left [2, 3]", "right [2, 4]", broadcast;
        x.snake(y), "snake: the shapes do not broadcast", "left [2, 3]", "right [2, 4]", broadcast;
        x.select(|_| true, y), "select: the shapes do not broadcast", "left [2, 3]", "right [2, 4]", broadcast;
        x.straight_through(y), "straight_through: the shapes differ", "z [2, 3]", "q [2, 4]", "have one shape";
        y.surrogate(x), "straight_through: the shapes differ", "z [2, 3]", "q [2, 4]", "have one shape";
        x.clamp(1.0, 0.5), "clamp: the bounds are [1, 0.5]", "low ≤ high";
        x.clamp(f64::NAN, 0.5), "clamp: the bounds are [NaN, 0.5]", "low ≤ high";
        x.elu(-0.5), "elu: ", "-0.5";
        x.sum(&[2]), "sum: axes [2] do not fit 2 axes", "x [2, 3]", axes;
        x.mean_keep(&[1, 1]), "mean: axes [1, 1] do not fit 2 axes", "x [2, 3]", axes;
        x.logsumexp(&[0, 2]), "logsumexp: axes [0, 2] do not fit 2 axes", "x [2, 3]", axes;
        x.max(&[3]), "max: axes [3] do not fit 2 axes", "x [2, 3]", axes;
        x.min_keep(&[3]), "min: axes [3] do not fit 2 axes", "x [2, 3]", axes;
        e.max(&[0]), "max: there are no elements", "x [0, 3]", "only a sum may be of nothing";
        e.min_all(), "min: there are no elements", "x [0, 3]", "only a sum may be of nothing";
        x.softmax(5), "softmax: axes [5] do not fit 2 axes", "x [2, 3]", axes;
        scalar.softmax(0), "softmax: axes [0] do not fit 0 axes", "x []", axes;
        x.log_softmax(2), "log_softmax: axes [2] do not fit 2 axes", "x [2, 3]", axes;
        x.l2_normalize(2, 1e-12), "l2_normalize: axes [2] do not fit 2 axes", "x [2, 3]", axes;
        x.reshape([4, 2]), "reshape: 6 elements do not fill [4, 2]", "x [2, 3]", "the number of elements stays";
        x.permute(&[0]), "permute: [0] leaves axes out", "x [2, 3]", "each axis is named once";
        x.permute(&[0, 2]), "permute: axes [0, 2] do not fit 2 axes", "x [2, 3]", axes;
        scalar.transpose(), "transpose: there are no two axes", "x []", "at least two axes";
        x.slice(1, 2..5), "slice: 2..5 by 1 does not fit axis 1", "x [2, 3]", "end ≤ length";
        x.slice_step(1, 0..3, 0), "slice: 0..3 by 0 does not fit axis 1", "x [2, 3]", "step ≥ 1";
        x.slice(2, 0..1), "slice: axes [2] do not fit 2 axes", "x [2, 3]", axes;
        Var::concat(&[x, y], 0), "concat: the parts do not meet along axis 0", "part 0 [2, 3]", "part 1 [2, 4]";
        Var::concat(&[x, z], 1), "concat: the parts do not meet along axis 1", "part 0 [2, 3]", "part 1 [2, 3, 4]";
        Var::concat(&[x, x], 2), "concat: axes [2] do not fit 2 axes", "x [2, 3]", axes;
        Var::stack(&[x, y], 0), "concat: the parts do not meet", "part 0 ", "part 1 ";
        x.pad(1, 3, 0, Pad::Reflect), "pad: 3 and 0 places by Reflect do not fit axis 1", "x [2, 3]", "at least 4 elements";
        x.pad(1, 0, 3, Pad::Reflect), "pad: 0 and 3 places by Reflect do not fit axis 1", "at least 4 elements";
        e.pad(0, 1, 0, Pad::Replicate), "pad: 1 and 0 places by Replicate do not fit axis 0", "at least 1 elements";
        x.pad(2, 1, 1, Pad::Zero), "pad: axes [2] do not fit 2 axes", "x [2, 3]", axes;
        x.broadcast_to([3, 3]), "broadcast_to: x does not broadcast to [3, 3]", "x [2, 3]", "each length of x is 1 or";
        x.broadcast_to([3]), "broadcast_to: x does not broadcast to [3]", "x [2, 3]";
        x.gather_rows(&[0, 2]), "gather_rows: there is no row 2", "x [2, 3] (row, …)", "every row is below 2";
        scalar.gather_rows(&[]), "gather_rows: axes [0] do not fit 0 axes", "x []", axes;
        x.scatter_add(&[0], 3), "scatter_add: 1 places below 3 do not fit", "x [2, 3] (row, …)", "one place below `count`";
        x.scatter_add(&[0, 3], 3), "scatter_add: 2 places below 3 do not fit", "x [2, 3] (row, …)";
        z.avg_pool1d(4, 1), "avg_pool1d: windows of 4, 1 apart", "x [2, 3, 4] (batch, length, channel)", "1 ≤ kernel ≤ length";
        z.avg_pool1d(0, 1), "avg_pool1d: windows of 0, 1 apart", "1 ≤ kernel ≤ length";
        z.avg_pool1d(1, 0), "avg_pool1d: windows of 1, 0 apart", "stride ≥ 1";
        x.avg_pool1d(1, 1), "avg_pool1d: windows of 1, 1 apart", "x [2, 3] (batch, length, channel)", "three axes";
        x.upsample_nearest1d(2), "upsample_nearest1d: x cannot be repeated 2 times", "x [2, 3] (batch, length, channel)";
        z.upsample_nearest1d(0), "upsample_nearest1d: x cannot be repeated 0 times", "factor ≥ 1";
        x.matmul(y), "matmul: the inner lengths k differ", "a [2, 3] (…, m, k)", "b [2, 4] (…, k, n)", "· […, k, n] = ";
        x.matmul_nt(y), "matmul_nt: the inner lengths k differ", "a [2, 3] (…, m, k)", "b [2, 4] (…, n, k)";
        x.matmul_tn(z), "matmul_tn: the inner lengths k differ", "a [2, 3] (…, k, m)", "b [2, 3, 4] (…, k, n)";
        x.matmul_tt(y), "matmul_tt: the inner lengths k differ", "a [2, 3] (…, k, m)", "b [2, 4] (…, n, k)";
        x.matmul(scalar), "matmul: a matrix has at least two axes", "a [2, 3]", "b []";
        z.matmul(tape.var(count([3, 4, 1]))), "matmul: the batch axes do not broadcast", "a [2, 3, 4]", "b [3, 4, 1]";
    }
    // The other ops by name, with nothing left out.
    let conv = "conv1d: conv_transpose1d: "; // of which the next test tells
    for op in ops::ALL.iter().map(|op| op.name).filter(|name| !TAKE_ANYTHING.contains(name)) {
        let says_something = told.iter().any(|message| message.starts_with(&format!("{op}: ")));
        assert!(says_something || conv.contains(op), "no wrong argument of `{op}` was tried");
    }
}

#[test]
fn a_convolution_that_does_not_fit_says_why() {
    let tape = Tape::<f64>::new();
    let plain = Conv1dSpec::default();
    let x = tape.var(count([2, 5, 4]));
    let weights = |shape: [usize; 3]| tape.var(count(shape));
    let (w, bias, wrong) = (weights([3, 4, 6]), tape.var(count([6])), tape.var(count([5])));
    let up = weights([3, 4, 6]);
    let no_channels = tape.var(count([2, 5, 0]));
    macro_rules! each {
        ($($call:expr, $($part:expr),+;)+) => { $(says!($call, $($part),+, "rule: lengths, in and out agree, under");)+ };
    }
    each! {
        x.conv1d(bias, None, plain), "conv1d: x and w have three axes", "x [2, 5, 4] (batch, length, in)", "w [6]";
        x.conv1d(weights([3, 3, 6]), None, plain), "conv1d: the channels differ", "w [3, 3, 6] (tap, in/groups, out)";
        x.conv1d(w, Some(wrong), plain), "conv1d: the channels differ", "bias [5] (out)";
        x.conv1d(w, None, Conv1dSpec { groups: 0, ..plain }), "conv1d: groups is 0; it must be at least 1";
        x.conv1d(weights([3, 1, 6]), None, Conv1dSpec { groups: 4, ..plain }), "conv1d: 6 channels do not fall into 4";
        x.conv1d(w, None, Conv1dSpec { stride: 0, ..plain }), "conv1d: stride is 0; it must be at least 1";
        x.conv1d(w, None, Conv1dSpec { dilation: 0, ..plain }), "conv1d: dilation is 0; it must be at least 1";
        x.conv1d(weights([0, 4, 6]), None, plain), "conv1d: taps is 0; it must be at least 1";
        x.conv1d(weights([6, 4, 6]), None, plain), "conv1d: the window spans 6 samples, the padded input has 5";
        no_channels.conv1d(weights([3, 0, 6]), None, plain), "conv1d: there are 0 channels in and 6 out; there must be at least one", "x [2, 5, 0]";
        x.conv1d(weights([3, 4, 0]), None, plain), "conv1d: there are 4 channels in and 0 out", "w [3, 4, 0]";
        x.conv_transpose1d(bias, None, plain, 0), "conv_transpose1d: x and w have three axes", "w [6] (tap, in, out/groups)";
        x.conv_transpose1d(weights([3, 3, 6]), None, plain, 0), "conv_transpose1d: the channels differ";
        x.conv_transpose1d(up, Some(wrong), plain, 0), "conv_transpose1d: the channels differ", "bias [5] (out)";
        x.conv_transpose1d(up, None, Conv1dSpec { groups: 0, ..plain }, 0), "groups is 0; it must be at least 1";
        x.conv_transpose1d(up, None, Conv1dSpec { groups: 3, ..plain }, 0), "4 channels do not fall into 3 equal groups";
        x.conv_transpose1d(up, None, plain, 1), "output padding 1 is not below the stride 1";
        x.conv_transpose1d(up, None, Conv1dSpec { stride: 0, ..plain }, 0), "conv_transpose1d: stride is 0";
        x.conv_transpose1d(up, None, Conv1dSpec { pad_left: 4, pad_right: 3, ..plain }, 0), "cuts 7 samples from an output of 7";
        no_channels.conv_transpose1d(weights([3, 0, 6]), None, plain, 0), "conv_transpose1d: there are 0 channels in and 6 out";
        x.conv_transpose1d(weights([3, 4, 0]), None, plain, 0), "conv_transpose1d: there are 4 channels in and 0 out";
    }
}

#[test]
fn nothing_is_left_to_concatenate() {
    says!(Var::<f64>::concat(&[], 0), "concat: there is at least one part");
    says!(Var::<f64>::stack(&[], 0), "concat: there is at least one part");
}

#[test]
fn a_sweep_that_cannot_start_says_why() {
    let (tape, other) = (Tape::<f64>::new(), Tape::<f64>::new());
    let (x, y) = (tape.var(count([2, 3])), other.scalar(1.0));
    says!(
        x.backward(),
        "backward: the root has shape [2, 3]",
        "rule: only a scalar has a gradient by itself"
    );
    says!(
        x.backward_with(Tensor::zeros([3])),
        "the cotangent has shape [3], the root [2, 3]",
        "rule: one shape"
    );
    says!(Tape::new().scalar(1.0).backward()[x], "no gradient for this value of shape [2, 3]", "rule:");
    says!(x * y, "mul: its arguments live on two tapes", "rule: an operation takes values of one tape");
    says!(Tape::new().backward(&[(y, 1.0)]), "backward: the root lives on another tape");
}

/// One call of every op, each on a line of its own: the graph tells that line.
#[test]
fn every_op_remembers_the_line_that_called_it() {
    let tape = Tape::<f64>::new();
    let (x, z) = (tape.var(count([2, 3])), tape.var(count([2, 3, 4])));
    let (w, spec) = (tape.var(count([1, 4, 4])), Conv1dSpec::default());
    let _ = [
        x.abs() + x.cos() - x.detach(),
        x.elu(1.0) * x.exp() / x.gelu(),
        x.gelu_tanh() + 1.0 - x.l2_normalize(1, 1e-9) * 2.0,
        1.0 / x.leaky_relu(0.1) - x.ln() / 2.0,
        x.clamp(0.0, 1.0).log_softmax(0).logsumexp_keep(&[1]),
        x.matmul(x.transpose()).max(&[0]).mean_all().min_all(),
        x.maximum(x).minimum(-x),
        x.pad(0, 1, 1, Pad::Zero).pad(0, 1, 1, Pad::Reflect).permute(&[1, 0]),
        x.pow(x).powf(2.0).relu().reshape([6]).scatter_add(&[0; 6], 1),
        x.select(|_| true, x).sigmoid().silu().sin().slice(0, 0..1).snake(x),
        x.softmax(0).softplus().sqrt().square().straight_through(x).surrogate(x),
        x.sum(&[0]).tanh().gather_rows(&[0]).broadcast_to([2, 1]),
        Var::concat(&[x, x], 0) + Var::stack(&[x, x], 0).sum_keep(&[0]).reshape([2, 3]).sum_all(),
        z.avg_pool1d(1, 1).upsample_nearest1d(1).conv1d(w, None, spec).conv_transpose1d(w, None, spec, 0),
        tape.custom("mine", &[x], |x| x[0].clone(), |_, _, _, _| {}),
        tape.segment(&[x], |x| x[0] * 2.0),
    ];
    let graph = tape.dot();
    let nodes: Vec<&str> = graph.lines().filter(|line| line.contains("label=")).collect();
    for node in &nodes {
        assert!(node.contains("tests/all/error_inputs.rs:"), "{node}");
    }
    for op in ops::ALL {
        assert!(
            nodes.iter().any(|node| node.contains(&format!("label=\"{} [", op.name))),
            "{} was not called",
            op.name
        );
    }
}
