//! Blocks without options: the activations.

use gradbook_nn::{Activation, ConfigError, Layer, Scope};
use serde::{Deserialize, Serialize};

use super::BlockConfig;

macro_rules! activations {
    ($($(#[$doc:meta])* $block:ident: $name:literal;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $block {}

        impl BlockConfig for $block {
            const NAME: &'static str = $name;

            fn build(&self, _: usize, _: &mut Scope<'_, f32>) -> Result<Box<dyn Layer<f32>>, ConfigError> {
                Ok(Box::new(Activation::$block))
            }
        }
    )+};
}

activations! {
    /// max(x, 0)
    Relu: "relu";
    /// The Gaussian error linear unit.
    Gelu: "gelu";
    /// x·σ(x)
    Silu: "silu";
}
