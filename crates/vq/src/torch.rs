//! Quantizers trained in PyTorch: state dicts of vector-quantize-pytorch's `VectorQuantize`, `ResidualVQ`, `ResidualFSQ` and
//! `ResidualLFQ`, saved as safetensors files.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use gradbook_autograd::{ParamId, ParamStore, Tensor};
use gradbook_nn::checkpoint::{CheckpointError, Difference, Element};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};

/// Loads a state dict into the quantizer whose entries begin with `place` (empty, or with a dot at its end).
///
/// | in the file | in the store | |
/// |---|---|---|
/// | `project_in.weight` `[out, in]`, `.bias` | `in.weight` `[in, out]`, `in.bias` | of `projected` |
/// | `project_out.…` | `out.…` | |
/// | `_codebook.embed` `[1, code, channel]` | `codes` `[code, channel]` | of `codebook` |
/// | `_codebook.embed_avg`, `.cluster_size` | `ema.sums`, `ema.counts` | learned by `ema` |
/// | `layers.L._codebook.…` | `level.L.…`, or `level.…` if levels share their codes | of `residual` |
///
/// `VectorQuantize` behind a projection is a `projected` codebook here, and `ResidualVQ` with a `codebook_dim` a `projected`
/// residual stack; `use_cosine_sim` is `metric = "cosine"`, which the file does not tell. Nor does it tell the grids of
/// `ResidualFSQ`, a `projected` residual stack of `fsq` with `symmetric = true`, and `ResidualLFQ`, one of `lfq`. Codes learned by gradient have no
/// moving average in the store; that of the file is left out. Anything else in the file (affine codes, a norm behind the
/// projection, an implicit codebook, a codebook per head) is an unexpected entry, and an error.
///
/// ```no_run
/// use gradbook_autograd::ParamStore;
/// use gradbook_nn::Scope;
/// let text = "kind = \"projected\"\ndim = 8\nquantizer = { kind = \"codebook\", codes = 512 }";
/// let config: gradbook_vq::QuantizerConfig = toml::from_str(text).unwrap();
/// let mut store = ParamStore::<f32>::new();
/// let quantizer = config.build(64, &mut Scope::new(&mut store, 0)).unwrap();
/// gradbook_vq::torch::load("vq.safetensors".as_ref(), &mut store, "")?;
/// # Ok::<(), gradbook_nn::checkpoint::CheckpointError>(())
/// ```
///
/// # Errors
/// [`CheckpointError::Mismatch`] with *every* difference of names, shapes and types, or that the file cannot be read. Then
/// nothing was changed.
pub fn load<T: Element>(path: &Path, store: &mut ParamStore<T>, place: &str) -> Result<(), CheckpointError> {
    let io = |source| CheckpointError::Io { action: "read", path: path.to_path_buf(), source };
    let bytes = fs::read(path).map_err(io)?;
    let damaged = |what: safetensors::SafeTensorError| CheckpointError::Damaged {
        path: path.to_path_buf(),
        what: what.to_string(),
    };
    let file = SafeTensors::deserialize(&bytes).map_err(damaged)?;
    let (mut wanted, mut shared) = (BTreeMap::<String, ParamId>::new(), BTreeSet::new());
    for (id, entry) in store.iter() {
        if let Some(name) = entry.name.strip_prefix(place)
            && let Some(theirs) = torch_name(name)
        {
            if name.strip_prefix("level.").is_some_and(|rest| own_level(rest).is_none()) {
                shared.insert(theirs.clone());
            }
            wanted.insert(theirs, id);
        }
    }
    let (mut values, mut differences) = (Vec::new(), Vec::new());
    for (name, tensor) in file.tensors() {
        match wanted.remove(&name) {
            Some(id) => match value(&name, &tensor, store.get(id).shape()) {
                Ok(value) => values.push((id, value)),
                Err(difference) => differences.push(difference),
            },
            None if may_be_left_out(&name) || repeats(&file, &name, &tensor, &shared) => {}
            None => differences.push(Difference::Unexpected(name)),
        }
    }
    differences.extend(wanted.into_keys().map(Difference::Missing));
    if !differences.is_empty() {
        return Err(CheckpointError::Mismatch { path: path.to_path_buf(), differences });
    }
    values.into_iter().for_each(|(id, value)| *store.get_mut(id) = value);
    Ok(())
}

/// Where the other library keeps codes that all levels share: in every layer, hence in the first.
const SHARED: &str = "layers.0.";

/// The level and the rest of a name behind `level.`, unless all levels share what it names.
fn own_level(rest: &str) -> Option<(&str, &str)> {
    rest.split_once('.').filter(|(level, _)| level.parse::<usize>().is_ok())
}

/// The other library's name of one of our entries, if it has it.
fn torch_name(ours: &str) -> Option<String> {
    let (layer, name) = match ours.strip_prefix("level.") {
        Some(rest) => match own_level(rest) {
            Some((level, name)) => (format!("layers.{level}."), name),
            None => (SHARED.to_owned(), rest),
        },
        None => (String::new(), ours),
    };
    let theirs = match name {
        "codes" => "_codebook.embed",
        "ema.sums" => "_codebook.embed_avg",
        "ema.counts" => "_codebook.cluster_size",
        "in.weight" => "project_in.weight",
        "in.bias" => "project_in.bias",
        "out.weight" => "project_out.weight",
        "out.bias" => "project_out.bias",
        _ => return None,
    };
    Some(layer + theirs)
}

/// Whether an entry of a later layer is the same as that of the first, which is already loaded and shared by all levels.
fn repeats(file: &SafeTensors<'_>, name: &str, tensor: &TensorView<'_>, shared: &BTreeSet<String>) -> bool {
    let rest = name.strip_prefix("layers.").and_then(|rest| rest.split_once('.'));
    let Some((_, rest)) = rest else { return false };
    let first = format!("{SHARED}{rest}");
    shared.contains(&first) && file.tensor(&first).is_ok_and(|first| first == *tensor)
}

/// What a quantizer without it works without: a flag that seeding has happened, averages of codes learned by gradient, and
/// the places of the bits of `ResidualLFQ`.
fn may_be_left_out(name: &str) -> bool {
    [".initted", ".embed_avg", ".cluster_size", ".mask"].iter().any(|end| name.ends_with(end))
}

/// A tensor in our layout: no leading axis of codebooks, and matrices `[in, out]`.
fn value<T: Element>(name: &str, tensor: &TensorView<'_>, ours: &[usize]) -> Result<Tensor<T>, Difference> {
    let matrix = name.contains("project_");
    let expected: Vec<usize> = match matrix {
        true => ours.iter().rev().copied().collect(),
        false => [&[1], ours].concat(),
    };
    if tensor.shape() != expected {
        let found = tensor.shape().to_vec();
        return Err(Difference::Shape { name: name.to_owned(), expected, found });
    }
    let elements: Vec<T> = match tensor.dtype() {
        Dtype::F32 => f32::from_bytes(tensor.data()).into_iter().map(|x| T::of(f64::from(x))).collect(),
        Dtype::F64 => f64::from_bytes(tensor.data()).into_iter().map(T::of).collect(),
        other => {
            let (expected, found) = (Dtype::F32.to_string(), other.to_string());
            return Err(Difference::Type { name: name.to_owned(), expected, found });
        }
    };
    let whole = Tensor::new(&expected[..], elements);
    Ok(if matrix {
        Tensor::from(whole.view().reversed_axes().to_owned())
    } else {
        whole.reshaped(gradbook_autograd::Shape::new(ours))
    })
}
