//! What each lever of a recipe contributes: taken away from it alone, and added alone to a base.

use toml::Table;

use super::{
    Spread,
    table::{Table as Rows, dash},
};
use crate::{
    Figures, Recipe, Summary,
    report::{self, Finding},
};

/// A recipe beside a base, and what lies between them, one setting at a time.
#[derive(Clone, Debug)]
pub struct Ablation {
    /// The settings in which the two differ, as dotted keys.
    pub levers: Vec<String>,
    /// The recipe, the base, and for each lever the recipe without it and the base with it, in this order; none where a
    /// setting cannot stand alone.
    pub variants: Vec<Option<Recipe>>,
}

impl Ablation {
    /// Takes a recipe apart. Data, steps and seed are those of the recipe throughout.
    ///
    /// ```
    /// use gradbook_lab::{Recipe, compare::Ablation};
    /// let [ema, best] = ["ema", "best"].map(|name| Recipe::built_in(name).unwrap());
    /// let parts = Ablation::of(&best, &ema);
    /// assert!(parts.levers.iter().any(|lever| lever == "quantizer.min_share"));
    /// assert!(parts.levers.iter().any(|lever| lever == "train.optimizer.rate"));
    /// assert_eq!(parts.variants.len(), 2 + 2 * parts.levers.len());
    /// ```
    pub fn of(recipe: &Recipe, base: &Recipe) -> Self {
        let mut base = base.clone();
        base.data = recipe.data.clone();
        (base.train.steps, base.train.seed) = (recipe.train.steps, recipe.train.seed);
        let [whole, plain] = [recipe, &base].map(values);
        let levers = differences(&whole, &plain);
        let variant = |from: &Recipe, to: &Table, lever: &str, name: String| {
            let mut table = values(from);
            move_value(&mut table, to, lever);
            table.insert("name".into(), name.into());
            let text = toml::to_string(&table).expect("it was written as TOML before");
            from.registry.parse(&text).and_then(|recipe| recipe.check().map(|()| recipe)).ok()
        };
        let mut variants = vec![Some(recipe.clone()), Some(base.clone())];
        for lever in &levers {
            let (without, with) =
                (format!("{}-without-{lever}", recipe.name), format!("{}-with-{lever}", base.name));
            variants.push(variant(recipe, &plain, lever, without));
            variants.push(variant(&base, &whole, lever, with));
        }
        Self { levers, variants }
    }

    /// What there is to train.
    pub fn recipes(&self) -> Vec<Recipe> {
        self.variants.iter().flatten().cloned().collect()
    }

    /// The MSE of each row of the table.
    pub fn picture(&self, runs: &[Summary]) -> Finding {
        let mse = |recipe: &Option<Recipe>| {
            let errors: Vec<f64> = figures(recipe.as_ref(), runs).iter().map(|found| found.mse).collect();
            (!errors.is_empty()).then(|| Spread::of(&errors).mean)
        };
        let rows: Vec<report::Pair> = self
            .names()
            .zip(self.variants.chunks(2))
            .map(|(name, pair)| (name.to_owned(), [mse(&pair[0]), mse(&pair[1])]))
            .collect();
        let own = |i: usize| self.variants[i].as_ref().map_or("", |recipe| &recipe.name);
        Finding::Picture {
            title: "MSE on the test clips; the dashed lines are those of the recipes as they are".into(),
            names: vec![format!("{} without the setting", own(0)), format!("{} with it", own(1))],
            svg: report::dots(&rows),
        }
    }

    /// What the rows are about.
    fn names(&self) -> impl Iterator<Item = &str> {
        ["(nothing else)"].into_iter().chain(self.levers.iter().map(String::as_str))
    }

    /// One row a lever: codes alive, perplexity and MSE of the recipe without it and of the base with it, means over seeds.
    pub fn table(&self, runs: &[Summary]) -> Rows {
        let found = |recipe: Option<&Recipe>| -> [String; 3] {
            let figures = figures(recipe, runs);
            if figures.is_empty() {
                return [(); 3].map(|()| dash());
            }
            let mean = |f: &dyn Fn(&Figures) -> f64| {
                Spread::of(&figures.iter().map(|x| f(x)).collect::<Vec<_>>()).mean
            };
            let alive = mean(&|x| x.usage.as_ref().map_or(f64::NAN, |usage| usage.alive));
            let perplexity = mean(&|x| x.usage.as_ref().map_or(f64::NAN, |usage| usage.perplexity));
            [format!("{alive:.0}"), format!("{perplexity:.0}"), format!("{:.4}", mean(&|x| x.mse))]
        };
        let head = vec!["", "without: alive", "perpl.", "MSE", "with: alive", "perpl.", "MSE"];
        let row = |name: &str, pair: &[Option<Recipe>]| {
            let cells = [found(pair[0].as_ref()), found(pair[1].as_ref())].concat();
            [vec![name.to_owned()], cells].concat()
        };
        Rows {
            head,
            rows: self.names().zip(self.variants.chunks(2)).map(|(name, pair)| row(name, pair)).collect(),
        }
    }
}

/// What the runs of a recipe came to, seed by seed; nothing where there is no recipe.
fn figures<'r>(recipe: Option<&Recipe>, runs: &'r [Summary]) -> Vec<&'r Figures> {
    runs.iter()
        .filter(|run| recipe.is_some_and(|recipe| recipe.name == run.recipe))
        .map(Summary::last)
        .collect()
}

fn values(recipe: &Recipe) -> Table {
    recipe.to_toml().parse().expect("what was written as TOML can be read as TOML")
}

/// The keys in which two recipes differ: of the quantizer and of training one by one, of the optimizer, too.
fn differences(a: &Table, b: &Table) -> Vec<String> {
    let none = Table::new();
    let part =
        |table: &Table, key: &str| table.get(key).and_then(|value| value.as_table()).unwrap_or(&none).clone();
    let mut found = Vec::new();
    let mut each = |place: &str, a: &Table, b: &Table, except: &[&str]| {
        let keys = a.keys().chain(b.keys().filter(|key| !a.contains_key(*key)));
        let differ = keys.filter(|key| a.get(*key) != b.get(*key) && !except.contains(&key.as_str()));
        found.extend(differ.map(|key| format!("{place}{key}")));
    };
    each("", a, b, &["name", "about", "data", "train", "quantizer"]);
    let [quantizer, other] = [a, b].map(|table| part(table, "quantizer"));
    if quantizer.get("kind") == other.get("kind") {
        each("quantizer.", &quantizer, &other, &[]);
    } else {
        each("", a, b, &["name", "about", "data", "train", "model"]);
    }
    let [train, other] = [a, b].map(|table| part(table, "train"));
    each("train.", &train, &other, &["steps", "seed", "optimizer"]);
    let [optimizer, other] = [&train, &other].map(|table| part(table, "optimizer"));
    each("train.optimizer.", &optimizer, &other, &[]);
    found
}

/// Gives the value at `key` what it is in `from`; takes it away if it is not there.
fn move_value(to: &mut Table, from: &Table, key: &str) {
    match key.split_once('.') {
        None => match from.get(key) {
            Some(value) => _ = to.insert(key.into(), value.clone()),
            None => _ = to.remove(key),
        },
        Some((first, rest)) => {
            let inner = to.entry(first).or_insert_with(|| Table::new().into());
            let none = Table::new();
            let from = from.get(first).and_then(|value| value.as_table()).unwrap_or(&none);
            if let Some(inner) = inner.as_table_mut() {
                move_value(inner, from, rest);
            }
        }
    }
}
