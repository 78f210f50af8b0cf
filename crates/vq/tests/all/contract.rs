//! The contract over every kind with every option, and over every combinator around each of these.

use std::collections::BTreeSet;

use gradbook_vq::{
    QuantizerConfig, Registry,
    contract::{PROPERTIES, check, options_matter},
};
use proptest::prelude::*;
use rayon::prelude::*;
use serde_json::Value;

use crate::trial::probes;

/// Every probe with this seed: the properties that held for some, and all violations at once.
fn outcomes(seed: u64) -> (BTreeSet<u8>, Vec<String>) {
    let checked: Vec<_> = probes()
        .collect::<Vec<_>>()
        .into_par_iter()
        .map(|config| (check(&config, config.probe_dim(), seed), config))
        .collect();
    let (mut held, mut violations) = (BTreeSet::new(), Vec::new());
    for (outcome, config) in checked {
        match outcome {
            Ok(report) => held.extend(report.held),
            Err(violation) => violations.push(format!("{config:?}\n{violation}")),
        }
    }
    (held, violations)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2, max_shrink_iters: 0, ..ProptestConfig::default() })]

    #[test]
    fn every_kind_with_every_option_alone_and_under_every_combinator_keeps_the_contract(seed in any::<u64>()) {
        let (held, found) = outcomes(seed);
        prop_assert!(found.is_empty(), "{} violations\n{}", found.len(), found.join("\n\n"));
        for (number, sentence) in PROPERTIES.iter().filter(|(number, _)| *number != 21) {
            prop_assert!(held.contains(number), "property {number} never applied: {sentence}");
        }
    }
}

/// Property 21, which is one of several quantizers.
#[test]
fn no_two_probes_of_a_kind_do_the_same() {
    let registry = Registry::default();
    for kind in registry.kinds() {
        let probes: Vec<_> = registry.probes(kind).into_iter().take(60).collect();
        let dims: BTreeSet<usize> = probes.iter().map(QuantizerConfig::probe_dim).collect();
        for dim in dims {
            let alike: Vec<_> = probes.iter().filter(|config| config.probe_dim() == dim).cloned().collect();
            if let Err(violation) = options_matter(&alike, dim, 3) {
                panic!("{} of {dim} channels: {violation}\n{alike:#?}", kind.name);
            }
        }
    }
}

/// The kind of a config, and the config within if it is a combinator.
fn taken_apart(config: &Value) -> (String, Option<&Value>) {
    (config["kind"].as_str().expect("every config has a kind").to_owned(), config.get("quantizer"))
}

#[test]
fn combinators_are_tried_around_every_config_of_every_other_kind_and_around_each_other() {
    let probes: Vec<Value> =
        probes().map(|config| serde_json::to_value(config).expect("configs are plain data")).collect();
    let plain: BTreeSet<String> =
        probes.iter().filter(|config| taken_apart(config).1.is_none()).map(Value::to_string).collect();
    let combinators: BTreeSet<String> =
        probes.iter().map(taken_apart).filter(|(_, inner)| inner.is_some()).map(|(kind, _)| kind).collect();
    assert_eq!((plain.len() > 50, combinators.len()), (true, 6), "{combinators:?}");
    let along_the_length = ["hierarchical", "multi_scale"];
    for kind in &combinators {
        let inner =
            probes.iter().map(taken_apart).filter(|(own, _)| own == kind).filter_map(|(_, inner)| inner);
        let (nested, others): (Vec<_>, Vec<_>) = inner.partition(|inner| taken_apart(inner).1.is_some());
        assert_eq!(others.into_iter().map(Value::to_string).collect::<BTreeSet<_>>(), plain, "{kind}");
        let nested: BTreeSet<String> = nested.into_iter().map(|inner| taken_apart(inner).0).collect();
        // Those of single rows refuse one that looks along the length.
        let mut legal = combinators.clone();
        legal.retain(|inner| kind == "projected" || !along_the_length.contains(&inner.as_str()));
        assert_eq!(nested, legal, "{kind}");
    }
}
