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
    pub(crate) fn unless(
        holds: bool,
        what: &str,
        got: impl std::fmt::Debug,
        rule: &str,
    ) -> Result<(), ConfigError> {
        if holds {
            return Ok(());
        }
        Err(ConfigError { what: what.into(), got: format!("{got:?}"), rule: rule.into() })
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
