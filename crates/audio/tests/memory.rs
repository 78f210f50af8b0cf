//! A corpus larger than memory: features are computed and read within a small part of their size.

use gradbook_audio::{Audio, Corpus, CorpusConfig, Encoding, MelParams, Source, Storage, Synthetic, wav};
use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// What loading and reading may allocate.
const BUDGET: usize = 8 << 20;

/// A single test, because the peak is that of the whole process.
#[test]
fn forty_megabytes_of_frames_are_made_and_read_in_eight() {
    let folder = tempfile::tempdir().unwrap();
    for index in 0..60 {
        let audio = Audio { samples: Synthetic::default().samples(index), sample_rate: 8_000 };
        wav::write(&folder.path().join(format!("{index}.wav")), &audio, Encoding::Pcm16).unwrap();
    }
    // A hop of 2 samples makes much of little: 160 bytes of frames per sample.
    let config = CorpusConfig {
        source: Source::Folder(folder.path().into()),
        mel: MelParams { hop: 2, ..MelParams::default() },
        storage: Storage::Disk(folder.path().join("frames")),
        ..CorpusConfig::default()
    };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();

    let corpus = pool.install(|| Corpus::load(&config, &|_, _| {})).unwrap();
    let frames: usize = corpus.clips().map(|(_, clip)| clip.frame_count()).sum();
    let mut sum = 0.0;
    for clip in &corpus.train {
        sum += clip.crop(clip.frame_count() / 2, 32).unwrap().sum();
    }

    let (size, used) = (frames * 80 * 4, MEMORY.peak_usage() - before);
    assert!(sum.is_finite());
    assert!(size > 5 * BUDGET, "{size} bytes of frames are no test");
    assert!(used < BUDGET, "{used} bytes used for {size} bytes of frames");
}
