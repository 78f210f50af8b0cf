//! The listings of the book are doc tests of this crate: `cargo test` compiles and runs every one of them.

/// One module per chapter, so that a failing listing names the chapter it is in.
macro_rules! chapters {
    ($($chapter:ident: $file:literal;)*) => {
        $(#[doc = include_str!(concat!("../docs/src/", $file, ".md"))] mod $chapter {})*
    };
}

chapters! {
    introduction: "introduction";
    derivatives: "01-derivatives";
    tape: "02-tape";
    proving_gradients: "03-proving-gradients";
    tensors: "04-tensors";
    parameters: "05-parameters";
    vq_vae: "06-vq-vae";
    ema_kmeans: "07-ema-kmeans";
    why_codes_die: "08-why-codes-die";
    levers: "09-levers";
    combinators: "10-combinators";
    without_a_codebook: "11-without-a-codebook";
    estimators: "12-estimators";
    your_own_quantizer: "13-your-own-quantizer";
    your_own_op: "14-your-own-op";
    data_parallel: "15-data-parallel";
    performance: "16-performance";
    experiments: "17-experiments";
    numpy_pytorch: "numpy-pytorch";
}
