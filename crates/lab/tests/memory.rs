//! A corpus kept on disk stays there, also where codes are seeded from all of its windows.

use gradbook_audio::{Audio, Corpus, Encoding, Synthetic, wav};
use gradbook_lab::{Recipe, Training, baseline::frames_kmeans};
use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// A single test, because the peak is that of the whole process.
#[test]
fn seeding_from_all_windows_reads_a_batch_at_a_time() {
    let folder = tempfile::tempdir().expect("a folder");
    for index in 0..60 {
        let audio = Audio { samples: Synthetic::default().samples(index), sample_rate: 8_000 };
        wav::write(&folder.path().join(format!("{index}.wav")), &audio, Encoding::Pcm16).expect("a file");
    }
    // A hop of 2 samples makes much of little: 160 bytes of frames per sample.
    let at = folder.path().display();
    let recipe = Recipe::parse(&format!(
        r#"
        data = {{ source = {{ folder = "{at}" }}, mel = {{ hop = 2 }}, storage = {{ disk = "{at}/frames" }} }}
        model.encoder = [{{ layer = "conv", channels = 4, taps = 1 }}]
        model.decoder = []
        quantizer = {{ kind = "codebook", codes = 8 }}
        train = {{ batch = 8, seeding = {{ latents = 1000000, windows = true }} }}
        "#
    ))
    .expect("a recipe");
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().expect("threads");
    let corpus = pool.install(|| Corpus::load(&recipe.data, &|_, _| {})).expect("recordings");
    let frames: usize = corpus.train.iter().map(|clip| clip.frame_count()).sum();
    let size = frames * 80 * 4;
    let mut training = Training::new(recipe, &corpus).expect("a recipe that works");
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    pool.install(|| training.advance()).expect("a step");
    let used = MEMORY.peak_usage() - before;
    assert!(size > 40 << 20, "{size} bytes of frames are no test");
    // Of 80 bands 4 channels are left, of which k-means keeps a few copies.
    assert!(used < size / 3, "{used} bytes used for {size} bytes of frames");
    assert!(frames_kmeans(&corpus, 2, 32, 0).expect("frames").last().mse < 1.0);
}
