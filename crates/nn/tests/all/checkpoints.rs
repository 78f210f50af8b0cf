//! Checkpoints that are damaged, foreign, cut short or interrupted: a clear error, and the previous one intact.

use crate::common;
use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use gradbook_autograd::{ParamStore, Role, Tensor};
use gradbook_nn::{
    Optimizer, OptimizerConfig, State,
    checkpoint::{Checkpoint, CheckpointError, Difference, Header, save},
};
use proptest::prelude::*;

type Model = (ParamStore<f32>, Optimizer<f32>);

fn model(width: usize, fill: f32) -> Model {
    let mut store = ParamStore::new();
    store.add("a.weight", Tensor::filled([3, width], fill), Role::Trainable);
    store.add("a.bias", Tensor::filled([width], fill), Role::Trainable);
    store.add("a.mean", Tensor::filled([width], fill), Role::Buffer);
    let optimizer = Optimizer::new(OptimizerConfig::adam(1e-3), &store).expect("sound");
    (store, optimizer)
}

fn header(step: u64) -> Header {
    Header { step, seed: 3, config: "model = \"small\"\n".into() }
}

fn write(path: &Path, (store, optimizer): &Model, step: u64) -> Result<(), CheckpointError> {
    save(path, &header(step), &[("model", store), ("optimizer", optimizer)])
}

fn restore(path: &Path, (store, optimizer): &mut Model) -> Result<Header, CheckpointError> {
    let file = Checkpoint::read(path)?;
    file.restore(&mut [("model", store), ("optimizer", optimizer)])?;
    Ok(file.header().clone())
}

/// A file in a folder that vanishes with the first value.
fn place() -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("run.safetensors");
    (folder, path)
}

#[test]
fn what_was_saved_comes_back_and_equal_states_are_equal_files() {
    let (folder, path) = place();
    write(&path, &model(4, 0.25), 17).expect("saved");
    let again = folder.path().join("again");
    write(&again, &model(4, 0.25), 17).expect("saved");
    assert!(fs::read(&path).expect("there") == fs::read(&again).expect("there"));
    let mut other = model(4, 0.0);
    assert_eq!(restore(&path, &mut other).expect("it fits"), header(17));
    assert_eq!(other.0.state(), model(4, 0.25).0.state());
    let file = Checkpoint::read(&path).expect("sound");
    assert_eq!(file.shape("model/a.weight"), Some(&[3, 4][..]));
}

#[test]
fn all_differences_are_reported_at_once_and_nothing_is_loaded() {
    let (_folder, path) = place();
    let mut old = model(4, 0.25);
    old.0.add("extra", Tensor::zeros([1]), Role::Buffer);
    write(&path, &old, 1).expect("saved");
    let mut new = model(5, 0.0);
    new.0.add("fresh", Tensor::zeros([1]), Role::Buffer);
    let before = new.0.state();
    let error = restore(&path, &mut new).expect_err("it does not fit");
    let CheckpointError::Mismatch { differences, .. } = &error else { panic!("{error}") };
    let shape = |name: &str, expected: &[usize], found: &[usize]| Difference::Shape {
        name: name.into(),
        expected: expected.into(),
        found: found.into(),
    };
    for difference in [
        shape("model/a.weight", &[3, 5], &[3, 4]),
        shape("model/a.bias", &[5], &[4]),
        shape("optimizer/m/a.weight", &[3, 5], &[3, 4]),
        Difference::Missing("model/fresh".into()),
        Difference::Unexpected("model/extra".into()),
    ] {
        assert!(differences.contains(&difference), "{difference} is not in {error}");
    }
    assert_eq!(new.0.state(), before);
    assert!(error.to_string().contains("`model/a.bias` has shape [4], the model needs [5]"), "{error}");
}

#[test]
fn another_number_type_is_told() {
    let (_folder, path) = place();
    write(&path, &model(4, 0.25), 1).expect("saved");
    let mut store = ParamStore::<f64>::new();
    store.add("a.weight", Tensor::zeros([3, 4]), Role::Trainable);
    let error =
        Checkpoint::read(&path).expect("sound").restore(&mut [("model", &mut store)]).expect_err("f32");
    assert!(error.to_string().contains("`model/a.weight` holds F32, the model needs F64"), "{error}");
}

#[test]
fn a_file_that_is_no_checkpoint_is_told_from_one_that_is_damaged() {
    let (folder, path) = place();
    let missing = Checkpoint::read(&path).expect_err("nothing there");
    assert!(matches!(missing, CheckpointError::Io { action: "read", .. }), "{missing}");
    let foreign = Checkpoint::read(&common::path("tiny_model.safetensors")).expect_err("a PyTorch file");
    assert!(foreign.to_string().contains("no header of ours"), "{foreign}");
    write(&path, &model(4, 0.25), 1).expect("saved");
    let mut bytes = fs::read(&path).expect("there");
    *bytes.last_mut().expect("not empty") ^= 1;
    fs::write(&path, &bytes).expect("written");
    let damaged = Checkpoint::read(&path).expect_err("a bit is wrong");
    assert!(damaged.to_string().contains("checksum"), "{damaged}");
    let nowhere = folder.path().join("no such folder").join("file");
    let error = write(&nowhere, &model(4, 0.25), 1).expect_err("no folder");
    assert!(matches!(error, CheckpointError::Io { action: "write", .. }), "{error}");
}

