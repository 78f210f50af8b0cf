//! [`Registry`]: what recipes can name, the built-in kinds and yours.

use std::{fs, path::Path};

use gradbook_autograd::ops::Op;
use gradbook_nn::named::{Fault, KindError, Kinds, Options, Reader};
use gradbook_vq::{KindConfig, QuantizerConfig};

use crate::{
    BUILT_IN, Block, BlockConfig, Error, Event, EventConfig, Recipe, RecipeError, blocks, old_words, parse,
};

/// What recipes can name: kinds of quantizers, blocks and events. A value, handed to whatever reads recipes; by default it
/// has the built-in kinds.
///
/// ```
/// use gradbook_lab::{Registry, blocks::Relu};
/// let recipe = Registry::default().parse("quantizer = { kind = \"fsq\", levels = [8, 5] }").unwrap();
/// assert_eq!(recipe.quantizer.unwrap().kind(), "fsq");
/// let error = Registry::default().block::<Relu>().err().unwrap(); // one of yours has a name of its own
/// assert!(error.to_string().contains("there is a block `relu` already"));
/// ```
#[derive(Clone)]
pub struct Registry {
    quantizers: gradbook_vq::Registry,
    blocks: Kinds<Reader<Block>>,
    events: Kinds<Reader<Event>>,
    ops: Vec<&'static Op>,
}

impl Default for Registry {
    fn default() -> Self {
        Self {
            quantizers: gradbook_vq::Registry::default(),
            blocks: blocks::built_in().expect("the built-in blocks have legal names, each its own"),
            events: Kinds::new("an event", "event"),
            ops: Vec::new(),
        }
    }
}

impl Registry {
    /// With one more kind of quantizer.
    ///
    /// # Errors
    /// If its name is taken, or none that a recipe can say.
    pub fn quantizer<C: KindConfig>(mut self) -> Result<Self, KindError> {
        self.quantizers = self.quantizers.with::<C>()?;
        Ok(self)
    }

    /// With one more kind of block.
    ///
    /// # Errors
    /// If its name is taken, or none that a recipe can say.
    pub fn block<C: BlockConfig>(mut self) -> Result<Self, KindError> {
        self.blocks.define::<C>(C::NAME)?;
        Ok(self)
    }

    /// With one more kind of event.
    ///
    /// # Errors
    /// If its name is taken, or none that a recipe can say.
    pub fn event<C: EventConfig>(mut self) -> Result<Self, KindError> {
        self.events.define::<C>(C::NAME)?;
        Ok(self)
    }

    /// With one more op, for `gradbook gradcheck`.
    ///
    /// # Errors
    /// If there is an op of this name.
    pub fn op(mut self, op: &'static Op) -> Result<Self, KindError> {
        if gradbook_autograd::ops::ALL.iter().chain(&self.ops).any(|known| known.name == op.name) {
            return Err(Fault::Twice { what: "an op", name: op.name }.into());
        }
        self.ops.push(op);
        Ok(self)
    }

    /// The kinds of quantizers.
    pub fn quantizers(&self) -> &gradbook_vq::Registry {
        &self.quantizers
    }

    /// The names of blocks.
    pub fn blocks(&self) -> impl Iterator<Item = &'static str> {
        self.blocks.names()
    }

    /// The ops that were added to those of the library.
    pub fn ops(&self) -> &[&'static Op] {
        &self.ops
    }

    /// Reads a recipe from its text.
    ///
    /// # Errors
    /// What is wrong and where; for an unknown key or kind, the nearest known one.
    pub fn parse(&self, text: &str) -> Result<Recipe, RecipeError> {
        let recipe = parse::recipe(text, self).map_err(|fault| RecipeError::new(&fault))?;
        recipe.check().map(|()| recipe)
    }

    /// A recipe that comes with the program.
    ///
    /// # Errors
    /// If there is none of this name; then the nearest one is suggested.
    pub fn built_in(&self, name: &str) -> Result<Recipe, RecipeError> {
        let (name, note, text) = Self::built_in_text(name)?;
        Ok(Recipe { name: name.to_owned(), notes: note.into_iter().collect(), ..self.parse(text)? })
    }

    /// The name that a recipe has now, with a note if it is not the one asked for, and its text.
    pub(crate) fn built_in_text(
        name: &str,
    ) -> Result<(&'static str, Option<String>, &'static str), RecipeError> {
        let (name, note) = old_words::recipe(name);
        let (name, text) = BUILT_IN.iter().find(|(known, _)| *known == name).ok_or_else(|| {
            let names: Vec<&str> = BUILT_IN.iter().map(|(name, _)| *name).collect();
            RecipeError::no_such_recipe(name, &names)
        })?;
        Ok((name, note, text))
    }

    /// A recipe of this name that comes with the program, or the file `name` if it ends in `.toml`.
    ///
    /// # Errors
    /// If there is no such recipe or file, or if it cannot be read.
    pub fn find(&self, name: &str) -> Result<Recipe, Error> {
        let path = Path::new(name);
        match path.extension() {
            Some(end) if end == "toml" => self.read(path),
            _ => Ok(self.built_in(name)?),
        }
    }

    /// Reads a recipe from a file.
    ///
    /// # Errors
    /// If there is no such file, or what is wrong with it and where.
    pub fn read(&self, path: &Path) -> Result<Recipe, Error> {
        let text = fs::read_to_string(path).map_err(Error::io("read", path))?;
        let malformed =
            |error: RecipeError| Error::Malformed { path: path.into(), reason: error.to_string() };
        let mut recipe = self.parse(&text).map_err(malformed)?;
        if recipe.name.is_empty() {
            recipe.name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        }
        Ok(recipe)
    }

    pub(crate) fn quantizer_of(&self, options: Options) -> Result<QuantizerConfig, KindError> {
        self.quantizers.read(options)
    }

    pub(crate) fn block_of(&self, options: Options) -> Result<Block, KindError> {
        self.blocks.read(options)
    }

    pub(crate) fn event_of(&self, options: Options) -> Result<Event, KindError> {
        self.events.read(options)
    }
}
