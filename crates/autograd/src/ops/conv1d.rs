//! y[m] = bias + Σₖ x[m·stride + k·dilation − pad_left] · w[k]; its gradients are the adjoint and x windowsᵀ · G.

use gradbook_arrays::conv::{Conv1dSpec, Windows, misfit};

use super::*;

pub static CONV1D: Op = Op {
    name: "conv1d",
    formula: "y[m] = b + Σₖ x[m·stride + k·dilation − pad]·w[k]",
    cases: |s| {
        let mut cases = Vec::new();
        for (batch, taps, stride, dilation, groups) in [
            (2, 3, 1, 1, 1),
            (3, 4, 2, 1, 1),
            (2, 2, 3, 1, 1),
            (2, 3, 2, 2, 1),
            (1, 1, 1, 1, 1),
            (2, 3, 1, 1, 2),
            (2, 2, 2, 2, 3),
        ] {
            let (pad_left, pad_right) = (s.int(0, 2), s.int(0, 2));
            let spec = Conv1dSpec { stride, pad_left, pad_right, dilation, groups, winograd: false };
            let (input, output) = (groups * s.int(1, 2), groups * s.int(1, 3));
            let length = dilation * (taps - 1) + s.int(1, 5);
            let [x, w] =
                [[batch, length, input], [taps, input / groups, output]].map(|shape| s.normal(&shape));
            cases.push(case!([x.clone(), w.clone(), s.normal(&[output])], |x| x[0].conv1d(
                x[1],
                Some(x[2]),
                spec
            )));
            cases.push(case!([x, w], |x| x[0].conv1d(x[1], None, spec)));
        }
        cases
    },
};

impl<'t, T: Real> Var<'t, T> {
    /// Convolution (as the field calls it; a cross-correlation) along the length axis, channels last.
    ///
    /// ```text
    /// x [batch, length, in]   w [tap, in/groups, out]   bias [out]   y [batch, windows, out]
    /// y[b, m, o] = bias[o] + Σₖ Σ꜀ x[b, m·stride + k·dilation − pad_left, c] · w[k, c, o]     (x is 0 outside)
    /// ```
    ///
    /// ```
    /// use gradbook_autograd::{Conv1dSpec, Tape, Tensor};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(Tensor::new([1, 4, 1], vec![1.0, 2.0, 4.0, 8.0]));
    /// let w = tape.var(Tensor::new([2, 1, 1], vec![-1.0, 1.0])); // the difference of neighbors
    /// let y = x.conv1d(w, None, Conv1dSpec::default());
    /// assert_eq!(y.value().as_slice(), [1.0, 2.0, 4.0]);
    /// ```
    ///
    /// # Panics
    /// If the shapes or the specification do not fit; [`Conv1dSpec::output_len`] and
    /// [`Conv1dSpec::check_channels`] tell beforehand.
    #[track_caller]
    pub fn conv1d(self, w: Self, bias: Option<Self>, spec: Conv1dSpec) -> Self {
        let (xv, wv, bv) = (self.value(), w.value(), bias.map(Var::value));
        let (x_shape, w_shape, b_shape) = (*xv.shape(), *wv.shape(), bv.as_ref().map(|b| *b.shape()));
        let (windows, y_shape) = match fit(spec, &x_shape, &w_shape, b_shape) {
            Ok(fit) => fit,
            Err(what) => {
                misfit("conv1d", &what, spec, &x_shape, (&w_shape, "tap, in/groups, out"), b_shape.as_ref())
            }
        };
        let y = windows.correlate(&xv, &wv, bv.as_ref()).reshaped(y_shape);
        let inputs: Vec<_> = [Some(self), Some(w), bias].into_iter().flatten().collect();
        self.tape().record(&CONV1D, &inputs, y, move |g, sink| {
            sink.give(0, || windows.adjoint(&g, (&wv, true), None).into_shape(x_shape));
            sink.give(1, || windows.weights(&xv, &g));
            if b_shape.is_some() {
                sink.give(2, || g); // summed over batch and length
            }
        })
    }
}

/// Where the windows lie and the shape of y, or what is wrong.
fn fit(spec: Conv1dSpec, x: &Shape, w: &Shape, bias: Option<Shape>) -> Result<(Windows, Shape), String> {
    let (&[batch, length, input], &[taps, width, output]) = (&x[..], &w[..]) else {
        return Err("x and w have three axes".into());
    };
    spec.check_channels(input, output).map_err(|error| error.to_string())?;
    if width * spec.groups != input || bias.is_some_and(|bias| bias[..] != [output]) {
        return Err("the channels differ".into());
    }
    let short = spec.output_len(length, taps).map_err(|error| error.to_string())?;
    Ok((Windows::new(spec, taps, batch, length, short), [batch, short, output].into()))
}
