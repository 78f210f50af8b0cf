//! What tells one corpus from another: a hash of names and samples, the same on every machine.

/// FNV-1a (Fowler, Noll & Vo 1991) over words of 64 bits: `h ← (h ⊕ word) · 0x100000001b3`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fingerprint(u64);

impl Fingerprint {
    pub fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    pub fn word(self, word: u64) -> Self {
        Self((self.0 ^ word).wrapping_mul(0x0100_0000_01b3))
    }

    /// A text and where it ends.
    pub fn text(self, text: &str) -> Self {
        text.bytes().fold(self, |hash, byte| hash.word(u64::from(byte))).word(text.len() as u64)
    }

    /// Samples, bit by bit.
    pub fn samples(self, samples: &[f32]) -> Self {
        samples.iter().fold(self, |hash, x| hash.word(u64::from(x.to_bits())))
    }

    pub fn value(self) -> u64 {
        // The multiplication carries upwards alone: the last step (of MurmurHash3) brings the upper bits down.
        let mut h = self.0;
        for factor in [0xff51_afd7_ed55_8ccd, 0xc4ce_b9fe_1a85_ec53] {
            h = (h ^ (h >> 33)).wrapping_mul(factor);
        }
        h ^ (h >> 33)
    }
}

#[cfg(test)]
mod tests {
    use super::Fingerprint;

    #[test]
    fn names_and_samples_that_differ_in_anything_differ_in_their_hash() {
        let hash = |name: &str, samples: &[f32]| Fingerprint::new().text(name).samples(samples).value();
        let base = hash("a.wav", &[0.25, -0.5]);
        assert_eq!(base, hash("a.wav", &[0.25, -0.5]));
        for other in [
            hash("b.wav", &[0.25, -0.5]),
            hash("a.wav", &[0.25, -0.500_000_06]),
            hash("a.wav", &[-0.5, 0.25]),
            hash("a.wav", &[0.25, -0.5, 0.0]),
            hash("a.wav", &[0.25]),
        ] {
            assert_ne!(base, other);
        }
        assert_ne!(
            Fingerprint::new().text("ab").text("c").value(),
            Fingerprint::new().text("a").text("bc").value()
        );
    }
}
