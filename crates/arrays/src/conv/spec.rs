//! [`Conv1dSpec`]: how a one-dimensional convolution moves over its input, and the lengths that follow.

use thiserror::Error;

use crate::{Shape, mismatch};

/// Stride, padding, dilation and groups of a convolution along the length axis.
///
/// ```
/// use gradbook_arrays::Conv1dSpec;
/// let halving = Conv1dSpec { stride: 2, pad_left: 1, pad_right: 1, ..Conv1dSpec::default() };
/// assert_eq!(halving.output_len(32, 4), Ok(16));
/// assert_eq!(halving.transposed_len(16, 4, 0), Ok(32)); // and back
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conv1dSpec {
    /// How far the window moves from one output to the next.
    pub stride: usize,
    /// Zeros put before the first sample. With `pad_left` = dilation · (taps − 1) and no `pad_right` the convolution
    /// is causal.
    pub pad_left: usize,
    /// Zeros put after the last sample.
    pub pad_right: usize,
    /// The distance between neighboring taps.
    pub dilation: usize,
    /// The channels fall into this many groups of neighbors; an output sees the inputs of its own group only. As many
    /// groups as channels make the convolution depthwise.
    pub groups: usize,
    /// Whether three neighboring taps at stride 1 may go through Winograd's transforms, which save half of the
    /// multiplications where there are at least 32 channels in and out.
    ///
    /// Without it, an output depends on the samples under its own taps and on nothing else, to the bit. With it, the four
    /// outputs of a *tile* (4i to 4i + 3) are made together from six samples and share their roundings: a sample that is
    /// 10⁶ times the others costs all outputs of its tiles six digits, one that is not finite makes them all NaN, and
    /// the first outputs of a longer input need not have the bits of a shorter one. The same holds for gradients. So it is
    /// for models that see whole windows. A causal convolution (`pad_left` > 0, `pad_right` = 0) must not see what
    /// comes later, and never uses it.
    pub winograd: bool,
}

impl Default for Conv1dSpec {
    /// Stride 1, no padding, dilation 1, one group, no transforms.
    fn default() -> Self {
        Self { stride: 1, pad_left: 0, pad_right: 0, dilation: 1, groups: 1, winograd: false }
    }
}

/// Why a convolution is impossible.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ConvError {
    /// Stride, dilation, groups or the number of taps is 0.
    #[error("{0} is 0; it must be at least 1")]
    Zero(&'static str),
    /// The window is longer than the input with its padding.
    #[error(
        "the window spans {span} samples, the padded input has {padded}; lengthen the input or its padding"
    )]
    TooShort {
        /// Samples from the first tap to the last.
        span: usize,
        /// Samples of the input with its padding.
        padded: usize,
    },
    /// The padding of a transposed convolution cuts away all of its output.
    #[error("the padding cuts {padding} samples from an output of {full}; pad less")]
    OverPadded {
        /// `pad_left + pad_right`
        padding: usize,
        /// The output length without padding.
        full: usize,
    },
    /// The output padding reaches a length that the convolution would map elsewhere.
    #[error("output padding {output_padding} is not below the stride {stride}")]
    OutputPadding {
        /// The extra samples asked for.
        output_padding: usize,
        /// The stride.
        stride: usize,
    },
    /// There are channels on one side only.
    #[error("there are {input} channels in and {output} out; there must be at least one")]
    NoChannels {
        /// Input channels.
        input: usize,
        /// Output channels.
        output: usize,
    },
    /// Lengths beyond what a machine can count.
    #[error("the lengths are beyond counting")]
    TooLong,
    /// The channels do not divide evenly into the groups.
    #[error("{channels} channels do not fall into {groups} equal groups")]
    Groups {
        /// Input or output channels.
        channels: usize,
        /// The number of groups.
        groups: usize,
    },
}

impl Conv1dSpec {
    /// The number of windows, ⌊(length + padding − dilation·(taps − 1) − 1) / stride⌋ + 1.
    ///
    /// # Errors
    /// If not even one window fits, or a setting is 0.
    pub fn output_len(&self, length: usize, taps: usize) -> Result<usize, ConvError> {
        let span = self.span(taps)?;
        let padded = self.padding()?.checked_add(length).ok_or(ConvError::TooLong)?;
        if padded < span {
            Err(ConvError::TooShort { span, padded })
        } else {
            Ok((padded - span) / self.stride + 1)
        }
    }

    /// The output length of the transposed convolution,
    /// (length − 1)·stride + dilation·(taps − 1) + 1 + output_padding − padding.
    ///
    /// [`output_len`](Self::output_len) maps it back to `length`; of the `stride` lengths it maps there,
    /// `output_padding` chooses one.
    ///
    /// # Errors
    /// If nothing is left, `output_padding` is not below the stride, or a setting is 0.
    pub fn transposed_len(
        &self,
        length: usize,
        taps: usize,
        output_padding: usize,
    ) -> Result<usize, ConvError> {
        let (span, stride) = (self.span(taps)?, self.stride);
        if output_padding >= stride {
            return Err(ConvError::OutputPadding { output_padding, stride });
        }
        let full = |last: usize| last.checked_mul(stride)?.checked_add(span)?.checked_add(output_padding);
        let full = length.checked_sub(1).map_or(Some(0), full).ok_or(ConvError::TooLong)?;
        let padding = self.padding()?;
        if full <= padding { Err(ConvError::OverPadded { padding, full }) } else { Ok(full - padding) }
    }

    /// Whether these channel numbers are not 0 and divide into the groups.
    ///
    /// # Errors
    /// If they are or do not.
    pub fn check_channels(&self, input: usize, output: usize) -> Result<(), ConvError> {
        let groups = self.groups;
        if groups == 0 {
            return Err(ConvError::Zero("groups"));
        }
        if input == 0 || output == 0 {
            return Err(ConvError::NoChannels { input, output });
        }
        match [input, output].into_iter().find(|channels| channels % groups != 0) {
            Some(channels) => Err(ConvError::Groups { channels, groups }),
            None => Ok(()),
        }
    }

    /// `pad_left` + `pad_right`
    fn padding(&self) -> Result<usize, ConvError> {
        self.pad_left.checked_add(self.pad_right).ok_or(ConvError::TooLong)
    }

    /// Whether all padding is on the left, as in causal convolutions.
    pub(super) fn is_causal(&self) -> bool {
        self.pad_left > 0 && self.pad_right == 0
    }

    /// Samples from the first tap to the last: dilation·(taps − 1) + 1.
    fn span(&self, taps: usize) -> Result<usize, ConvError> {
        let settings =
            [("stride", self.stride), ("dilation", self.dilation), ("groups", self.groups), ("taps", taps)];
        match settings.iter().find(|(_, value)| *value == 0) {
            Some((name, _)) => Err(ConvError::Zero(name)),
            None => {
                let reach = self.dilation.checked_mul(taps - 1).and_then(|reach| reach.checked_add(1));
                reach.ok_or(ConvError::TooLong)
            }
        }
    }
}

/// Panics at the caller's line, in the name of `op`: what is wrong, with the operands (w with the names of its axes) and
/// the specification.
#[cold]
#[track_caller]
pub fn misfit(
    op: &str,
    what: &str,
    spec: Conv1dSpec,
    x: &Shape,
    (w, w_axes): (&Shape, &str),
    bias: Option<&Shape>,
) -> ! {
    let mut operands = vec![("x", x, "batch, length, in"), ("w", w, w_axes)];
    operands.extend(bias.map(|bias| ("bias", bias, "out")));
    mismatch(op, what, &operands, &format!("lengths, in and out agree, under {spec:?}"))
}
