//! The sheet that figures are drawn on. The drawing library knows whole pixels only, so a pixel here is 10 µm: a curve on paper
//! is then placed finer than any printer resolves, and sizes in millimetres and points mean what journals mean by them.

use anyhow::{Result, anyhow};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use maud::{Markup, PreEscaped, Render, html};
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::report::font::Face;
use crate::stage::paper::Paper;

/// Width of a column in most journals.
pub(super) const COLUMN_MM: f64 = 84.0;
/// Families by preference; the first is the one that ships with the program, the others have its metrics.
pub(super) const FONT: &str = "Liberation Sans, Arial, Helvetica, sans-serif";
/// Lettering, points; journals ask for 8 to 12.
pub(super) const TEXT_PT: f64 = 8.0;
/// Height of a line of text.
pub(super) const LINE_MM: f64 = 3.9;
/// Axes and outlines.
pub(super) const THIN_MM: f64 = 0.18;
/// Radius of what can be pointed at.
const SPOT_MM: f64 = 0.9;
/// Room between curve and text.
pub(super) const GAP_MM: f64 = 1.2;

const UNITS_PER_MM: f64 = 100.0;
const MM_PER_POINT: f64 = 25.4 / 72.0;
/// The SVG backend divides font sizes by this.
const BACKEND_TEXT_SCALE: f64 = 1.24;
/// The backend centres text by half an x-height; digits and capitals, most of what stands in figures, then look too high.
const OPTICAL_MM: f64 = 0.22;

/// The area that a figure is drawn on, in units of 10 µm.
pub(super) type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// A drawing.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::report) struct Panel {
    /// Width and height, millimetres.
    pub(super) size: (f64, f64),
    /// How it is printed; drawn it is for a column of [`COLUMN_MM`].
    pub(in crate::report) paper: Paper,
    /// What it is, in a few words.
    title: String,
    /// What it shows, for those who cannot see it.
    pub(in crate::report) description: String,
    /// Images below the drawing.
    pictures: Vec<Placed>,
    /// Elements inside the `svg` element.
    body: String,
    /// Places that say something when they are pointed at; on the page only.
    spots: Vec<Spot>,
}

/// A place, in millimetres, and what it says when it is pointed at.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Spot {
    pub(super) at: (f64, f64),
    pub(super) text: String,
}

/// A PNG on the sheet, in millimetres.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Placed {
    pub(super) png: Vec<u8>,
    /// Upper left corner.
    pub(super) at: (f64, f64),
    /// Width and height.
    pub(super) size: (f64, f64),
}

impl Panel {
    /// Draws on a white sheet of `size` millimetres.
    pub(super) fn draw(
        size: (f64, f64),
        title: impl Into<String>,
        description: impl Into<String>,
        paint: impl FnOnce(&Area) -> Result<()>,
    ) -> Result<Self> {
        Self::draw_over(Vec::new(), size, title, description, paint)
    }

    /// The same, over `pictures`.
    pub(super) fn draw_over(
        pictures: Vec<Placed>,
        size: (f64, f64),
        title: impl Into<String>,
        description: impl Into<String>,
        paint: impl FnOnce(&Area) -> Result<()>,
    ) -> Result<Self> {
        let mut svg = String::new();
        {
            let area = SVGBackend::with_string(&mut svg, (mm(size.0) as u32, mm(size.1) as u32)).into_drawing_area();
            paint(&area)?;
            area.present().map_err(drawing)?;
        }
        let (_, inside) = svg.split_once(">\n").expect("BUG: the backend opens with an svg tag");
        let body = inside.strip_suffix("</svg>\n").expect("BUG: the backend closes the svg tag").to_owned();
        Ok(Self {
            size,
            paper: Paper::default(),
            title: title.into(),
            description: description.into(),
            pictures,
            body,
            spots: Vec::new(),
        })
    }

    /// With places that say something when they are pointed at; browsers show it without any script.
    pub(super) fn with_spots(mut self, spots: Vec<Spot>) -> Self {
        self.spots = spots;
        self
    }

    /// Printed like this.
    pub(in crate::report) fn printed_on(mut self, paper: Paper) -> Self {
        self.paper = paper;
        self
    }

    /// With another drawing at a place, magnified; the other's title, description and spots stay behind.
    pub(super) fn with(mut self, part: &Self, at: (f64, f64), scale: f64) -> Self {
        self.body += &part.nested(at, scale).into_string();
        self
    }

    fn nested(&self, (x, y): (f64, f64), scale: f64) -> Markup {
        let (width, height) = self.size;
        html! {
            svg x=(mm(x)) y=(mm(y)) width=(mm(width * scale)) height=(mm(height * scale))
                viewBox={ "0 0 " (mm(width)) " " (mm(height)) } { (self.drawing()) }
        }
    }

    fn drawing(&self) -> Markup {
        html! {
            @for picture in &self.pictures { (picture) }
            (PreEscaped(&self.body))
        }
    }

    /// Width and height on paper, millimetres.
    pub(in crate::report) fn size_mm(&self) -> (f64, f64) {
        let printed = |length: f64| (length * f64::from(self.paper.column_mm) / COLUMN_MM * 100.0).round() / 100.0;
        (printed(self.size.0), printed(self.size.1))
    }

    /// The `svg` element; `id` keeps its title and description apart from those of other figures on the same page.
    pub(in crate::report) fn to_svg(&self, id: &str) -> Markup {
        self.svg(id, None, &[])
    }

