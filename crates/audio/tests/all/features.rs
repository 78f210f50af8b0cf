//! Properties of the log-mel front end for any legal parameters.

use gradbook_audio::{Framing, LogMel, MelNorm, MelParams, MelScale, Spectrum, Window};
use ndarray::{Array2, s};
use proptest::prelude::*;

prop_compose! {
    fn params()(
        n_fft in 2_usize..300,
        hop_share in 0.01_f32..1.0,
        mels in 1_usize..50,
        f_min in 0.0_f32..2_000.0,
        width in 1.0_f32..2_000.0,
        min_frames in 1_usize..40,
        (scale, norm) in (prop::bool::ANY, prop::bool::ANY),
        (window, spectrum, framing) in (prop::bool::ANY, prop::bool::ANY, prop::bool::ANY),
    ) -> MelParams {
        MelParams {
            n_fft,
            hop: ((n_fft as f32 * hop_share) as usize).max(1),
            mels: mels.min(n_fft / 2 + 1),
            f_min,
            f_max: f_min + width,
            scale: if scale { MelScale::Htk } else { MelScale::Slaney },
            norm: if norm { MelNorm::Peak } else { MelNorm::Area },
            window: if window { Window::Hann } else { Window::PeriodicHann },
            spectrum: if spectrum { Spectrum::Power } else { Spectrum::Magnitude },
            framing: if framing { Framing::Inside } else { Framing::Centered },
            min_frames,
            ..MelParams::default()
        }
    }
}

fn noise() -> impl Strategy<Value = Vec<f32>> {
    prop::collection::vec(-1.0_f32..1.0, 0..3_000)
}

proptest! {
    #[test]
    fn frames_are_finite_and_as_many_as_announced(params in params(), samples in noise()) {
        let mel = LogMel::new(params.clone()).unwrap();
        let frames = mel.compute(&samples);
        prop_assert_eq!(frames.dim(), (params.frames(samples.len()), params.mels));
        prop_assert!(frames.iter().all(|v| v.is_finite()));
        let back = mel.invert(&frames.slice(s![..frames.nrows().min(5), ..]).to_owned(), 2, 0);
        prop_assert_eq!(back.len(), params.samples(frames.nrows().min(5)));
        prop_assert!(back.iter().all(|v| v.is_finite()));
    }

    #[test]
    fn a_later_start_drops_the_first_frames(params in params(), samples in noise()) {
        let params = MelParams { framing: Framing::Inside, min_frames: 1, ..params };
        let mel = LogMel::new(params.clone()).unwrap();
        let (whole, skip) = (mel.compute(&samples), params.hop.min(samples.len()));
        if whole.nrows() > 1 {
            prop_assert_eq!(whole.slice(s![1.., ..]), mel.compute(&samples[skip..]));
        }
    }

    #[test]
    fn twice_the_amplitude_is_four_times_the_power(samples in prop::collection::vec(-1.0_f32..1.0, 3_000)) {
        let mel = LogMel::new(MelParams { floor: 1e-20, ..MelParams::default() }).unwrap();
        let louder: Vec<f32> = samples.iter().map(|x| 2.0 * x).collect();
        let gain: Array2<f32> = mel.compute(&louder) - mel.compute(&samples);
        prop_assert!(gain.iter().all(|g| (g - 4.0_f32.ln()).abs() < 1e-4));
    }
}
