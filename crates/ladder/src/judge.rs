//! [`Trial`]: the cases of a rung, the right answer to each, and the mistakes that are known by name.

use std::{
    cell::RefCell,
    panic::{self, AssertUnwindSafe},
    sync::Once,
};

use crate::{
    finding::{Fault, Finding, Verdict},
    rungs::Rung,
    values::{Answer, same},
};

/// What a rung is tried on.
pub struct Case<C> {
    /// As a reader would say it: `a = 2, b = 3`.
    pub name: String,
    /// The same for the program.
    pub input: C,
}

/// A mistake that people make.
pub struct Mistake<C> {
    /// Its name, which the judge gives.
    pub name: &'static str,
    /// What is wrong about it.
    pub why: &'static str,
    /// How it is recognised.
    pub seen: Seen<C>,
}

/// How a mistake is recognised.
pub enum Seen<C> {
    /// The wrong program: whoever answers every case as it does has made the mistake.
    Program(fn(&C) -> Answer),
    /// By what the answer to the first failing case looks like.
    Sign(fn(&C, &Answer) -> bool),
}

/// Everything a judge knows.
pub struct Trial<C> {
    /// The rung that is judged.
    pub rung: &'static Rung,
    /// Its cases, the simplest first.
    pub cases: Vec<Case<C>>,
    /// The right answer.
    pub right: fn(&C) -> Answer,
    /// Known mistakes; of several that fit, the first is named.
    pub mistakes: Vec<Mistake<C>>,
}

impl<C> Trial<C> {
    /// Whether `answer` is right in every case; otherwise the first case in which it is not.
    ///
    /// # Errors
    /// What was found, with the name of the mistake if it is known.
    pub fn run(&self, answer: impl Fn(&C) -> Answer) -> Verdict {
        let mut answers = Vec::new();
        let mut fault = None;
        for (i, case) in self.cases.iter().enumerate() {
            let found = match quietly(|| answer(&case.input)) {
                Ok(got) => {
                    let found = difference(&(self.right)(&case.input), &got);
                    answers.push(got);
                    found
                }
                Err(panic) => Some(panic),
            };
            if fault.is_none() {
                fault = found.map(|fault| (i, fault));
            }
            if answers.len() <= i {
                break;
            }
        }
        let Some((i, fault)) = fault else {
            return Ok(());
        };
        let fits = |mistake: &&Mistake<C>| match mistake.seen {
            Seen::Program(wrong) => {
                answers.len() > i
                    && self.cases.iter().zip(&answers).all(|(case, got)| same(got, &wrong(&case.input)))
            }
            Seen::Sign(sign) => answers.get(i).is_some_and(|got| sign(&self.cases[i].input, got)),
        };
        let mistake = self.mistakes.iter().find(fits).map(|mistake| (mistake.name, mistake.why));
        Err(Box::new(Finding { rung: self.rung, case: self.cases[i].name.clone(), fault, mistake }))
    }

    /// The right program's verdict, and that on each wrong program with the name it should be given: the proof that the
    /// cases tell the mistakes apart.
    pub fn proof(&self) -> (Verdict, Vec<(&'static str, Verdict)>) {
        let mistakes = self.mistakes.iter().filter_map(|mistake| match mistake.seen {
            Seen::Program(wrong) => Some((mistake.name, self.run(wrong))),
            Seen::Sign(_) => None,
        });
        (self.run(self.right), mistakes.collect())
    }
}

/// The first part that is not as expected.
fn difference(expected: &Answer, got: &Answer) -> Option<Fault> {
    let (name, expected, got) = expected.iter().zip(got).find_map(|((name, expected), (_, got))| {
        (!expected.same(got)).then(|| (name, expected.to_string(), got.to_string()))
    })?;
    Some(Fault::Wrong { argument: (*name).to_owned(), expected, got })
}

thread_local! {
    /// Where this thread's last panic was while a judge listened; `None` while none listens.
    static HEARD: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// The result, or the panic as a finding instead of a message and a backtrace.
fn quietly<R>(program: impl FnOnce() -> R) -> Result<R, Fault> {
    static LISTEN: Once = Once::new();
    LISTEN.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let place = info.location().map(|at| format!("{}:{}", at.file(), at.line()));
            let heard = HEARD.with_borrow_mut(|heard| {
                heard.as_mut().map(|heard| *heard = place.unwrap_or_default()).is_some()
            });
            if !heard {
                usual(info);
            }
        }));
    });
    HEARD.set(Some(String::new()));
    let result = panic::catch_unwind(AssertUnwindSafe(program));
    let at = HEARD.take().unwrap_or_default();
    result.map_err(|payload| {
        let text = payload.downcast_ref::<String>().map(String::as_str);
        let what = text.or(payload.downcast_ref::<&str>().copied()).unwrap_or("(without a message)");
        match what.strip_prefix("not yet implemented: ") {
            Some(what) => Fault::Hole { what: what.to_owned(), at },
            None => Fault::Panic { what: what.to_owned(), at },
        }
    })
}
