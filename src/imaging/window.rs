//! HU to grey levels. The function is the standard's own default, so an exported image looks as on a workstation.

use super::Window;

impl Window {
    /// The grey level, 0..=255, of a value in HU, rounded half up.
    ///
    /// DICOM PS3.3 C.11.2.1.2.1 (VOI LUT Function LINEAR), with c the centre, w the width and y from 0 to 255:
    ///
    /// ```text
    /// if      x <= c - 0.5 - (w-1)/2   y = 0
    /// else if x >  c - 0.5 + (w-1)/2   y = 255
    /// else                             y = ((x - (c - 0.5)) / (w-1) + 0.5) · 255
    /// ```
    pub fn grey(&self, hu: f64) -> u8 {
        let (centre, span) = (self.level - 0.5, self.width - 1.0);
        if hu <= centre - span / 2.0 {
            0
        } else if hu > centre + span / 2.0 {
            255
        } else {
            (((hu - centre) / span + 0.5) * 255.0 + 0.5) as u8
        }
    }

    /// [`Window::grey`] of every value.
    pub fn apply(&self, hu: &[f32]) -> Vec<u8> {
        hu.iter().map(|&value| self.grey(f64::from(value))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The note below C.11.2.1.2.1 works these four windows out.
    #[test]
    fn the_examples_of_the_standard() {
        let greys = |level, width, hu: [f64; 3]| hu.map(|hu| Window { width, level }.grey(hu));
        assert_eq!(greys(2048.0, 4096.0, [0.0, 2047.5, 4095.5]), [0, 128, 255]);
        assert_eq!(greys(2048.0, 1.0, [2047.0, 2047.5, 2047.6]), [0, 0, 255]);
        assert_eq!(greys(0.0, 100.0, [-50.0, -0.5, 49.5]), [0, 128, 255]);
        assert_eq!(greys(0.0, 1.0, [-0.5, -0.4, 0.0]), [0, 255, 255]);
    }

    #[test]
    fn the_brain_window_in_whole_hounsfield_units() {
        let brain = Window { width: 80.0, level: 35.0 };
        let by_hand = |hu: f64| (((hu - 34.5) / 79.0 + 0.5) * 255.0).round() as u8;
        assert_eq!(
            brain.apply(&[-1024.0, -5.0, -4.0, 35.0, 73.0, 74.0, 3071.0]),
            [0, 0, by_hand(-4.0), by_hand(35.0), by_hand(73.0), 255, 255]
        );
        assert_eq!(by_hand(-4.0), 3);
    }
}
