//! [`Element`]: the numbers that files can hold, and their bytes.

use gradbook_autograd::Real;
use safetensors::Dtype;

/// A number with a place in the safetensors format.
pub trait Element: Real {
    /// The format's name of the type.
    const DTYPE: Dtype;
    /// The little-endian bytes of some numbers.
    fn to_bytes(elements: &[Self]) -> Vec<u8>;
    /// The numbers of some little-endian bytes.
    fn from_bytes(bytes: &[u8]) -> Vec<Self>;
}

macro_rules! element {
    ($type:ty, $dtype:expr) => {
        impl Element for $type {
            const DTYPE: Dtype = $dtype;
            fn to_bytes(elements: &[Self]) -> Vec<u8> {
                elements.iter().flat_map(|x| x.to_le_bytes()).collect()
            }
            fn from_bytes(bytes: &[u8]) -> Vec<Self> {
                bytes.as_chunks().0.iter().map(|x| Self::from_le_bytes(*x)).collect()
            }
        }
    };
}

element!(f32, Dtype::F32);
element!(f64, Dtype::F64);
