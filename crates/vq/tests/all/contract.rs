//! The contract over every kind with every option.

use gradbook_vq::{ALL, contract::check};
use proptest::prelude::*;

/// Every probe of a kind with this seed; all violations at once.
fn violations(seed: u64) -> Vec<String> {
    let mut found = Vec::new();
    for kind in ALL {
        for config in (kind.probes)() {
            if let Err(violation) = check(&config, config.probe_dim(), seed) {
                found.push(format!("{config:?}\n{violation}"));
            }
        }
    }
    found
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4, max_shrink_iters: 0, ..ProptestConfig::default() })]

    #[test]
    fn every_kind_with_every_option_keeps_the_contract(seed in any::<u64>()) {
        let found = violations(seed);
        prop_assert!(found.is_empty(), "{} violations\n{}", found.len(), found.join("\n\n"));
    }
}

#[test]
fn every_property_holds_for_some_kind() {
    let mut held: Vec<u8> = Vec::new();
    for config in ALL.iter().flat_map(|kind| (kind.probes)()) {
        if let Ok(report) = check(&config, config.probe_dim(), 5) {
            held.extend(report.held);
        }
    }
    for (number, sentence) in gradbook_vq::contract::PROPERTIES {
        assert!(held.contains(number), "property {number} never applied: {sentence}");
    }
}
