//! eˣ in single precision without a branch or a call, so that a loop over it fills vector registers. The error stays
//! below 1 unit in the last place (libm: ½), and the bits are the same on every machine.

use std::f32::consts::LOG2_E;

/// Adding 1.5·2²³ leaves no bits for a fraction: it rounds to the nearest integer, which then stands in the lowest bits.
const ROUND: f32 = 12_582_912.0;
/// ln 2 = HIGH + LOW, where HIGH has so few bits (nine) that n·HIGH is exact for every exponent n.
const LN_2_HIGH: f32 = 355.0 / 512.0;
const LN_2_LOW: f32 = -2.121_944_4e-4;

/// eˣ = 2ⁿ·eʳ with n the integer nearest to x/ln 2, so |r| ≤ ½ ln 2. The polynomial for eʳ is that of Moshier's Cephes
/// library (expf.c).
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    // From these bounds on the result is ∞ or 0; a NaN passes both comparisons.
    let x = if x >= 89.0 { 89.0 } else { x };
    let x = if x <= -104.0 { -104.0 } else { x };
    let shifted = x * LOG2_E + ROUND;
    let n = shifted - ROUND;
    let r = (x - n * LN_2_HIGH) - n * LN_2_LOW;

    let p = 1.987_569_2e-4;
    let p = p * r + 1.398_199_9e-3;
    let p = p * r + 8.333_452e-3;
    let p = p * r + 4.166_579_6e-2;
    let p = p * r + 0.166_666_66;
    let p = p * r + 0.5;
    let e = (p * (r * r) + r) + 1.0;

    // 2ⁿ in two factors, as n may lie outside the exponents of normal numbers: only the last product rounds.
    let n = shifted.to_bits().wrapping_sub(ROUND.to_bits()).cast_signed();
    let half = n >> 1;
    e * power_of_two(half) * power_of_two(n.wrapping_sub(half))
}

/// 2ⁿ, by its exponent bits.
#[inline(always)]
fn power_of_two(n: i32) -> f32 {
    f32::from_bits(n.wrapping_add(127).cast_unsigned() << 23)
}
