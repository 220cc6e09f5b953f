//! Figures as pixels, for those places that take no vectors. The font is part of the program: without it the same figure
//! would differ from machine to machine.

use std::sync::{Arc, LazyLock};

use anyhow::{Context, Result};
use resvg::tiny_skia::{Color, Pixmap, Transform};
use resvg::usvg::fontdb::Database;
use resvg::usvg::{Options, Tree};

use super::canvas::Panel;
use crate::imaging::opaque_png;

/// Text over lines needs 500 to 600 dots an inch in print.
const DOTS_PER_INCH: f64 = 600.0;
const MM_PER_INCH: f64 = 25.4;
/// SIL Open Font License 1.1; the licence lies beside it.
const FONT: &[u8] = include_bytes!("fonts/LiberationSans-Regular.ttf");

impl Panel {
    /// The drawing on white at 600 dpi, its physical size written into the file.
    ///
    /// # Errors
    /// When the drawing is no valid SVG or too large for memory.
    pub(in crate::report) fn to_png(&self) -> Result<Vec<u8>> {
        let tree = Tree::from_str(&self.to_svg("figure").into_string(), &options()).context("cannot read a figure back")?;
        let [width, height] = [self.size.0, self.size.1].map(dots);
        let mut pixels = Pixmap::new(width, height).context("a figure too large for memory")?;
        pixels.fill(Color::WHITE);
        let scale = Transform::from_scale(width as f32 / tree.size().width(), height as f32 / tree.size().height());
        resvg::render(&tree, scale, &mut pixels.as_mut());
        let size = (pixels.width(), pixels.height());
        opaque_png(pixels.data(), size, dots(1000.0)).context("cannot encode a figure")
    }
}

/// Read once for all figures.
static FONTS: LazyLock<Arc<Database>> = LazyLock::new(|| {
    let mut fonts = Database::new();
    fonts.load_font_data(FONT.to_vec());
    Arc::new(fonts)
});

fn options() -> Options<'static> {
    Options { font_family: "Liberation Sans".to_owned(), fontdb: Arc::clone(&FONTS), ..Options::default() }
}

/// Pixels in a length of millimetres.
fn dots(millimetres: f64) -> u32 {
    (millimetres / MM_PER_INCH * DOTS_PER_INCH).round() as u32
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
