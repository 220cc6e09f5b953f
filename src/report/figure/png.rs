//! Figures as pixels, for those places that take no vectors.

use anyhow::{Context, Result};
use resvg::tiny_skia::{Color, Pixmap, Transform};

use super::canvas::Panel;
use crate::imaging::opaque_png;

const MM_PER_INCH: f64 = 25.4;

impl Panel {
    /// The drawing on white with the dots of the journal, its physical size written into the file.
    ///
    /// # Errors
    /// When the drawing is no valid SVG or too large for memory.
    pub(in crate::report) fn to_png(&self) -> Result<Vec<u8>> {
        let tree = self.tree()?;
        let (width, height) = self.size_mm();
        let [width, height] = [width, height].map(|length| dots(length, self.paper.dpi));
        let mut pixels = Pixmap::new(width, height).context("a figure too large for memory")?;
        pixels.fill(Color::WHITE);
        let scale = Transform::from_scale(width as f32 / tree.size().width(), height as f32 / tree.size().height());
        resvg::render(&tree, scale, &mut pixels.as_mut());
        let size = (pixels.width(), pixels.height());
        opaque_png(pixels.data(), size, dots(1000.0, self.paper.dpi)).context("cannot encode a figure")
    }
}

/// Pixels in a length of millimetres.
fn dots(millimetres: f64, dpi: u32) -> u32 {
    (millimetres / MM_PER_INCH * f64::from(dpi)).round() as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_has_its_pixels_at_600_dpi_and_says_so() -> Result<()> {
        let panel = Panel::draw((84.0, 10.0), "t", "d", |_| Ok(()))?;
        let bytes = panel.to_png()?;
        let reader = png::Decoder::new(std::io::Cursor::new(&bytes)).read_info()?;
        assert_eq!(reader.info().size(), (1984, 236));
        assert_eq!(reader.info().pixel_dims.map(|dots| dots.xppu), Some(23_622));
        Ok(())
    }

    #[test]
    fn another_journal_gets_its_width_and_its_dots() -> Result<()> {
        let mut panel = Panel::draw((84.0, 10.0), "t", "d", |_| Ok(()))?;
        panel.paper = crate::stage::paper::Paper { column_mm: 90, dpi: 300, ..Default::default() };
        assert!(panel.to_svg("x").into_string().contains(r#"width="90mm" height="10.71mm" viewBox="0 0 8400 1000""#));
        let reader = png::Decoder::new(std::io::Cursor::new(panel.to_png()?)).read_info()?;
        assert_eq!(reader.info().size().0, 1063);
        Ok(())
    }

    #[test]
    fn text_is_drawn_with_the_font_that_ships() -> Result<()> {
        use plotters::style::text_anchor::{HPos, VPos};
        let ink = |text: &str| -> Result<usize> {
            let panel = Panel::draw((20.0, 6.0), "t", "d", |area| {
                super::super::canvas::write(area, text, (2.0, 3.0), HPos::Left, VPos::Center)
            })?;
            Ok(panel.to_png()?.len())
        };
        assert!(ink("AUC \u{2212}0.95 ×")? > ink("")?);
        Ok(())
    }
}
