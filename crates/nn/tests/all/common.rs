//! Reads the golden files of `tests/goldens` (see the README there).
#![allow(dead_code, reason = "every test file uses another part")]

use std::{collections::BTreeMap, path::PathBuf};

use gradbook_autograd::Tensor;
use safetensors::{Dtype, SafeTensors};
use serde_json::Value as Json;

pub struct Goldens {
    cases: BTreeMap<String, Case>,
}

/// One case: parameters, and tensors in PyTorch's axis order.
pub struct Case {
    pub name: String,
    pub op: String,
    pub params: Json,
    tensors: BTreeMap<String, Tensor<f64>>,
    indices: BTreeMap<String, Vec<i64>>,
}

pub fn path(file: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests/goldens", file].iter().collect()
}

impl Goldens {
    pub fn read(file: &str) -> Self {
        let bytes = std::fs::read(path(file)).expect("the golden files are part of the repository");
        let (_, metadata) = SafeTensors::read_metadata(&bytes).expect("a safetensors file");
        let file = SafeTensors::deserialize(&bytes).expect("a safetensors file");
        let none = Default::default();
        let case = |(name, json): (&String, &String)| {
            let json: Json = serde_json::from_str(json).expect("a JSON object per case");
            let mut case = Case {
                name: name.clone(),
                op: json["op"].as_str().expect("an op").to_string(),
                params: json["params"].clone(),
                tensors: BTreeMap::new(),
                indices: BTreeMap::new(),
            };
            for key in json["tensors"].as_object().expect("tensors").keys() {
                let view = file.tensor(&format!("{name}/{key}")).expect("every tensor of a case is stored");
                let words = view.data().chunks_exact(8).map(|w| w.try_into().expect("eight bytes"));
                match view.dtype() {
                    Dtype::F64 => {
                        let elements = words.map(f64::from_le_bytes).collect();
                        case.tensors.insert(key.clone(), Tensor::new(view.shape(), elements));
                    }
                    _ => _ = case.indices.insert(key.clone(), words.map(i64::from_le_bytes).collect()),
                }
            }
            (name.clone(), case)
        };
        Self { cases: metadata.metadata().as_ref().unwrap_or(&none).iter().map(case).collect() }
    }

    pub fn case(&self, name: &str) -> &Case {
        self.cases.get(name).unwrap_or_else(|| panic!("there is no case `{name}`"))
    }

    pub fn iter(&self) -> impl Iterator<Item = &Case> {
        self.cases.values()
    }
}

impl Case {
    pub fn tensor(&self, name: &str) -> Tensor<f64> {
        self.get(name).unwrap_or_else(|| panic!("{} has no tensor `{name}`", self.name))
    }

    pub fn get(&self, name: &str) -> Option<Tensor<f64>> {
        self.tensors.get(name).cloned()
    }

    pub fn indices(&self, name: &str) -> &[i64] {
        &self.indices[name]
    }

    pub fn number(&self, name: &str) -> Option<f64> {
        self.params[name].as_f64()
    }

    pub fn int(&self, name: &str) -> Option<usize> {
        Some(self.params[name].as_u64()? as usize)
    }
}

/// The axes in another order.
pub fn permuted(x: &Tensor<f64>, axes: &[usize]) -> Tensor<f64> {
    Tensor::from(x.view().permuted_axes(axes).to_owned())
}

/// Fails unless `got` is `expected` to 10⁻¹⁰, relative to the largest element (at least 1).
#[track_caller]
pub fn assert_close(what: &str, got: &Tensor<f64>, expected: &Tensor<f64>) {
    assert_eq!(got.shape(), expected.shape(), "{what}");
    let size = expected.as_slice().iter().fold(1.0, |m: f64, x| m.max(x.abs()));
    for (i, (g, e)) in got.as_slice().iter().zip(expected.as_slice()).enumerate() {
        assert!((g - e).abs() <= 1e-10 * size, "{what}, element {i}: got {g}, PyTorch has {e}");
    }
}
