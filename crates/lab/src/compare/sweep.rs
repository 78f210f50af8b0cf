//! Many settings of one recipe: all of a grid, or points spread evenly over ranges. Validation decides.

use super::{
    Spread,
    table::{Table, dash, plus_minus},
};
use crate::{
    Error, Recipe, Summary,
    report::{self, Finding},
};

/// One setting and the values it takes.
#[derive(Clone, Debug, PartialEq)]
pub enum Axis {
    /// These values, as TOML writes them: `quantizer.codes=256,512,1024`.
    Grid {
        /// The dotted key.
        key: String,
        /// Its values.
        values: Vec<String>,
    },
    /// Any number between two, on a logarithmic scale if both are positive and a factor of ten or more apart:
    /// `train.optimizer.rate=1e-4..1e-2`.
    Range {
        /// The dotted key.
        key: String,
        /// The least value.
        low: f64,
        /// The greatest.
        high: f64,
    },
}

impl Axis {
    /// Reads `key=a,b,c`. Commas within brackets and braces do not part values.
    ///
    /// # Errors
    /// If there is no key or no value.
    pub fn grid(text: &str) -> Result<Self, Error> {
        let wrong = || Error::Request(format!("`{text}` is not of the form key=value,value,…"));
        let (key, list) = text.split_once('=').ok_or_else(wrong)?;
        let (mut values, mut depth) = (vec![String::new()], 0_i32);
        for c in list.chars() {
            depth += i32::from("[{".contains(c)) - i32::from("]}".contains(c));
            match c {
                ',' if depth == 0 => values.push(String::new()),
                _ => values.last_mut().ok_or_else(wrong)?.push(c),
            }
        }
        let values: Vec<String> = values.into_iter().map(|value| value.trim().to_owned()).collect();
        if key.trim().is_empty() || values.iter().any(String::is_empty) {
            return Err(wrong());
        }
        Ok(Self::Grid { key: key.trim().into(), values })
    }

    /// Reads `key=low..high`.
    ///
    /// # Errors
    /// If there are no two numbers, the first below the second.
    pub fn range(text: &str) -> Result<Self, Error> {
        let wrong = || Error::Request(format!("`{text}` is not of the form key=low..high, with low < high"));
        let (key, ends) = text.split_once('=').ok_or_else(wrong)?;
        let (low, high) = ends.split_once("..").ok_or_else(wrong)?;
        let number = |text: &str| text.trim().parse::<f64>().ok().filter(|x| x.is_finite()).ok_or_else(wrong);
        let (low, high) = (number(low)?, number(high)?);
        if key.trim().is_empty() || low >= high {
            return Err(wrong());
        }
        Ok(Self::Range { key: key.trim().into(), low, high })
    }

    fn key(&self) -> &str {
        match self {
            Self::Grid { key, .. } | Self::Range { key, .. } => key,
        }
    }

    /// The value at a place between 0 and 1.
    fn at(&self, place: f64) -> String {
        match self {
            Self::Grid { values, .. } => {
                values[((place * values.len() as f64) as usize).min(values.len() - 1)].clone()
            }
            Self::Range { low, high, .. } if *low > 0.0 && high / low >= 10.0 => {
                format!("{:e}", round(low * (high / low).powf(place)))
            }
            Self::Range { low, high, .. } => format!("{}", round(low + (high - low) * place)),
        }
    }
}

/// Four digits say enough.
fn round(x: f64) -> f64 {
    format!("{x:.3e}").parse().unwrap_or(x)
}

/// A point of a sweep: its recipe and the values by which it differs from the others.
#[derive(Clone, Debug)]
pub struct Point {
    /// The recipe, named after its values.
    pub recipe: Recipe,
    /// The value on each axis.
    pub values: Vec<String>,
}

