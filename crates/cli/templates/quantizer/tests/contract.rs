//! The quantizer keeps the contract, alone with each of its options and inside every combinator, and each option matters.

use gradbook::vq::{
    KindConfig, QuantizerConfig, Registry,
    contract::{check, options_matter},
};
use newkind::NewkindConfig;

#[test]
fn it_keeps_the_contract_alone_and_inside_every_combinator() {
    let registry = Registry::default().with::<NewkindConfig>().expect("a name of its own");
    let alone: Vec<QuantizerConfig> = NewkindConfig::probes(&[]).into_iter().map(Into::into).collect();
    for config in alone.iter().chain(&registry.around(&alone)) {
        let report = check(config, config.probe_dim(), 1);
        println!("{config:?}: {}", report.unwrap_or_else(|violation| panic!("{config:?}\n{violation}")));
    }
}

#[test]
fn each_option_changes_something() {
    let probes: Vec<QuantizerConfig> = NewkindConfig::probes(&[]).into_iter().map(Into::into).collect();
    options_matter(&probes, probes[0].probe_dim(), 1).unwrap_or_else(|violation| panic!("{violation}"));
}
