//! Images and maps: pixels as they are, with what points into them drawn as vectors above. Images stay grey; maps take viridis
//! (van der Walt and Smith 2015), whose lightness rises evenly, so that a grey print still orders the values.

use anyhow::{Context, Result, ensure};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

use super::canvas::{
    Area, GAP_MM, LINE_MM, Panel, Placed, THIN_MM, drawing, fitted, mm, outline, path, stroke, text_width, write,
};
use crate::imaging::opaque_png;

const BAR_MM: f64 = 3.0;
const BAR_STEPS: usize = 128;
const EDGE_MM: f64 = 0.75;
const SHAFT_MM: f64 = 7.0;
const HEAD_MM: f64 = 2.6;
/// Dots an inch of an image printed 40 mm wide need no more pixels than this in all.
const PER_METRE: u32 = 11_811;

/// A raster image and what is drawn over it.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::report) struct Image {
    /// Red, green and blue of every pixel, rows from the top.
    pixels: Vec<[u8; 3]>,
    size: (usize, usize),
    marks: Vec<Mark>,
    bar: Option<Bar>,
    label: Option<String>,
}

/// What points into an image; places are in its pixels, from its upper left corner.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::report) enum Mark {
    /// A white arrow with a black edge, its tip here, its shaft leading away by these degrees, clockwise from the right.
    Arrow {
        /// Where it points to.
        tip: (f64, f64),
        /// Where it comes from.
        degrees: f64,
    },
    /// A white frame with a black edge.
    Frame {
        /// Upper left corner.
        corner: (f64, f64),
        /// Width and height.
        size: (f64, f64),
    },
}

#[derive(Debug, Clone, PartialEq)]
struct Bar {
    name: String,
    ends: [String; 2],
}

impl Image {
    /// Grey values, rows from the top.
    ///
    /// # Errors
    /// When there are not `size.0 · size.1` values.
    pub(in crate::report) fn grey(values: &[u8], size: (usize, usize)) -> Result<Self> {
        Self::of(values.iter().map(|value| [*value; 3]).collect(), size)
    }

    /// Values in [0, 1] in colours; others are taken for the nearest, and what is no number for 0.
    ///
    /// # Errors
    /// When there are not `size.0 · size.1` values.
    pub(in crate::report) fn map(values: &[f32], size: (usize, usize)) -> Result<Self> {
        Self::of(values.iter().map(|value| color(*value)).collect(), size)
    }

    /// This grey image, coloured by a map of the same size where the map is high: nothing at 0, seven tenths at 1.
    ///
    /// # Errors
    /// When the map has another number of values than the image.
    pub(in crate::report) fn under(mut self, map: &[f32]) -> Result<Self> {
        ensure!(map.len() == self.pixels.len(), "a map of {} values over an image of {} pixels", map.len(), self.pixels.len());
        for (pixel, value) in self.pixels.iter_mut().zip(map) {
            *pixel = mixed(*pixel, color(*value), 0.7 * clamped(*value));
        }
        Ok(self)
    }

    /// With one more mark.
    pub(in crate::report) fn marked(mut self, mark: Mark) -> Self {
        self.marks.push(mark);
        self
    }

    /// With a bar of colours below: what the map shows, and what its lowest and highest colours stand for.
    pub(in crate::report) fn with_bar(mut self, name: impl Into<String>, ends: [String; 2]) -> Self {
        self.bar = Some(Bar { name: name.into(), ends });
        self
    }

