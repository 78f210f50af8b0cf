//! The errors of this crate's configurations: what was asked for, and which rule it breaks.

use gradbook_autograd::Shape;

/// A configuration that cannot work.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} = {got}: {rule}")]
pub struct ConfigError {
    /// The setting, as in `conv1d.groups`.
    pub what: String,
    /// Its value.
    pub got: String,
    /// What it must be.
    pub rule: String,
}

impl ConfigError {
    /// `Ok` if `holds`, else the error that `what` is `got` against the `rule`.
    ///
    /// # Errors
    /// See above.
    pub fn unless(holds: bool, what: &str, got: impl std::fmt::Debug, rule: &str) -> Result<(), ConfigError> {
        if holds {
            return Ok(());
        }
        Err(ConfigError { what: what.into(), got: format!("{got:?}"), rule: rule.into() })
    }

    /// The same error about a setting below `place`.
    ///
    /// ```
    /// use gradbook_nn::rules;
    /// let error = rules::positive("rate", 0.0).unwrap_err();
    /// assert_eq!(error.at("optimizer").what, "optimizer.rate");
    /// ```
    #[must_use]
    pub fn at(self, place: &str) -> Self {
        Self { what: format!("{place}.{}", self.what), ..self }
    }
}

/// An input whose shape a layer cannot take, found before anything runs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{layer}: an input of shape {input:?} does not fit\n  rule: {rule}")]
pub struct ShapeError {
    /// The layer and its configuration.
    pub layer: String,
    /// The input's axes.
    pub input: Shape,
    /// What they must be.
    pub rule: String,
}

impl ShapeError {
    pub(crate) fn new(layer: String, input: &Shape, rule: &str) -> Self {
        Self { layer, input: *input, rule: rule.into() }
    }

    /// `Ok` if `holds`, else the error that the layer cannot take this input.
    pub(crate) fn unless(
        holds: bool,
        layer: impl Fn() -> String,
        input: &Shape,
        rule: impl Fn() -> String,
    ) -> Result<(), Self> {
        if holds { Ok(()) } else { Err(Self::new(layer(), input, &rule())) }
    }

    /// The same shape, if its last axis is so many channels.
    pub(crate) fn channels(
        layer: impl Fn() -> String,
        input: &Shape,
        channels: usize,
    ) -> Result<Shape, Self> {
        let fits = input.len() >= 2 && input.last() == Some(&channels);
        Self::unless(fits, layer, input, || format!("[batch, …, {channels} channels]")).map(|()| *input)
    }
}
