//! Spectrogram VQ-VAEs.