    /// With a line of text below.
    pub(in crate::report) fn labelled(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// The image as a panel of this width.
    ///
    /// # Errors
    /// When the pixels cannot be encoded.
    pub(in crate::report) fn panel(&self, width_mm: f64, title: &str, description: impl Into<String>) -> Result<Panel> {
        let height = width_mm * self.size.1 as f64 / self.size.0 as f64;
        let picture = Placed { png: encoded(&self.pixels, self.size)?, at: (0.0, 0.0), size: (width_mm, height) };
        let bar = self.bar.as_ref().map(|_| bar_picture(width_mm, height + GAP_MM)).transpose()?;
        let below = self.bar.as_ref().map_or(0.0, |_| GAP_MM + BAR_MM + LINE_MM)
            + self.label.as_ref().map_or(0.0, |_| LINE_MM + GAP_MM);
        let pictures = [picture].into_iter().chain(bar).collect();
        Panel::draw_over(pictures, (width_mm, height + below), title, description, |area| {
            let scale = width_mm / self.size.0 as f64;
            self.marks.iter().try_for_each(|mark| mark.draw(area, scale))?;
            let below_bar = self.draw_bar(area, width_mm, height)?;
            self.draw_label(area, width_mm, below_bar)
        })
    }

    fn of(pixels: Vec<[u8; 3]>, size: (usize, usize)) -> Result<Self> {
        ensure!(!pixels.is_empty(), "an image without pixels");
        ensure!(pixels.len() == size.0 * size.1, "{} values for an image of {} by {} pixels", pixels.len(), size.0, size.1);
        Ok(Self { pixels, size, marks: Vec::new(), bar: None, label: None })
    }

    /// Frame and words of the bar; where what lies below it begins.
    fn draw_bar(&self, area: &Area, width: f64, height: f64) -> Result<f64> {
        let Some(bar) = &self.bar else { return Ok(height) };
        let (top, bottom) = (height + GAP_MM, height + GAP_MM + BAR_MM);
        let edge = THIN_MM / 2.0;
        outline(area, [(edge, top), (width - edge, top), (width - edge, bottom), (edge, bottom)], stroke(BLACK, THIN_MM))?;
        let y = bottom + LINE_MM / 2.0;
        let [low, high] = &bar.ends;
        write(area, low, (0.0, y), HPos::Left, VPos::Center)?;
        write(area, high, (width, y), HPos::Right, VPos::Center)?;
        let room = width - 2.0 * text_width(low).max(text_width(high)) - 2.0 * GAP_MM;
        write(area, &fitted(&bar.name, room), (width / 2.0, y), HPos::Center, VPos::Center)?;
        Ok(bottom + LINE_MM)
    }

    fn draw_label(&self, area: &Area, width: f64, top: f64) -> Result<()> {
        let Some(label) = &self.label else { return Ok(()) };
        write(area, &fitted(label, width), (width / 2.0, top + GAP_MM + LINE_MM / 2.0), HPos::Center, VPos::Center)
    }
}

impl Mark {
    fn draw(&self, area: &Area, scale: f64) -> Result<()> {
        match *self {
            Self::Arrow { tip, degrees } => arrow(area, (tip.0 * scale, tip.1 * scale), degrees.to_radians()),
            Self::Frame { corner, size } => {
                let (left, top) = (corner.0 * scale, corner.1 * scale);
                let (right, bottom) = (left + size.0 * scale, top + size.1 * scale);
                let corners = [(left, top), (right, top), (right, bottom), (left, bottom)];
                outline(area, corners, stroke(BLACK, EDGE_MM))?;
                outline(area, corners, stroke(WHITE, EDGE_MM / 2.0))
            }
        }
    }
}

fn arrow(area: &Area, tip: (f64, f64), angle: f64) -> Result<()> {
    let away = |length: f64, aside: f64| {
        let (sin, cos) = angle.sin_cos();
        (tip.0 + length * cos - aside * sin, tip.1 + length * sin + aside * cos)
    };
    let shaft = [away(HEAD_MM, 0.0), away(SHAFT_MM, 0.0)];
    let head = [tip, away(HEAD_MM, HEAD_MM / 2.0), away(HEAD_MM, -HEAD_MM / 2.0)];
    let closed = [head[0], head[1], head[2], head[0], head[1]];
    path(area, &[away(HEAD_MM, 0.0), away(SHAFT_MM + EDGE_MM / 4.0, 0.0)], stroke(BLACK, EDGE_MM * 1.4))?;
    path(area, &closed, stroke(BLACK, EDGE_MM / 1.5))?;
    path(area, &shaft, stroke(WHITE, EDGE_MM * 0.8))?;
    let corners: Vec<_> = head.iter().map(|(x, y)| (mm(*x), mm(*y))).collect();
    area.draw(&Polygon::new(corners, WHITE.filled())).map_err(drawing)
}

fn bar_picture(width: f64, top: f64) -> Result<Placed> {
    let shades: Vec<_> = (0..BAR_STEPS).map(|step| color(step as f32 / (BAR_STEPS - 1) as f32)).collect();
    Ok(Placed { png: encoded(&shades, (BAR_STEPS, 1))?, at: (0.0, top), size: (width, BAR_MM) })
}

fn encoded(pixels: &[[u8; 3]], size: (usize, usize)) -> Result<Vec<u8>> {
    let rgba: Vec<u8> = pixels.iter().flat_map(|[red, green, blue]| [*red, *green, *blue, 255]).collect();
    let size = (u32::try_from(size.0)?, u32::try_from(size.1)?);
    opaque_png(&rgba, size, PER_METRE).context("cannot encode an image of the report")
}

fn color(value: f32) -> [u8; 3] {
    let RGBColor(red, green, blue) = ViridisRGB.get_color(clamped(value));
    [red, green, blue]
}

fn clamped(value: f32) -> f32 {
    if value.is_nan() { 0.0 } else { value.clamp(0.0, 1.0) }
}

fn mixed(below: [u8; 3], above: [u8; 3], share: f32) -> [u8; 3] {
    let channel = |position: usize| {
        let [below, above] = [below[position], above[position]].map(f32::from);
        (below + (above - below) * share).round() as u8
    };
    [0, 1, 2].map(channel)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_run_from_dark_to_light() -> Result<()> {
        let lightness = |value: f32| color(value).iter().map(|channel| u32::from(*channel)).sum::<u32>();
        let steps: Vec<u32> = (0..=10).map(|step| lightness(step as f32 / 10.0)).collect();
        assert!(steps.is_sorted(), "{steps:?}");
        assert_eq!([color(f32::NAN), color(-1.0)], [color(0.0); 2]);
        Ok(())
    }

    #[test]
    fn an_image_keeps_its_shape_and_shows_its_pixels() -> Result<()> {
        let image = Image::grey(&[0, 255, 128, 64, 32, 16], (3, 2))?.labelled("80/35");
        let image = image.marked(Mark::Arrow { tip: (1.0, 1.0), degrees: 45.0 });
        let panel = image.panel(30.0, "t", "d")?;
        assert!(panel.size.0 == 30.0 && (panel.size.1 - 20.0 - GAP_MM - LINE_MM).abs() < 1e-9, "{:?}", panel.size);
        assert!(panel.to_svg("x").into_string().contains("href=\"data:image/png;base64,"));
        assert!(Image::grey(&[0; 5], (3, 2)).is_err());
        Ok(())
    }

    #[test]
    fn a_map_colours_only_where_it_is_high() -> Result<()> {
        let image = Image::grey(&[100, 100], (2, 1))?.under(&[0.0, 1.0])?;
        assert_eq!(image.pixels[0], [100; 3]);
        assert!(image.pixels[1][0] != image.pixels[1][2], "{:?}", image.pixels[1]);
        Ok(())
    }
}