/// Every combination of the values of all axes; or if `samples` are given, so many points of a scrambled Sobol sequence
/// (Sobol 1967; Owen 1995), which leave no part of the space out.
///
/// # Errors
/// If an axis is a range and no samples are given, or a recipe cannot be.
pub fn points(recipe: &Recipe, axes: &[Axis], samples: Option<u32>) -> Result<Vec<Point>, Error> {
    let mut all: Vec<Vec<String>> = vec![Vec::new()];
    match samples {
        Some(count) => {
            let seed = recipe.train.seed as u32;
            let place = |i, axis: usize| f64::from(sobol_burley::sample(i, axis as u32, seed));
            all = (0..count)
                .map(|i| axes.iter().enumerate().map(|(k, axis)| axis.at(place(i, k))).collect())
                .collect();
        }
        None => {
            for axis in axes {
                let Axis::Grid { values, .. } = axis else {
                    return Err(Error::Request(format!(
                        "`{}` has a range: --samples says how many points",
                        axis.key()
                    )));
                };
                all = all
                    .into_iter()
                    .flat_map(|point| {
                        values.iter().map(move |value| [&point[..], std::slice::from_ref(value)].concat())
                    })
                    .collect();
            }
        }
    }
    let point = |values: Vec<String>| {
        let mut changed = recipe.clone();
        for (axis, value) in axes.iter().zip(&values) {
            changed = changed.set(&format!("{}={value}", axis.key()))?;
        }
        let last = |axis: &Axis| axis.key().rsplit('.').next().unwrap_or_default().to_owned();
        let said: Vec<String> =
            axes.iter().zip(&values).map(|(axis, value)| format!("{}={value}", last(axis))).collect();
        changed.name = said.join(",").replace(['/', '\\', '"'], "");
        Ok(Point { recipe: changed, values })
    };
    all.into_iter().map(point).collect()
}

/// The points from the best to the worst on the validation clips, means over seeds: place in `points`, mean, deviation.
pub fn ranked(points: &[Point], runs: &[Summary]) -> Vec<(usize, Spread)> {
    let errors = |point: &Point| -> Vec<f64> {
        runs.iter().filter(|run| run.recipe == point.recipe.name).map(|run| run.validation.mse).collect()
    };
    let mut all: Vec<(usize, Spread)> = points
        .iter()
        .enumerate()
        .map(|(i, point)| (i, errors(point)))
        .filter(|(_, errors)| !errors.is_empty())
        .map(|(i, errors)| (i, Spread::of(&errors)))
        .collect();
    all.sort_by(|a, b| a.1.mean.total_cmp(&b.1.mean));
    all
}

/// The error on the validation clips over the values of each axis.
pub fn pictures(axes: &[Axis], points: &[Point], runs: &[Summary]) -> Vec<Finding> {
    let ranked = ranked(points, runs);
    let picture = |(axis, setting): (usize, &Axis)| {
        let values = match setting {
            Axis::Grid { values, .. } => values.clone(),
            Axis::Range { .. } => {
                let number = |text: &String| text.parse().unwrap_or(f64::NAN);
                let mut all: Vec<String> = points.iter().map(|point| point.values[axis].clone()).collect();
                all.sort_by(|a, b| number(a).total_cmp(&number(b)));
                all.dedup();
                all
            }
        };
        let dot = |(i, spread): &(usize, Spread)| {
            let place = values.iter().position(|value| *value == points[*i].values[axis])?;
            Some(report::Dot { place, mean: spread.mean, deviation: spread.deviation })
        };
        let dots: Vec<report::Dot> = ranked.iter().filter_map(dot).collect();
        let title = format!("MSE on the validation clips over {}", setting.key());
        Finding::Picture { title, names: Vec::new(), svg: report::over_values(&values, &dots) }
    };
    axes.iter().enumerate().map(picture).collect()
}

/// The ranking as a table. The test clips are those of the winner alone: the others had no need to see them.
pub fn table(axes: &[Axis], points: &[Point], runs: &[Summary]) -> Table {
    let head = vec!["", "validation MSE", "alive", "perplexity", "test MSE"];
    let row = |(place, (i, spread)): (usize, (usize, Spread))| {
        let runs: Vec<&Summary> = runs.iter().filter(|run| run.recipe == points[i].recipe.name).collect();
        let usage = |f: fn(&crate::UsageFigures) -> f64| -> Option<f64> {
            let all: Option<Vec<f64>> = runs.iter().map(|run| run.validation.usage.as_ref().map(f)).collect();
            all.map(|all| Spread::of(&all).mean)
        };
        let or_dash = |x: Option<f64>, digits: usize| x.map_or_else(dash, |x: f64| format!("{x:.digits$}"));
        let test: Option<Vec<f64>> = runs.iter().map(|run| run.test.as_ref().map(|test| test.mse)).collect();
        let said: Vec<String> = axes
            .iter()
            .zip(&points[i].values)
            .map(|(axis, value)| format!("{}={value}", axis.key()))
            .collect();
        vec![
            said.join(" "),
            plus_minus(spread, 4),
            or_dash(usage(|usage| usage.alive), 1),
            or_dash(usage(|usage| usage.perplexity), 1),
            or_dash(test.filter(|_| place == 0).map(|all| Spread::of(&all).mean), 4),
        ]
    };
    Table { head, rows: ranked(points, runs).into_iter().enumerate().map(row).collect() }
}
