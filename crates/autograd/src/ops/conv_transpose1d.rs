//! y[m·stride + k·dilation − pad_left] += x[m] · w[k]: the adjoint of conv1d, which is therefore its gradient.

use gradbook_arrays::conv::{Conv1dSpec, Windows, misfit, transposed};

use super::*;

pub static CONV_TRANSPOSE1D: Op = Op {
    name: "conv_transpose1d",
    formula: "y[m·stride + k·dilation − pad] += x[m]·w[k]",
    cases: |s| {
        let mut cases = Vec::new();
        for (batch, taps, stride, dilation, groups) in [
            (2, 3, 1, 1, 1),
            (3, 4, 2, 1, 1),
            (2, 2, 3, 1, 1),
            (2, 3, 2, 2, 1),
            (2, 3, 1, 1, 2),
            (2, 3, 2, 1, 3),
        ] {
            let (pad_left, pad_right) = (s.int(0, 1), s.int(0, 1));
            let spec = Conv1dSpec { stride, pad_left, pad_right, dilation, groups, winograd: false };
            let (input, output) = (groups * s.int(1, 2), groups * s.int(1, 3));
            let (length, extra) = (s.int(2, 5), s.int(0, stride - 1));
            let [x, w] =
                [[batch, length, input], [taps, input, output / groups]].map(|shape| s.normal(&shape));
            cases.push(case!([x.clone(), w.clone(), s.normal(&[output])], |x| {
                x[0].conv_transpose1d(x[1], Some(x[2]), spec, extra)
            }));
            cases.push(case!([x, w], |x| x[0].conv_transpose1d(x[1], None, spec, extra)));
        }
        cases
    },
};

impl<'t, T: Real> Var<'t, T> {
    /// Transposed convolution along the length axis, channels last: the adjoint of [`conv1d`](Self::conv1d) in x, with
    /// a bias. `output_padding` lengthens the output at its right end. It never goes through Winograd's transforms.
    ///
    /// ```text
    /// x [batch, length, in]   w [tap, in, out/groups]   bias [out]   y [batch, transposed_len, out]
    /// y[b, p, o] = bias[o] + Σ x[b, m, c] · w[k, c, o]   over all m, k with m·stride + k·dilation − pad_left = p
    /// ```
    ///
    /// ```
    /// use gradbook_autograd::{Conv1dSpec, Tape, Tensor};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(Tensor::new([1, 3, 1], vec![1.0, 2.0, 3.0]));
    /// let w = tape.var(Tensor::new([2, 1, 1], vec![1.0, 10.0]));
    /// let twice = Conv1dSpec { stride: 2, ..Conv1dSpec::default() };
    /// let y = x.conv_transpose1d(w, None, twice, 0);
    /// assert_eq!(y.value().as_slice(), [1.0, 10.0, 2.0, 20.0, 3.0, 30.0]);
    /// ```
    ///
    /// # Panics
    /// If the shapes or the specification do not fit; [`Conv1dSpec::transposed_len`] and
    /// [`Conv1dSpec::check_channels`] tell beforehand.
    #[track_caller]
    pub fn conv_transpose1d(
        self,
        w: Self,
        bias: Option<Self>,
        spec: Conv1dSpec,
        output_padding: usize,
    ) -> Self {
        let (xv, wv, bv) = (self.value(), w.value(), bias.map(Var::value));
        let (x_shape, w_shape, b_shape) = (*xv.shape(), *wv.shape(), bv.as_ref().map(|b| *b.shape()));
        let (windows, y_shape) = match fit(spec, &x_shape, &w_shape, b_shape, output_padding) {
            Ok(fit) => fit,
            Err(what) => {
                let w = (&w_shape, "tap, in, out/groups");
                misfit("conv_transpose1d", &what, spec, &x_shape, w, b_shape.as_ref())
            }
        };
        let y = windows.adjoint(&xv, (&wv, false), bv.as_ref()).reshaped(y_shape);
        let inputs: Vec<_> = [Some(self), Some(w), bias].into_iter().flatten().collect();
        self.tape().record(&CONV_TRANSPOSE1D, &inputs, y, move |g, sink| {
            sink.give(0, || windows.correlate(&g, &transposed(&wv), None).into_shape(x_shape));
            sink.give(1, || transposed(&windows.weights(&g, &xv)));
            if b_shape.is_some() {
                sink.give(2, || g); // summed over batch and length
            }
        })
    }
}

/// Where the windows lie and the shape of y, or what is wrong.
fn fit(
    spec: Conv1dSpec,
    x: &Shape,
    w: &Shape,
    bias: Option<Shape>,
    output_padding: usize,
) -> Result<(Windows, Shape), String> {
    let (&[batch, length, input], &[taps, rows, width]) = (&x[..], &w[..]) else {
        return Err("x and w have three axes".into());
    };
    let output = width * spec.groups;
    spec.check_channels(input, output).map_err(|error| error.to_string())?;
    if rows != input || bias.is_some_and(|bias| bias[..] != [output]) {
        return Err("the channels differ".into());
    }
    let long = spec.transposed_len(length, taps, output_padding).map_err(|error| error.to_string())?;
    let spec = Conv1dSpec { winograd: false, ..spec };
    Ok((Windows::new(spec, taps, batch, long, length), [batch, long, output].into()))
}
