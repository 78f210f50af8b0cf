//! Log-mel features per second of audio.
fn main() {
    divan::main();
}
