//! JPEG-LS, lossless and near-lossless, in grey (PS3.5 annex A.4.3, ITU-T T.87). Own code because the usual library needs cmake to build
//! and the ports of it trust their input. Names are those of T.87 annex A.

use super::bits::{Bits, Stuffing};
use super::segment::{FrameHeader, ScanHeader, Segments, damaged};
use super::{Frame, Shape};
use crate::dicom::Fault;

/// Orders of run lengths (T.87 A.7.1.2).
const J: [u32; 32] = [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 9, 10, 11, 12, 13, 14, 15];

/// Decodes one frame.
pub(super) fn decode(bytes: &[u8], shape: Shape) -> Result<Frame, Fault> {
    let mut segments = Segments::of(bytes)?;
    let (mut frame, mut preset) = (None, [0; 5]);
    loop {
        let (marker, segment) = segments.next()?;
        match marker {
            0xF7 => frame = Some(FrameHeader::of(segment, shape)?),
            0xF8 => preset = presets(segment)?,
            0xDD => return Err(Fault::Pixels("JPEG-LS with restart markers is not read".into())),
            0xDA => {
                let frame = frame.ok_or_else(|| damaged("a scan comes before its frame header"))?;
                let scan = ScanHeader::of(segment, &frame)?;
                if shape.samples != 1 {
                    return Err(Fault::Pixels("JPEG-LS in colour is not read: colours are not HU".into()));
                }
                let parameters = Parameters::of(frame.precision, i32::from(scan.start), preset)?;
                let mut values = Decoder::of(segments.rest(), parameters).image(shape)?;
                values.iter_mut().for_each(|value| *value <<= scan.low);
                return Ok(Frame { values, signed: false });
            }
            _ => {}
        }
    }
}

/// MAXVAL, T1, T2, T3 and RESET, 0 for the default (T.87 C.2.4.1).
fn presets(segment: &[u8]) -> Result<[i32; 5], Fault> {
    let [1, values @ ..] = segment else { return Err(Fault::Pixels("JPEG-LS with mapping tables is not read".into())) };
    let (words, _) = values.as_chunks::<2>();
    let words: Option<&[[u8; 2]; 5]> = words.first_chunk();
    Ok(words.ok_or_else(|| damaged("its preset parameters are short"))?.map(|word| u16::from_be_bytes(word).into()))
}

/// What a scan is coded with (T.87 A.2 and C.2.4.1.1).
#[derive(Debug, Clone, Copy)]
struct Parameters {
    maxval: i32,
    near: i32,
    range: i32,
    qbpp: u32,
    limit: u32,
    thresholds: [i32; 3],
    reset: i32,
}

impl Parameters {
    fn of(precision: u32, near: i32, [maxval, t1, t2, t3, reset]: [i32; 5]) -> Result<Self, Fault> {
        let or = |value: i32, default: i32| if value == 0 { default } else { value };
        let maxval = or(maxval, (1 << precision) - 1);
        if maxval < 1 || maxval >= 1 << precision || near > maxval.min(510) / 2 {
            return Err(damaged("its parameters do not fit its precision"));
        }
        let range = (maxval + 2 * near) / (2 * near + 1) + 1;
        let bits = |values: i32| 32 - (values - 1).leading_zeros();
        let bpp = bits(maxval + 1).max(2);
        let default = default_thresholds(maxval, near);
        let thresholds = [or(t1, default[0]), or(t2, default[1]), or(t3, default[2])];
        Ok(Self {
            maxval,
            near,
            range,
            qbpp: bits(range),
            limit: 2 * (bpp + bpp.max(8)),
            thresholds,
            reset: or(reset, 64).max(3),
        })
    }

    /// T.87 A.3.3.
    fn region(&self, gradient: i32) -> i8 {
        let [t1, t2, t3] = self.thresholds;
        let magnitude = gradient.abs();
        let region = match magnitude {
            _ if magnitude <= self.near => 0,
            _ if magnitude < t1 => 1,
            _ if magnitude < t2 => 2,
            _ if magnitude < t3 => 3,
            _ => 4,
        };
        region * gradient.signum() as i8
    }
}

fn default_thresholds(maxval: i32, near: i32) -> [i32; 3] {
    let basic = [(3, 2, 3), (7, 3, 5), (21, 4, 7)];
    let mut least = near + 1;
    basic.map(|(basic, floor, weight)| {
        let wanted = if maxval >= 128 {
            (maxval.min(4095) + 128) / 256 * (basic - floor) + floor + weight * near
        } else {
            floor.max(basic / (256 / (maxval + 1)) + weight * near)
        };
        least = if wanted > maxval || wanted < least { least } else { wanted };
        least
    })
}

