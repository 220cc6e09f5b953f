//! Smooth random fields: value noise on a lattice, hashed instead of stored, so that it reaches everywhere at no memory.

/// A field of zero mean and about unit variance.
#[derive(Debug, Clone, Copy)]
pub(super) struct Texture {
    seed: u64,
    length: f64,
}

/// The smoothstep blend loses variance: ∫ s² + (1-s)² = 26/35 on average along each of three axes.
const GAIN: f64 = 1.562;

impl Texture {
    /// A field that varies over `length` mm.
    pub(super) fn new(seed: u64, length: f64) -> Self {
        Self { seed, length }
    }

    /// The field at a point in mm.
    pub(super) fn at(&self, p: [f64; 3]) -> f64 {
        let q = p.map(|c| c / self.length);
        let cell = q.map(f64::floor);
        let [sx, sy, sz] = [0, 1, 2].map(|i| smoothstep(q[i] - cell[i]));
        let corner = |x: i64, y: i64, z: i64| self.lattice(cell[0] as i64 + x, cell[1] as i64 + y, cell[2] as i64 + z);
        let edge = |y, z| mix(corner(0, y, z), corner(1, y, z), sx);
        GAIN * mix(mix(edge(0, 0), edge(1, 0), sy), mix(edge(0, 1), edge(1, 1), sy), sz)
    }

    /// Uniform of unit variance at a lattice point: odd multipliers part the axes, the finalizer of SplitMix64 (Steele, Lea and
    /// Flood 2014) mixes.
    fn lattice(&self, x: i64, y: i64, z: i64) -> f64 {
        let axes = (x as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (y as u64).wrapping_mul(0xc2b2_ae3d_27d4_eb4f);
        let mut h = self.seed ^ axes.wrapping_add((z as u64).wrapping_mul(0x1656_67b1_9e37_79f9));
        h = (h ^ (h >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        h = (h ^ (h >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((h >> 11) as f64 / (1u64 << 52) as f64 - 1.0) * 1.732_050_807_568_877_2
    }
}

/// `a` at 0, `b` at 1.
pub(super) fn mix(a: f64, b: f64, share: f64) -> f64 {
    a + (b - a) * share
}

/// 0 below 0, 1 above 1, smooth between.
pub(super) fn smoothstep(t: f64) -> f64 {
    let t = t.clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_field_has_no_mean_and_unit_variance() {
        let field = Texture::new(7, 3.0);
        let values: Vec<f64> =
            (0..40_000).map(|i| field.at([f64::from(i) * 0.7, f64::from(i % 200) * 1.3, f64::from(i % 113) * 0.9])).collect();
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / values.len() as f64;
        assert!(mean.abs() < 0.05 && (variance - 1.0).abs() < 0.1, "{mean} {variance}");
    }
}