    /// The same with its spots.
    pub(in crate::report) fn to_page(&self, id: &str) -> Markup {
        self.svg(id, None, &self.spots)
    }

    fn svg(&self, id: &str, font: Option<&str>, spots: &[Spot]) -> Markup {
        let ((width, height), (across, down)) = (self.size_mm(), self.size);
        html! {
            svg xmlns="http://www.w3.org/2000/svg" width={ (width) "mm" } height={ (height) "mm" }
                viewBox={ "0 0 " (mm(across)) " " (mm(down)) } role="img" aria-labelledby={ (id) "-title " (id) "-desc" } {
                title id={ (id) "-title" } { (self.title) }
                desc id={ (id) "-desc" } { (self.description) }
                @if let Some(font) = font { style { (PreEscaped(font)) } }
                rect width=(mm(across)) height=(mm(down)) fill="#FFFFFF" {}
                (self.drawing())
                @for Spot { at, text } in spots {
                    circle.spot cx=(mm(at.0)) cy=(mm(at.1)) r=(mm(SPOT_MM)) { title { (text) } }
                }
            }
        }
    }

    /// The drawing as a file of its own, its letters inside.
    pub(in crate::report) fn to_svg_file(&self, id: &str) -> String {
        let font = Face::Regular.rule(&self.body);
        format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{}\n", self.svg(id, Some(&font), &[]).render().into_string())
    }
}

impl Render for Placed {
    fn render(&self) -> Markup {
        let [x, y, width, height] = [self.at.0, self.at.1, self.size.0, self.size.1].map(mm);
        let data = format!("data:image/png;base64,{}", BASE64_STANDARD.encode(&self.png));
        html! { image x=(x) y=(y) width=(width) height=(height) preserveAspectRatio="none" style="image-rendering:smooth" href=(data) {} }
    }
}

/// Millimetres in units of the sheet.
pub(super) fn mm(millimetres: f64) -> i32 {
    (millimetres * UNITS_PER_MM).round() as i32
}

/// A line of this width.
pub(super) fn stroke(color: RGBColor, width_mm: f64) -> ShapeStyle {
    color.stroke_width(mm(width_mm) as u32)
}

/// Text of the usual size, anchored as said.
pub(super) fn text_style(horizontal: HPos, vertical: VPos) -> TextStyle<'static> {
    let size = TEXT_PT * MM_PER_POINT * UNITS_PER_MM * BACKEND_TEXT_SCALE;
    (FONT, size).into_font().color(&BLACK).pos(Pos::new(horizontal, vertical))
}

/// Writes `text` at a place in millimetres.
pub(super) fn write(area: &Area, text: &str, at: (f64, f64), horizontal: HPos, vertical: VPos) -> Result<()> {
    let y = if matches!(vertical, VPos::Center) { at.1 + OPTICAL_MM } else { at.1 };
    area.draw_text(&printable(text), &text_style(horizontal, vertical), (mm(at.0), mm(y))).map_err(drawing)
}

/// Draws a line through places in millimetres.
pub(super) fn path(area: &Area, places: &[(f64, f64)], style: ShapeStyle) -> Result<()> {
    let places: Vec<_> = places.iter().map(|(x, y)| (mm(*x), mm(*y))).collect();
    area.draw(&PathElement::new(places, style)).map_err(drawing)
}

/// Draws a closed outline; its first side is drawn twice, so that no corner is left with a notch.
pub(super) fn outline(area: &Area, corners: [(f64, f64); 4], style: ShapeStyle) -> Result<()> {
    let [first, second, third, fourth] = corners;
    path(area, &[first, second, third, fourth, first, second], style)
}

/// `text` cut with an ellipsis where it would be wider than `width_mm`.
pub(super) fn fitted(text: &str, width_mm: f64) -> String {
    if text_width(text) <= width_mm {
        return text.to_owned();
    }
    let fits = |end: &usize| text_width(&text[..*end]) + text_width("…") <= width_mm;
    let end = text.char_indices().map(|(start, _)| start).take_while(fits).last().unwrap_or(0);
    format!("{}…", &text[..end])
}

/// Width of `text` in millimetres.
pub(super) fn text_width(text: &str) -> f64 {
    Face::Regular.ems(text) * TEXT_PT * MM_PER_POINT
}

/// The drawing library's errors borrow from the area; only their words leave.
pub(super) fn drawing<E: std::fmt::Display>(error: E) -> anyhow::Error {
    anyhow!("cannot draw a figure: {error}")
}

/// XML has no way to write control characters, not even escaped.
fn printable(text: &str) -> String {
    text.replace(char::is_control, " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panel_is_as_large_on_paper_as_it_was_asked_to_be() -> Result<()> {
        let panel = Panel::draw((84.0, 60.0), "a < b", "one & two", |_| Ok(()))?;
        let svg = panel.to_svg("x").into_string();
        assert!(svg.contains(r#"width="84mm" height="60mm" viewBox="0 0 8400 6000""#), "{svg}");
        assert!(svg.contains("a &lt; b") && svg.contains("one &amp; two"), "{svg}");
        Ok(())
    }

    #[test]
    fn long_names_end_in_an_ellipsis() {
        assert_eq!(fitted("short", 40.0), "short");
        let cut = fitted(&"é".repeat(100), 40.0);
        assert!(cut.ends_with('…') && text_width(&cut) <= 40.0 && cut.chars().count() > 20, "{cut}");
    }
}