/// Statistics of one context.
#[derive(Debug, Clone, Copy)]
struct Context {
    /// Sum of magnitudes.
    a: i32,
    /// Bias; for runs, how many errors were negative.
    b: i32,
    /// Correction of the prediction.
    c: i32,
    n: i32,
}

struct Decoder<'a> {
    bits: Bits<'a>,
    of: Parameters,
    /// The region of each gradient from -MAXVAL to MAXVAL.
    regions: Vec<i8>,
    contexts: Vec<Context>,
    run_contexts: [Context; 2],
    run_index: usize,
}

impl<'a> Decoder<'a> {
    fn of(data: &'a [u8], of: Parameters) -> Self {
        let context = Context { a: ((of.range + 32) / 64).max(2), b: 0, c: 0, n: 1 };
        let bits = Bits::of(data, Stuffing::Bit);
        let regions = (-of.maxval..=of.maxval).map(|gradient| of.region(gradient)).collect();
        Self { bits, of, regions, contexts: vec![context; 365], run_contexts: [context; 2], run_index: 0 }
    }

    fn image(&mut self, shape: Shape) -> Result<Vec<u16>, Fault> {
        let (width, height) = (usize::from(shape.width), usize::from(shape.height));
        let mut values = Vec::with_capacity(width * height);
        // One value to the left and to the right of each line, as T.87 A.2.1 continues it.
        let (mut above, mut line) = (vec![0; width + 2], vec![0; width + 2]);
        for _ in 0..height {
            above[width + 1] = above[width];
            line[0] = above[1];
            self.line(&above, &mut line)?;
            values.extend(line[1..=width].iter().map(|&value| value as u16));
            std::mem::swap(&mut above, &mut line);
        }
        self.bits.finish()?;
        Ok(values)
    }

    fn line(&mut self, above: &[i32], line: &mut [i32]) -> Result<(), Fault> {
        let (mut at, end) = (1, line.len() - 1);
        while at < end {
            let (left, up, corner, right) = (line[at - 1], above[at], above[at - 1], above[at + 1]);
            let gradients = [right - up, up - corner, corner - left]
                .map(|gradient| i32::from(self.regions[(gradient + self.of.maxval) as usize]));
            let context = 81 * gradients[0] + 9 * gradients[1] + gradients[2];
            if context == 0 {
                at = self.run(above, line, at)?;
            } else {
                line[at] = self.regular(context, predicted(left, up, corner))?;
                at += 1;
            }
        }
        Ok(())
    }

    /// T.87 A.4 to A.6.
    fn regular(&mut self, context: i32, predicted: i32) -> Result<i32, Fault> {
        let (sign, at) = (context.signum(), context.unsigned_abs() as usize);
        let mut state = self.contexts[at];
        let predicted = (predicted + sign * state.c).clamp(0, self.of.maxval);
        let k = state.order(state.a);
        let mapped = self.golomb(k, self.of.limit)?;
        let inverted = self.of.near == 0 && k == 0 && 2 * state.b <= -state.n;
        // 0, -1, 1, -2, … or, inverted, -1, 0, -2, 1, …
        let error = (mapped >> 1) ^ -((mapped & 1) ^ i32::from(inverted));
        state.learn(error, &self.of);
        self.contexts[at] = state;
        Ok(self.rebuilt(predicted, sign * error))
    }

    /// T.87 A.4.5 (decoder), A.8.
    fn rebuilt(&self, predicted: i32, error: i32) -> i32 {
        let Parameters { maxval, near, range, .. } = self.of;
        let step = 2 * near + 1;
        let value = predicted + error * step;
        let value = match value {
            _ if value < -near => value + range * step,
            _ if value > maxval + near => value - range * step,
            _ => value,
        };
        value.clamp(0, maxval)
    }

    /// T.87 A.5.3, LG(k, limit). Errors are reduced modulo RANGE (A.4.5), so what stands for one exceeds RANGE in damaged streams only.
    fn golomb(&mut self, k: u32, limit: u32) -> Result<i32, Fault> {
        let escape = limit - self.of.qbpp - 1;
        let high = self.bits.zeros(escape);
        let mapped = if high < escape { high << k | self.bits.take(k) } else { self.bits.take(self.of.qbpp) + 1 };
        let sound = i32::try_from(mapped).ok().filter(|mapped| *mapped <= self.of.range + 1);
        sound.ok_or_else(|| damaged("an error is larger than the range of values"))
    }

