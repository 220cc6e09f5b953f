//! A drawing read back by the library that turns it into pixels and into PDF, with the font that ships.

use std::sync::{Arc, LazyLock};

use anyhow::{Context, Result, anyhow};
use krilla::geom::Size;
use krilla::page::PageSettings;
use krilla_svg::{SurfaceExt, SvgSettings};
use resvg::usvg::fontdb::Database;
use resvg::usvg::{Options, Tree};

use super::canvas::Panel;
use crate::report::font::Face;
use crate::report::webfont::FAMILY;

const POINTS_PER_MM: f64 = 72.0 / 25.4;

impl Panel {
    /// The drawing as the library reads it.
    ///
    /// # Errors
    /// When it is no valid SVG.
    pub(in crate::report) fn tree(&self) -> Result<Tree> {
        Tree::from_str(&self.to_svg("figure").into_string(), &options()).context("cannot read a figure back")
    }

    /// The drawing as a PDF of one page as large as the drawing: vectors, and text with its font embedded.
    ///
    /// # Errors
    /// When the drawing is no valid SVG or the writer finds a fault.
    pub(in crate::report) fn to_pdf(&self) -> Result<Vec<u8>> {
        let (width, height) = self.size_mm();
        let [width, height] = [width, height].map(|length| (length * POINTS_PER_MM) as f32);
        let size = Size::from_wh(width, height).context("a figure without a size")?;
        let mut document = krilla::Document::new();
        let mut page = document.start_page_with(PageSettings::new(size));
        let mut surface = page.surface();
        surface.draw_svg(&self.tree()?, size, SvgSettings::default()).context("a figure cannot be drawn")?;
        surface.finish();
        page.finish();
        document.finish().map_err(|error| anyhow!("cannot make a PDF of a figure: {error:?}"))
    }
}

/// Read once for all figures.
static FONTS: LazyLock<Arc<Database>> = LazyLock::new(|| {
    let mut fonts = Database::new();
    fonts.load_font_data(Face::Regular.data().to_vec());
    Arc::new(fonts)
});

fn options() -> Options<'static> {
    Options { font_family: FAMILY.to_owned(), fontdb: Arc::clone(&FONTS), ..Options::default() }
}
