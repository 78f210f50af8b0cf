//! Values of every kind, and settings that hold every key of every type.

/// Negative, zero, small, huge and no numbers; other types; lists and tables that are empty or wrong.
pub const VALUES: &[&str] = &[
    "-1",
    "0",
    "1",
    "2",
    "3",
    "7",
    "-0.5",
    "0.5",
    "1.0",
    "1.5",
    "1e-300",
    "1e300",
    "nan",
    "inf",
    "-inf",
    "4000000000",
    "9223372036854775807",
    "18446744073709551615",
    "-9223372036854775808",
    "true",
    "\"\"",
    "\"word\"",
    "\"../x\"",
    "[]",
    "[1, 2]",
    "[-1]",
    "[\"word\"]",
    "{}",
    "{ word = 1 }",
    "[{}]",
    "1979-05-27",
];

/// Settings that together hold every key of every type, put upon the tiny recipe.
pub const EVERYTHING: &[&[&str]] = &[
    &[
        "quantizer={ kind = \"codebook\", codes = 8, metric = \"cosine\", init = { normal = 0.5 }, min_share = 0.5, \
         learning = { by = \"ema\", decay = 0.9, accumulate = 1, estimator = \"rotation\", sample = 0.5 }, \
         commitment = { value = 1.0, schedule = { kind = \"then\", first = { kind = \"warmup\", start = 0.1, steps = 2 }, \
         steps = 2, second = { kind = \"exponential\", factor = 0.9 } } }, \
         diversity = { weight = 0.1, temperature = 1.0, measure = \"entropy\" }, \
         respawn = { every = 1, below = { hits = 1.0 }, aim = \"distortion\", grace = 1, until = 20 } }",
        "train.optimizer={ rate = 1e-3, weight_decay = 0.1, clip = { norm = 1.0 }, \
         method = { kind = \"adam_w\", betas = [0.9, 0.99], eps = 1e-8, amsgrad = true }, \
         schedule = { kind = \"one_cycle\", steps = 30, rise = 0.3, div = 25.0, final_div = 100.0 }, \
         groups = [{ prefix = \"encoder\", rate_factor = 0.5, weight_decay = 0.0, method = { kind = \"lion\", betas = [0.9, 0.99] } }] }",
        "train.crops={ windows = { shift = 2 } }",
        "train.patience=3",
        "train.freeze_codes=28",
        "train.seeding={ latents = 64, again = [9], windows = true }",
    ],
    &[
        "quantizer.learning={ by = \"loss\", weight = 1.0, form = \"affine\", estimator = \"straight_through\", \
         sample = 0.5, orthogonality = 0.1 }",
        "train.optimizer={ rate = 1e-3, clip = { value = 1.0 }, method = { kind = \"sgd\", momentum = { nesterov = 0.9 } }, \
         schedule = { kind = \"piecewise\", milestones = [10, 20], factor = 0.5 } }",
        "train.grow=[{ plateau = 1, codes = 16, jitter = 0.1 }]",
    ],
    &[
        "quantizer.learning={ by = \"diveq\", variance = 0.1 }",
        "train.optimizer={ rate = 1e-3, method = { kind = \"sgd\", momentum = { classical = 0.9 } }, \
         schedule = { kind = \"step\", every = 10, factor = 0.5 } }",
    ],
    &[
        "quantizer.learning={ by = \"gumbel\", temperature = 1.0 }",
        "train.optimizer={ rate = 1e-3, method = { kind = \"muon\", momentum = 0.9, adam = { betas = [0.9, 0.99], eps = 1e-8 } }, \
         schedule = { kind = \"linear\", end = 0.1, steps = 30 } }",
    ],
    &["quantizer.learning={ by = \"ibq\", temperature = 1.0 }"],
    &["quantizer.learning={ by = \"noise\" }"],
    &["train.grow=[]", "quantizer={ kind = \"fsq\", levels = [3, 3, 2, 2, 2, 2], symmetric = true }"],
    &[
        "train.grow=[]",
        "quantizer={ kind = \"fsp\", levels = [3, 3, 2, 2, 2, 2], cdf = \"normal\", quantize_rate = 0.5, moments = 1.0 }",
    ],
    &[
        "train.grow=[]",
        "quantizer={ kind = \"latent\", levels = [3, 3, 2, 2, 2, 2], quantization = 0.1, commitment = 0.1 }",
    ],
    &[
        "train.grow=[]",
        "quantizer={ kind = \"lfq\", space = \"sphere\", commitment = 0.1, \
         entropy = { weight = 0.1, gamma = 1.0, temperature = 1.0, batch = \"exact\" } }",
    ],
    &["train.grow=[]", "quantizer={ kind = \"random_projection\", codes = 8, width = 3, centered = true }"],
    &[
        "train.raise=[{ step = 0, dim = 5 }]",
        "quantizer={ kind = \"projected\", dim = 3, quantizer = { kind = \"codebook\", codes = 8 } }",
    ],
    &["quantizer={ kind = \"residual\", levels = 2, depth = \"per_row\", sharing = \"shared\", beam = 2, \
         quantizer = { kind = \"codebook\", codes = 8 } }"],
    &["quantizer={ kind = \"grouped\", groups = 2, quantizer = { kind = \"codebook\", codes = 8 } }"],
    &["quantizer={ kind = \"heads\", heads = 2, quantizer = { kind = \"codebook\", codes = 8 } }"],
    &["quantizer={ kind = \"multi_scale\", scales = [1, 2], sharing = \"own\", upsample = \"nearest\", \
         quantizer = { kind = \"codebook\", codes = 8 } }"],
    &["quantizer={ kind = \"hierarchical\", strides = [2], quantizer = { kind = \"codebook\", codes = 8 } }"],
    &[
        "model.encoder=[{ layer = \"conv\", channels = 8, taps = 4, stride = 2, dilation = 1 }, { layer = \"silu\" }, \
         { layer = \"residual\", hidden = 4, dilation = 2 }, { layer = \"gelu\" }]",
        "model.decoder=[{ layer = \"upsample\", channels = 8, factor = 2, taps = 3 }]",
        "model.top={ encoder = [{ layer = \"conv\", channels = 4, stride = 2 }], \
         decoder = [{ layer = \"upsample\", channels = 4, factor = 2 }] }",
    ],
    &[
        "data.mel={ sample_rate = 8000, n_fft = 256, hop = 64, mels = 80, f_min = 0.0, f_max = 4000.0, scale = \"slaney\", \
         norm = \"area\", window = \"periodic_hann\", spectrum = \"magnitude\", framing = \"centered\", floor = 1e-5, \
         min_frames = 32 }",
        "data.test={ every_nth = 3 }",
        "data.unreadable=\"fail\"",
        "data.standardization={ mean = -6.0, deviation = 3.7 }",
        "data.fingerprint=\"0\"",
    ],
    &["data.test={ glob = \"*_000\" }"],
    &[
        "data.mel={ win_length = 200, framing = \"per_hop\", compression = { pcen = { gain = 0.9, bias = 2.0, power = 0.5, \
         time_constant = 0.4, eps = 1e-6, scale = 1e9 } } }",
        "train.augment=[{ noise = { deviation = 0.1 } }, \
         { spec_augment = { time_masks = 1, time_width = 2, band_masks = 1, band_width = 2 } }]",
    ],
    &[
        "data.mel={ mels = 2, framing = \"reflected\", compression = \"log10_clamp\" }",
        "data.split_seconds=0.5",
        "data.standardize=\"per_band\"",
        "data.band_standardization={ mean = [0.0, 0.0], deviation = [1.0, 1.0] }",
        "train.augment=[{ time_shift = { frames = 3, wrap = true } }, { gain = { db = 6.0 } }, \
         { mix = { share = 0.5, db = [-20.0, 0.0] } }]",
    ],
    &["data.mel.compression=\"ln_clamp\"", "data.standardize=\"per_clip\""],
];