    /// Fills a run and, unless the line ends, the value behind it; tells where to go on (T.87 A.7).
    fn run(&mut self, above: &[i32], line: &mut [i32], start: usize) -> Result<usize, Fault> {
        let (value, end) = (line[start - 1], line.len() - 1);
        let mut at = start;
        while self.bits.take(1) == 1 {
            let length = 1 << J[self.run_index];
            let filled = length.min(end - at);
            line[at..at + filled].fill(value);
            at += filled;
            if filled == length {
                self.run_index = (self.run_index + 1).min(31);
            }
            if at == end {
                return Ok(end);
            }
        }
        let length = self.bits.take(J[self.run_index]) as usize;
        if length >= end - at {
            return Err(damaged("a run is longer than its line"));
        }
        line[at..at + length].fill(value);
        at += length;
        line[at] = self.interruption(value, above[at])?;
        self.run_index = self.run_index.saturating_sub(1);
        Ok(at + 1)
    }

    /// T.87 A.7.2.
    fn interruption(&mut self, left: i32, up: i32) -> Result<i32, Fault> {
        let alike = (left - up).abs() <= self.of.near;
        let (sign, kind) = (if !alike && left > up { -1 } else { 1 }, i32::from(alike));
        let mut state = self.run_contexts[kind as usize];
        let k = state.order(if alike { state.a.saturating_add(state.n >> 1) } else { state.a });
        let mapped = self.golomb(k, self.of.limit - J[self.run_index] - 1)?;
        let magnitude = (mapped + kind + 1) >> 1;
        let odd = (mapped + kind) & 1 == 1;
        let error = if odd == (k != 0 || 2 * state.b >= state.n) { -magnitude } else { magnitude };
        state.b += i32::from(error < 0);
        state.a = state.a.saturating_add((mapped + 1 - kind) >> 1);
        if state.n == self.of.reset {
            (state.a, state.b, state.n) = (state.a >> 1, state.b >> 1, state.n >> 1);
        }
        state.n += 1;
        self.run_contexts[kind as usize] = state;
        Ok(self.rebuilt(if alike { left } else { up }, sign * error))
    }
}

/// The median edge detector (T.87 A.4.1): the middle one of the left, the upper and what continues the plane.
fn predicted(left: i32, up: i32, corner: i32) -> i32 {
    (left + up - corner).clamp(left.min(up), left.max(up))
}

impl Context {
    /// The least k for which N · 2^k reaches the sum (T.87 A.5.1).
    fn order(&self, sum: i32) -> u32 {
        // Shifted so, both have equally many bits, and the sum may still be the larger.
        let k = self.n.leading_zeros().saturating_sub(sum.leading_zeros());
        (k + u32::from(self.n << k < sum)).min(24)
    }

    /// T.87 A.6.
    fn learn(&mut self, error: i32, of: &Parameters) {
        self.b += error * (2 * of.near + 1);
        // With the largest RESET a damaged stream could overflow the sum.
        self.a = self.a.saturating_add(error.abs());
        if self.n == of.reset {
            (self.a, self.b, self.n) = (self.a >> 1, self.b >> 1, self.n >> 1);
        }
        self.n += 1;
        // The sign of noise is no branch that a processor could foresee.
        let (under, over) = (i32::from(self.b <= -self.n), i32::from(self.b > 0));
        self.b = (self.b + self.n * (under - over)).clamp(1 - self.n, 0);
        self.c = (self.c + over - under).clamp(-128, 127);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_of_common_precisions_are_those_of_the_standard() {
        assert_eq!(default_thresholds(255, 0), [3, 7, 21]);
        assert_eq!(default_thresholds(4095, 0), [18, 67, 276]);
        assert_eq!(default_thresholds(65535, 0), [18, 67, 276]);
        assert_eq!(default_thresholds(255, 2), [9, 17, 35]);
    }

    /// The example of T.87 annex H.3: four lines of four values.
    #[test]
    fn the_standards_example_is_decoded() -> Result<(), Fault> {
        let stream = [
            0xFF, 0xD8, 0xFF, 0xF7, 0, 0x0B, 8, 0, 4, 0, 4, 1, 1, 0x11, 0, 0xFF, 0xDA, 0, 8, 1, 1, 0, 0, 0, 0, 0xC0, 0, 0,
            0x6C, 0x80, 0x20, 0x8E, 0x01, 0xC0, 0, 0, 0x57, 0x40, 0, 0, 0x6E, 0xE6, 0, 0, 1, 0xBC, 0x18, 0, 0, 5, 0xD8, 0, 0,
            0x91, 0x60, 0xFF, 0xD9,
        ];
        let shape = Shape { width: 4, height: 4, samples: 1, bytes: 1 };
        let expected = [0, 0, 90, 74, 68, 50, 43, 205, 64, 145, 145, 145, 100, 145, 145, 145];
        assert_eq!(decode(&stream, shape)?.values, expected);
        for end in 0..stream.len() - 4 {
            assert!(decode(&stream[..end], shape).is_err(), "cut at {end}");
        }
        Ok(())
    }
}
