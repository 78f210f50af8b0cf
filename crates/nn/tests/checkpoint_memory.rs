//! Memory: a damaged checkpoint makes nobody allocate what its header promises. Alone in its process, which it measures.

use gradbook_autograd::{ParamStore, Role, Tensor};
use gradbook_nn::checkpoint::{Checkpoint, Header, save};
use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

#[test]
fn reading_a_damaged_file_takes_no_more_memory_than_reading_a_sound_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("run.safetensors");
    let mut store = ParamStore::<f32>::new();
    store.add("weight", Tensor::filled([100, 100], 0.5), Role::Trainable);
    store.add("bias", Tensor::filled([100], 0.5), Role::Trainable);
    save(&path, &Header::default(), &[("model", &store)]).expect("saved");
    let sound = std::fs::read(&path).expect("there");
    let header = sound.len() - 4 * 10_100;
    // The file itself, one copy of its tensors, and what its header parses into.
    let limit = 2 * sound.len() + 32 * header;
    for place in 0..header {
        for byte in [b'9', b'[', 0xff] {
            let mut bytes = sound.clone();
            bytes[place] = byte;
            std::fs::write(&path, &bytes).expect("written");
            MEMORY.reset_peak_usage();
            let before = MEMORY.current_usage();
            if let Ok(file) = Checkpoint::read(&path) {
                file.restore(&mut [("model", &mut store)]).expect("only a sound file gets this far");
            }
            let taken = MEMORY.peak_usage() - before;
            assert!(taken <= limit, "byte {place} as {byte:#x}: {taken} bytes for a file of {}", sound.len());
        }
    }
}
