//! [`TorchMap`]: PyTorch state dicts (as safetensors files) in and out, names and layouts converted.

use std::path::Path;

use gradbook_autograd::{ParamStore, Real, Tensor};
use ndarray::ArrayViewD;
use safetensors::Dtype;

use super::{CheckpointError, Difference, Element, read::TensorFile, write};
use crate::{Layer, Parameter};

/// Where a PyTorch state dict has each parameter of a model.
///
/// Layers know PyTorch's names and axes of their own parameters: a [`Linear`](crate::Linear)'s weight is `[in, out]` here
/// and `[out, in]` there, a [`Conv1d`](crate::Conv1d)'s `[tap, in/groups, out]` here and `[out, in/groups, tap]` there.
/// The map adds where each layer hangs in the module tree.
///
/// ```
/// use gradbook_autograd::ParamStore;
/// use gradbook_nn::{Layer, Linear, Scope, checkpoint::TorchMap};
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("torch.safetensors");
/// let mut store = ParamStore::<f32>::new();
/// let head = Linear::new(&mut Scope::new(&mut store, 0).at("classifier"), 3, 2);
/// let map = TorchMap::new().layer::<f32>("model.head", &head);
/// map.save(&path, &store)?; // holds model.head.weight [2, 3] and model.head.bias [2]
/// map.load(&path, &mut store)?;
/// # Ok::<(), gradbook_nn::checkpoint::CheckpointError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct TorchMap {
    entries: Vec<(String, Parameter)>,
}

impl TorchMap {
    /// Nothing mapped yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// With a layer and its children, under the module path `module`.
    pub fn layer<T: Real>(mut self, module: &str, layer: &dyn Layer<T>) -> Self {
        for (name, child) in layer.children() {
            self = self.layer(&join(module, &name), child);
        }
        self.parameters(module, layer.parameters())
    }

    /// With some parameters, under the module path `module`.
    pub fn parameters(mut self, module: &str, parameters: Vec<Parameter>) -> Self {
        self.entries.extend(parameters.into_iter().map(|p| (join(module, p.torch), p)));
        self
    }

    /// Loads a state dict in `f32` or `f64`.
    ///
    /// # Errors
    /// [`CheckpointError::Mismatch`] with *every* difference of names, shapes and types (PyTorch's counters
    /// `num_batches_tracked` aside), or that the file cannot be read. Then nothing was changed.
    pub fn load<T: Element>(&self, path: &Path, store: &mut ParamStore<T>) -> Result<(), CheckpointError> {
        let file = TensorFile::read(path)?;
        let mut differences = Vec::new();
        let mut values = Vec::new();
        for (name, parameter) in &self.entries {
            match self.value(&file, name, parameter, store) {
                Ok(value) => values.push((parameter.id, value)),
                Err(difference) => differences.push(difference),
            }
        }
        let known = |name: &String| self.entries.iter().any(|(own, _)| own == name);
        let counter = |name: &String| name.ends_with("num_batches_tracked");
        let unexpected = file.entries.keys().filter(|name| !known(name) && !counter(name));
        differences.extend(unexpected.cloned().map(Difference::Unexpected));
        if !differences.is_empty() {
            return Err(CheckpointError::Mismatch { path: path.to_path_buf(), differences });
        }
        values.into_iter().for_each(|(id, value)| *store.get_mut(id) = value);
        Ok(())
    }

    fn value<T: Element>(
        &self,
        file: &TensorFile,
        name: &str,
        parameter: &Parameter,
        store: &ParamStore<T>,
    ) -> Result<Tensor<T>, Difference> {
        let theirs = torch_shape(parameter, store.get(parameter.id).shape());
        let dtype = match file.entries.get(name) {
            Some(entry) if entry.dtype == Dtype::F64 => Dtype::F64,
            _ => Dtype::F32,
        };
        let bytes = file.entry(name, dtype, &theirs)?;
        let elements: Vec<T> = match dtype {
            Dtype::F64 => f64::from_bytes(bytes).into_iter().map(T::of).collect(),
            _ => f32::from_bytes(bytes).into_iter().map(|x| T::of(f64::from(x))).collect(),
        };
        let view = ArrayViewD::from_shape(theirs, &elements).expect("as many bytes as the shape needs");
        Ok(Tensor::from(match parameter.axes {
            [] => view.to_owned(),
            axes => view.permuted_axes(axes).to_owned(),
        }))
    }

    /// Saves a state dict that PyTorch loads.
    ///
    /// # Errors
    /// If the file cannot be written; see [`save`](super::save).
    pub fn save<T: Element>(&self, path: &Path, store: &ParamStore<T>) -> Result<(), CheckpointError> {
        let blob = |(name, parameter): &(String, Parameter)| {
            let value = store.get(parameter.id);
            let theirs = match parameter.axes {
                [] => value.clone(),
                axes => {
                    let mut back = axes.to_vec();
                    axes.iter().enumerate().for_each(|(ours, theirs)| back[*theirs] = ours);
                    Tensor::from(value.view().permuted_axes(back).to_owned())
                }
            };
            (name.clone(), write::Blob::tensor(&theirs))
        };
        let blobs: Vec<_> = self.entries.iter().map(blob).collect();
        write::write_tensors(path, &blobs, Some(("format", "pt".into())))
    }
}

/// PyTorch's shape of a parameter with our shape `ours`.
fn torch_shape(parameter: &Parameter, ours: &[usize]) -> Vec<usize> {
    let mut theirs = ours.to_vec();
    parameter.axes.iter().zip(ours).for_each(|(axis, length)| theirs[*axis] = *length);
    theirs
}

fn join(module: &str, name: &str) -> String {
    if module.is_empty() { name.to_string() } else { format!("{module}.{name}") }
}
