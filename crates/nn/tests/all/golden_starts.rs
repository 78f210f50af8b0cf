//! The numbers that parameters start from, by seed and name: they are part of what a seed promises.

use gradbook_autograd::{ParamStore, Shape, Tensor};
use gradbook_nn::{
    BatchNorm1d, Conv1d, Conv1dConfig, ConvTranspose1d, ConvTranspose1dConfig, Embedding, Fan, GroupNorm,
    Init, LayerNorm, Linear, ResidualBlock, ResidualConfig, RmsNorm, Scope, Snake, UpsampleConv1d,
};

/// The first three numbers that each rule draws for the parameter `net.weight` `[3, 4]` of seed 7.
#[test]
fn every_rule_draws_its_golden_numbers() {
    let fan = Fan { input: 3, output: 4 };
    let rules: [(&str, Init, [f64; 3]); 11] = [
        ("zeros", Init::ZEROS, [0.0; 3]),
        ("ones", Init::ONES, [1.0; 3]),
        (
            "torch",
            Init::torch(3),
            [-0.114_115_014_849_637_43, 0.072_587_759_579_281_54, -0.395_592_233_711_080_2],
        ),
        (
            "xavier_uniform",
            Init::xavier_uniform(fan, 5.0 / 3.0),
            [-0.304_985_205_895_688_34, 0.193_998_947_727_992_87, -1.057_264_716_725_333_3],
        ),
        (
            "xavier_normal",
            Init::xavier_normal(fan, 2.0),
            [-0.288_984_075_781_880_8, 0.262_599_184_136_209_1, -1.195_140_529_940_695_9],
        ),
        (
            "kaiming_uniform",
            Init::kaiming_uniform(3, 0.2),
            [-0.274_095_399_739_688_2, 0.174_350_158_954_168_28, -0.950_181_810_656_787_4],
        ),
        (
            "kaiming_normal",
            Init::kaiming_normal(4, 0.0),
            [-0.191_144_999_344_175, 0.173_693_033_928_216_78, -0.790_511_155_999_256_5],
        ),
        (
            "kaiming_normal of a slope", // √(2/(10 · 8)) of the standard deviations that "normal" has 0.02 of
            Init::kaiming_normal(8, 3.0),
            [-0.042_741_321_209_272_8, 0.038_838_943_108_167, -0.176_763_668_178_627_8],
        ),
        (
            "normal",
            Init::Normal { std: 0.02 },
            [-0.005_406_397_009_046_573, 0.004_912_780_885_420_286, -0.022_359_031_960_427_638],
        ),
        (
            "truncated",
            Init::TruncatedNormal { std: 0.5 },
            [-0.135_159_925_226_164_32, 0.122_819_522_135_507_15, -0.558_975_799_010_690_9],
        ),
        (
            "orthogonal",
            Init::Orthogonal { gain: 1.0 },
            [-0.160_382_450_597_231_08, 0.145_739_174_598_628_26, -0.663_287_644_765_028_6],
        ),
    ];
    let mut store = ParamStore::<f64>::new();
    let mut scope = Scope::new(&mut store, 7);
    let at = scope.at("net");
    let mut wrong = Vec::new();
    for (name, init, golden) in rules {
        let drawn: Tensor<f64> = at.draw("weight", Shape::new(&[3, 4]), init);
        if drawn.as_slice()[..3].iter().zip(golden).any(|(d, g)| (d - g).abs() > 1e-12) {
            wrong.push(format!("{name}: {:?}", &drawn.as_slice()[..3]));
        }
    }
    assert!(wrong.is_empty(), "other numbers than before:\n{}", wrong.join("\n"));
}

/// A parameter: name, shape, first and last number.
type Start<'a> = (&'a str, &'a [usize], f64, f64);

