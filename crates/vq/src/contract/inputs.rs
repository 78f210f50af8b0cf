//! Property 18: inputs that go wrong somewhere else.

use std::any::Any;

use gradbook_autograd::{Real, Tensor};

use super::{Checked, Rule, Verdict, caught::caught, ensure, trial::Trial};

pub fn rules<'s, T: Real>() -> Vec<Rule<'s, T>> {
    vec![(18, strange_inputs)]
}

/// The row that is not a number in one of the inputs.
const BAD: usize = 3;

fn strange_inputs<T: Real>(t: &Trial<'_, T>) -> Checked {
    let (rows, dim) = (8, t.dim());
    let plain = t.rows(rows, 70);
    let mut broken = plain.clone();
    broken.as_mut_slice()[BAD * dim] = T::of(f64::NAN);
    let mut endless = plain.clone();
    endless.as_mut_slice()[BAD * dim] = T::of(f64::INFINITY);
    let inputs: [(&str, Tensor<T>, &str); 6] = [
        ("zero", plain.map(|_| T::ZERO), "row"),
        ("constant", plain.map(|_| T::of(3.0)), "row"),
        ("tiny", plain.map(|x| x * T::of(1e-30)), "row"),
        ("huge", plain.map(|x| x * T::of(1e30)), "row"),
        ("infinite", endless, "row 3"),
        ("not a number", broken, "row 3"),
    ];
    for (name, z, place) in inputs {
        let found = caught(|| {
            let (values, _) = t.eval(&z);
            let passed = t.train(&z, t.stream(4));
            let mut after = t.copy();
            after.absorb(&passed.stats, 4);
            let state = after.store.iter().find(|(_, entry)| !finite(&entry.value));
            let state = state.map(|(_, entry)| entry.name.clone());
            let parts =
                [("value", &values), ("value in training", &passed.values), ("gradient", &passed.gradient)];
            let part = parts.into_iter().find(|(_, x)| !finite(x)).map(|(what, _)| what.to_owned());
            let loss = passed.losses.into_iter().find(|(_, loss)| !loss.is_finite()).map(|(what, _)| what);
            part.or(loss).or(state)
        });
        match found {
            Ok(None) => {}
            Ok(Some(what)) => {
                return Err(format!("{name} rows give a {what} that is not finite, and no error"));
            }
            Err(cause) => {
                let message = message(&*cause);
                ensure!(message.contains(place), "{name} rows give an error without `{place}`: {message}");
            }
        }
    }
    Ok(Verdict::Holds)
}

fn finite<T: Real>(x: &Tensor<T>) -> bool {
    x.as_slice().iter().all(|x| x.is_finite())
}

/// What a panic said.
pub fn message(cause: &(dyn Any + Send)) -> String {
    let text = cause.downcast_ref::<String>().cloned();
    text.or_else(|| cause.downcast_ref().map(|text: &&str| (*text).to_owned())).unwrap_or_default()
}
