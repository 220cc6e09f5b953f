//! The inverse DCT of 8 x 8 coefficients in whole numbers, after Loeffler, Ligtenberg and Moschytz, "Practical fast 1-D DCT
//! algorithms with 11 multiplications" (ICASSP 1989). Which bits are rounded where follows the Independent JPEG Group's accurate
//! method, so that lossy images have the values that most programs see.

/// Bits behind the point of the constants.
const POINT: u32 = 13;

/// Multiples of cosines, rounded to [`POINT`] bits.
const fn fixed(value: f64) -> i64 {
    (value * (1 << POINT) as f64 + 0.5) as i64
}

/// Pixels of a block of dequantised coefficients, both in rows; `precision` bits, 8 or 12.
pub(super) fn inverse(coefficients: &[i32; 64], precision: u32) -> [u16; 64] {
    // Bits kept between the passes: fewer for 12 bits, which need the room in programs of 32 bits.
    let kept = if precision == 8 { 2 } else { 1 };
    let mut middle = [0; 64];
    for column in 0..8 {
        let line = transform(std::array::from_fn(|row| coefficients[8 * row + column].into()));
        line.iter().enumerate().for_each(|(row, &value)| middle[8 * row + column] = rounded(value, POINT - kept));
    }
    let mut pixels = [0; 64];
    let (half, most) = (1 << (precision - 1), (1 << precision) - 1);
    for row in 0..8 {
        let line = transform(std::array::from_fn(|column| middle[8 * row + column]));
        for (pixel, &value) in pixels[8 * row..].iter_mut().zip(&line) {
            *pixel = (rounded(value, POINT + kept + 3) + half).clamp(0, most) as u16;
        }
    }
    pixels
}

fn rounded(value: i64, bits: u32) -> i64 {
    (value + (1 << (bits - 1))) >> bits
}

/// One dimension; the result has [`POINT`] more bits.
fn transform([c0, c1, c2, c3, c4, c5, c6, c7]: [i64; 8]) -> [i64; 8] {
    let even = even([c0, c2, c4, c6]);
    let odd = odd([c1, c3, c5, c7]);
    std::array::from_fn(|at| if at < 4 { even[at] + odd[at] } else { even[7 - at] - odd[7 - at] })
}

fn even([c0, c2, c4, c6]: [i64; 4]) -> [i64; 4] {
    let turned = (c2 + c6) * fixed(0.541_196_100);
    let low = turned - c6 * fixed(1.847_759_065);
    let high = turned + c2 * fixed(0.765_366_865);
    let (sum, difference) = ((c0 + c4) << POINT, (c0 - c4) << POINT);
    [sum + high, difference + low, difference - low, sum - high]
}

fn odd([c1, c3, c5, c7]: [i64; 4]) -> [i64; 4] {
    let common = (c1 + c3 + c5 + c7) * fixed(1.175_875_602);
    let outer = -(c1 + c7) * fixed(0.899_976_223);
    let inner = -(c3 + c5) * fixed(2.562_915_447);
    let sevens = common - (c3 + c7) * fixed(1.961_570_560);
    let fives = common - (c1 + c5) * fixed(0.390_180_644);
    [
        c1 * fixed(1.501_321_110) + outer + fives,
        c3 * fixed(3.072_711_026) + inner + sevens,
        c5 * fixed(2.053_119_869) + inner + fives,
        c7 * fixed(0.298_631_336) + outer + sevens,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The definition (T.81 A.3.3).
    fn defined(coefficients: &[i32; 64], at: usize) -> f64 {
        let (y, x) = ((at / 8) as f64, (at % 8) as f64);
        let scale = |k: usize| if k == 0 { std::f64::consts::FRAC_1_SQRT_2 } else { 1.0 };
        let wave = |k: usize, t: f64| scale(k) * ((2.0 * t + 1.0) * k as f64 * std::f64::consts::PI / 16.0).cos();
        let term = |k: usize| f64::from(coefficients[k]) * wave(k / 8, y) * wave(k % 8, x);
        (0..64).map(term).sum::<f64>() / 4.0
    }

    #[test]
    fn blocks_follow_the_definition() {
        for (precision, scale) in [(8, 1), (12, 16)] {
            let mut block = [0; 64];
            for (at, value) in block.iter_mut().enumerate().take(30) {
                *value = (at as i32 * 37 % 61 - 30) * scale;
            }
            let (half, most) = (f64::from(1 << (precision - 1)), f64::from((1 << precision) - 1));
            for (at, &pixel) in inverse(&block, precision).iter().enumerate() {
                let wanted = (defined(&block, at) + half).clamp(0.0, most);
                assert!((f64::from(pixel) - wanted).abs() <= 0.75, "{pixel} at {at}, not {wanted}");
            }
        }
    }

    #[test]
    fn coefficients_out_of_range_do_not_overflow() {
        assert!(inverse(&[i32::MAX; 64], 12).iter().all(|&pixel| pixel < 4096));
        assert!(inverse(&[i32::MIN; 64], 8).iter().all(|&pixel| pixel < 256));
    }
}
