//! [`Registry`]: the kinds of quantizers that configs can name, the built-in ones and yours.

use gradbook_nn::named::{KindError, Kinds, Options};

use crate::{KindConfig, QuantizerConfig, kinds};

/// The kinds of quantizers that configs can name: a value, handed to whatever reads configs. By default the built-in ones.
///
/// ```
/// use gradbook_vq::{Registry, kinds::FsqConfig};
/// let registry = Registry::default();
/// let kinds: Vec<_> = registry.kinds().map(|kind| kind.name).collect();
/// assert!(kinds.contains(&"codebook") && kinds.contains(&"residual"));
/// let error = registry.with::<FsqConfig>().err().unwrap(); // one of yours has a name of its own
/// assert!(error.to_string().contains("there is a quantizer `fsq` already"));
/// ```
#[derive(Clone)]
pub struct Registry(Kinds<Kind>);

/// A kind in a registry.
#[derive(Clone, Copy)]
pub struct Kind {
    /// The name in configs.
    pub name: &'static str,
    /// Where it is from.
    pub paper: &'static str,
    /// What it does.
    pub summary: &'static str,
    /// A config of it from its options.
    read: fn(Options, &Registry) -> Result<QuantizerConfig, KindError>,
    /// Its probes around these configs; if it is no combinator, its probes.
    around: fn(&[QuantizerConfig]) -> Vec<QuantizerConfig>,
}

impl Default for Registry {
    fn default() -> Self {
        kinds::built_in().expect("the built-in kinds have legal names, each its own")
    }
}

impl Registry {
    /// No kind at all.
    pub(crate) fn empty() -> Self {
        Self(Kinds::new("a quantizer", "kind"))
    }

    /// With one more kind.
    ///
    /// # Errors
    /// If its name is taken, or none that a config can say.
    pub fn with<C: KindConfig>(mut self) -> Result<Self, KindError> {
        let kind = Kind {
            name: C::NAME,
            paper: C::PAPER,
            summary: C::SUMMARY,
            read: |options, registry| Ok(C::read(options, registry)?.into()),
            around: |inner| C::probes(inner).into_iter().map(Into::into).collect(),
        };
        self.0.add(C::NAME, kind)?;
        Ok(self)
    }

    /// Every kind.
    pub fn kinds(&self) -> impl Iterator<Item = &Kind> {
        self.0.iter()
    }

    /// The config that options mean.
    ///
    /// # Errors
    /// If they name no kind of this registry, or do not fit it.
    pub fn read(&self, mut options: Options) -> Result<QuantizerConfig, KindError> {
        (self.0.take(&mut options)?.read)(options, self)
    }

    /// The config of the quantizer that a combinator wraps, which is under its key `quantizer`.
    ///
    /// # Errors
    /// See [`read`](Self::read).
    pub fn inner(&self, options: Options) -> Result<QuantizerConfig, KindError> {
        self.read(options).map_err(|error| error.within("quantizer"))
    }

    /// Configs that show the options of a kind; those of a combinator are around every config of every other kind.
    pub fn probes(&self, kind: &Kind) -> Vec<QuantizerConfig> {
        let all = (kind.around)(&self.tried_inside()).into_iter();
        all.filter(QuantizerConfig::is_legal).collect()
    }

    /// Every combinator around each of these, in as many ways as show its options.
    pub fn around(&self, inner: &[QuantizerConfig]) -> Vec<QuantizerConfig> {
        let all = self.combinators().flat_map(|kind| (kind.around)(inner));
        all.filter(QuantizerConfig::is_legal).collect()
    }

    /// Every config of every kind that is no combinator, and each combinator around the first of them: what combinators
    /// are tried around.
    fn tried_inside(&self) -> Vec<QuantizerConfig> {
        let mut all: Vec<_> = self.kinds().flat_map(|kind| (kind.around)(&[])).collect();
        let nested: Vec<_> = self.combinators().filter_map(|kind| (kind.around)(&all[..1]).pop()).collect();
        all.extend(nested);
        all
    }

    /// The kinds that need another to wrap.
    fn combinators(&self) -> impl Iterator<Item = &Kind> {
        self.kinds().filter(|kind| (kind.around)(&[]).is_empty())
    }
}