/// The first and the last number of every parameter of every layer, of seed 7.
#[test]
fn every_layer_starts_from_its_golden_numbers() {
    let mut store = ParamStore::<f64>::new();
    let mut scope = Scope::new(&mut store, 7);
    let normed = Conv1dConfig { weight_norm: true, ..Conv1dConfig::new(4, 6, 3) };
    Linear::new(&mut scope.at("linear"), 4, 6);
    Conv1d::new(&mut scope.at("conv"), Conv1dConfig::new(4, 6, 3).groups(2)).unwrap();
    Conv1d::new(&mut scope.at("normed"), normed).unwrap();
    ConvTranspose1d::new(&mut scope.at("up"), ConvTranspose1dConfig::new(4, 6, 4).stride(2)).unwrap();
    ResidualBlock::new(&mut scope.at("block"), ResidualConfig::new(4, 8)).unwrap();
    UpsampleConv1d::new(&mut scope.at("repeated"), 2, Conv1dConfig::new(4, 6, 3)).unwrap();
    Embedding::new(&mut scope.at("table"), 5, 4);
    LayerNorm::new(&mut scope.at("layer"), 4, 1e-5);
    RmsNorm::new(&mut scope.at("rms"), 4, 1e-5);
    GroupNorm::new(&mut scope.at("group"), 2, 4, 1e-5).unwrap();
    BatchNorm1d::new(&mut scope.at("batch"), 4);
    Snake::new(&mut scope.at("snake"), 4);
    let golden: &[Start<'_>] = &[
        ("linear.bias", &[6], 0.043_573_380_739_511, 0.189_523_306_999_411),
        ("linear.weight", &[4, 6], -0.392_399_206_324_652, 0.053_605_593_479_999_6),
        ("conv.weight", &[3, 2, 6], 0.041_440_472_838_330_3, 0.052_286_578_269_784_28),
        ("conv.bias", &[6], 0.143_561_479_685_405_28, -0.090_149_237_262_340_14),
        ("normed.direction", &[3, 4, 6], 0.197_736_774_032_400_25, -0.155_125_755_098_967_2),
        ("normed.magnitude", &[1, 1, 6], 0.585_753_286_099_396_8, 0.579_877_957_219_581_6),
        ("normed.bias", &[6], -0.090_894_435_843_229_95, 0.164_556_539_794_482_54),
        ("up.weight", &[4, 4, 6], -0.086_247_587_446_454_79, -0.193_595_292_129_472_02),
        ("up.bias", &[6], 0.171_420_251_187_546_7, 0.062_369_472_686_077_37),
        ("block.conv1.weight", &[3, 4, 8], 0.241_982_953_783_306_1, 0.283_651_651_747_593_8),
        ("block.conv1.bias", &[8], 0.140_116_565_449_114_22, -0.185_589_107_316_295_44),
        ("block.conv2.weight", &[1, 8, 4], -0.053_173_795_327_400_74, 0.149_001_748_083_943_73),
        ("block.conv2.bias", &[4], 0.170_137_581_803_556_2, -0.106_058_641_418_575_21),
        ("repeated.conv.weight", &[3, 4, 6], -0.257_544_912_656_599_8, 0.091_496_444_403_521_23),
        ("repeated.conv.bias", &[6], 0.209_126_810_303_057_9, -0.253_863_717_657_992_1),
        ("table.weight", &[5, 4], -0.052_861_017_064_188_68, 0.057_716_044_520_243_946),
        ("layer.weight", &[4], 1.0, 1.0),
        ("layer.bias", &[4], 0.0, 0.0),
        ("rms.weight", &[4], 1.0, 1.0),
        ("group.weight", &[4], 1.0, 1.0),
        ("group.bias", &[4], 0.0, 0.0),
        ("batch.weight", &[4], 1.0, 1.0),
        ("batch.bias", &[4], 0.0, 0.0),
        ("batch.running_mean", &[4], 0.0, 0.0),
        ("batch.running_var", &[4], 1.0, 1.0),
        ("snake.alpha", &[4], 1.0, 1.0),
    ];
    let started: Vec<_> = store
        .iter()
        .map(|(_, entry)| {
            let x = entry.value.as_slice();
            (entry.name.as_str(), &entry.value.shape()[..], x[0], x[x.len() - 1])
        })
        .collect();
    let same = |(a, b): (&Start<'_>, &Start<'_>)| {
        a.0 == b.0 && a.1 == b.1 && (a.2 - b.2).abs() < 1e-12 && (a.3 - b.3).abs() < 1e-12
    };
    let lines = || {
        started
            .iter()
            .map(|(name, shape, a, b)| format!("        ({name:?}, &{shape:?}, {a:?}, {b:?}),\n"))
            .collect::<String>()
    };
    assert!(
        started.len() == golden.len() && started.iter().zip(golden).all(same),
        "other numbers than before:\n{}",
        lines()
    );
}

#[test]
fn the_seed_and_the_whole_name_decide_and_nothing_else_does() {
    let draw = |seed, path: &[&str], before: bool| {
        let mut store = ParamStore::<f64>::new();
        let mut scope = Scope::new(&mut store, seed);
        if before {
            Linear::new(&mut scope.at("earlier"), 3, 3);
        }
        let normal = Init::Normal { std: 1.0 };
        let id = match path {
            [name] => scope.parameter(name, [4], normal),
            [outer, name] => scope.at(outer).parameter(name, [4], normal),
            _ => panic!("one level or two"),
        };
        store.get(id).clone()
    };
    let first = draw(7, &["a", "weight"], false);
    assert_eq!(first, draw(7, &["a", "weight"], true));
    for (seed, path) in [(8, ["a", "weight"]), (7, ["b", "weight"]), (7, ["a", "bias"])] {
        assert_ne!(first, draw(seed, &path, false));
    }
    assert_ne!(first, draw(7, &["weight"], false));
    assert_eq!(first, draw(7, &["a.weight"], false));
}