#[test]
fn a_checkpoint_of_another_layout_is_told_by_the_version_that_wrote_it() {
    let (_folder, path) = place();
    let read = |metadata: &str| {
        let json = format!(r#"{{"__metadata__":{{"gradbook":"{}"}}}}"#, metadata.replace('"', "\\\""));
        fs::write(&path, [&(json.len() as u64).to_le_bytes()[..], json.as_bytes()].concat())
            .expect("written");
        Checkpoint::read(&path).expect_err("of another layout").to_string()
    };
    let told = read(r#"{"format":7,"program":"gradbook 9.1.0","new":true}"#);
    assert!(told.contains("was written by gradbook 9.1.0 in format 7"), "{told}");
    let told = read(r#"{"format":7}"#);
    assert!(told.contains("was written by another version of gradbook in format 7"), "{told}");
    let told = read(r#"{"format":1,"program":"gradbook 0.1.0","new":true}"#);
    assert!(told.contains("its header cannot be read"), "{told}");
}

#[test]
fn headers_that_promise_too_much_are_refused() {
    let (_folder, path) = place();
    let refused = |bytes: &[u8]| {
        fs::write(&path, bytes).expect("written");
        assert!(matches!(Checkpoint::read(&path), Err(CheckpointError::Damaged { .. })), "{bytes:?}");
    };
    let file = |json: &str| [&(json.len() as u64).to_le_bytes()[..], json.as_bytes()].concat();
    refused(b"");
    refused(&u64::MAX.to_le_bytes());
    refused(&(1u64 << 40).to_le_bytes());
    refused(&file("{}"));
    let huge = |shape: &str, end: &str| {
        refused(&file(&format!(r#"{{"w":{{"dtype":"F32","shape":{shape},"data_offsets":[0,{end}]}}}}"#)));
    };
    huge("[1152921504606846976]", "4611686018427387904");
    huge("[4294967296,4294967296]", "0");
    huge("[18446744073709551615,18446744073709551615,2]", "18446744073709551608");
    huge("[1,1,1,1,1,1,1,1,1,1]", "4");
    refused(&file(&"[".repeat(100_000)));
}

/// What PyTorch saves in double precision is rounded for a model in single precision.
#[test]
fn a_state_dict_in_double_precision_loads_into_either() {
    use gradbook_nn::{Linear, Scope, checkpoint::TorchMap};
    let (_folder, path) = place();
    let mut wide = ParamStore::<f64>::new();
    let layer = Linear::new(&mut Scope::new(&mut wide, 0), 2, 1);
    let weight = wide.find("weight").expect("a weight");
    *wide.get_mut(weight) = Tensor::new([2, 1], vec![0.1, -1.0 / 3.0]);
    let map = TorchMap::new().layer::<f64>("head", &layer);
    map.save(&path, &wide).expect("saved");
    let saved = wide.get(weight).clone();
    wide.get_mut(weight).as_mut_slice().fill(0.0);
    map.load(&path, &mut wide).expect("it fits");
    assert_eq!(*wide.get(weight), saved);
    let mut narrow = ParamStore::<f32>::new();
    let layer = Linear::new(&mut Scope::new(&mut narrow, 0), 2, 1);
    TorchMap::new().layer::<f32>("head", &layer).load(&path, &mut narrow).expect("it fits");
    let weight = narrow.find("weight").expect("a weight");
    assert_eq!(narrow.get(weight).as_slice(), [0.1, -1.0 / 3.0]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn a_mutated_file_is_refused_or_loads_what_was_saved(
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..5),
        cut in prop::option::of(any::<prop::sample::Index>()),
        head in any::<bool>(),
    ) {
        let (_folder, path) = place();
        let saved = model(4, 0.25);
        write(&path, &saved, 17).expect("saved");
        let mut bytes = fs::read(&path).expect("there");
        let reach = if head { 600 } else { bytes.len() }; // the header is where parsers trip
        for (place, byte) in edits {
            bytes[place.index(reach)] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        fs::write(&path, &bytes).expect("written");
        let mut other = model(4, 0.0);
        let before = other.0.state();
        match restore(&path, &mut other) {
            Ok(found) => {
                prop_assert_eq!(found, header(17));
                prop_assert_eq!(other.0.state(), saved.0.state());
            }
            Err(_) => prop_assert_eq!(other.0.state(), before),
        }
    }
}

const CHILD: &str = "GRADBOOK_SAVE_FOREVER";

/// Not a test of its own: the process that the next test kills.
#[test]
fn a_child_that_saves_forever() {
    let Ok(path) = std::env::var(CHILD) else { return };
    for step in 0.. {
        write(Path::new(&path), &model(20_000, step as f32), step).expect("saved");
    }
}

#[test]
fn a_kill_in_the_middle_of_saving_leaves_a_whole_checkpoint() {
    let (_folder, path) = place();
    for wait in [0, 3, 7, 12, 20] {
        write(&path, &model(20_000, 0.0), u64::MAX).expect("saved");
        let mut child = Command::new(std::env::current_exe().expect("this test"))
            .args(["--exact", "checkpoints::a_child_that_saves_forever"])
            .env(CHILD, &path)
            .stdout(Stdio::null())
            .spawn()
            .expect("a process");
        // Its first checkpoint replaces ours under our eyes; later, somewhere in the middle of another, it dies.
        let waiting = Instant::now();
        while Checkpoint::read(&path).expect("whole at any moment").header().step == u64::MAX {
            assert!(waiting.elapsed() < Duration::from_secs(60), "the child does not save");
        }
        std::thread::sleep(Duration::from_millis(wait));
        child.kill().expect("it saves forever");
        child.wait().expect("it is gone");
        let mut found = model(20_000, f32::NAN);
        let header = restore(&path, &mut found).expect("a whole checkpoint");
        assert_eq!(found.0.state(), model(20_000, header.step as f32).0.state());
    }
    write(&path, &model(20_000, 1.0), 1).expect("what the kill left behind is no obstacle");
}
