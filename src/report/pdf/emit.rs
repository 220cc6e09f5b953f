//! From places on pages to the file: krilla writes it, with the structure that screen readers follow.

use std::num::NonZeroU16;

use anyhow::{Context, Result, anyhow};
use krilla::color::rgb;
use krilla::destination::XyzDestination;
use krilla::geom::{PathBuilder, Point, Size, Transform};
use krilla::metadata::Metadata;
use krilla::num::NormalizedF32;
use krilla::outline::{Outline, OutlineNode};
use krilla::page::PageSettings;
use krilla::paint::{Fill, Stroke};
use krilla::surface::Surface;
use krilla::tagging::{Artifact, ArtifactType, ContentTag, Identifier, SpanTag, TableHeaderScope, Tag, TagGroup, TagTree};
use krilla::text::{Font, GlyphId, KrillaGlyph};
use krilla_svg::{SurfaceExt, SvgSettings};

use super::flow::{Flow, Item, LEFT, PAGE, Piece, Role, size};
use crate::report::font::Face;

const FOOT_SIZE: f64 = 7.5;
const FOOT_Y: f64 = PAGE.1 - 30.0;

/// The file.
///
/// # Errors
/// When a drawing cannot be read back or the writer finds a fault.
pub(super) fn file(title: &str, flow: &Flow<'_>) -> Result<Vec<u8>> {
    let fonts = Fonts::new()?;
    let mut document = krilla::Document::new();
    let mut marks: Vec<Vec<Identifier>> = vec![vec![]; flow.pieces.len()];
    for number in 0..flow.pages() {
        let settings = PageSettings::from_wh(PAGE.0 as f32, PAGE.1 as f32).context("BUG: a page has a size")?;
        let mut page = document.start_page_with(settings);
        let mut surface = page.surface();
        for (piece, marks) in flow.pieces.iter().zip(&mut marks) {
            let items = piece.items.iter().filter(|(page, _)| *page == number);
            items.map(|(_, item)| item).try_for_each(|item| draw(&mut surface, &fonts, piece.role, item, marks))?;
        }
        foot(&mut surface, &fonts, title, number + 1, flow.pages());
        surface.finish();
        page.finish();
    }
    document.set_outline(outline(flow));
    document.set_tag_tree(tree(flow, marks));
    document.set_metadata(Metadata::new().title(title.to_owned()).language("en".to_owned()).creator("bgh".to_owned()));
    document.finish().map_err(|error| anyhow!("{error:?}"))
}

struct Fonts([Font; 2]);

impl Fonts {
    fn new() -> Result<Self> {
        let font = |face: Face| Font::new(face.data().into(), 0).context("BUG: the font that ships is damaged");
        Ok(Self([font(Face::Regular)?, font(Face::Bold)?]))
    }

    fn of(&self, face: Face) -> Font {
        self.0[face as usize].clone()
    }
}

fn draw(surface: &mut Surface<'_>, fonts: &Fonts, role: Role, item: &Item<'_>, marks: &mut Vec<Identifier>) -> Result<()> {
    let tag = match (role, item) {
        (Role::Ornament, _) => ContentTag::Artifact(Artifact::with_kind(ArtifactType::Other)),
        (_, Item::Text { .. }) => ContentTag::Span(SpanTag::empty()),
        _ => ContentTag::Other,
    };
    let mark = surface.start_tagged(tag);
    match item {
        Item::Text { at, face, size, text } => write(surface, fonts, *at, *face, *size, text),
        Item::Rule { from, to, width, color } => rule(surface, *from, *to, *width, *color)?,
        Item::Panel { at, panel } => {
            let (width, height) = size(panel);
            let size = Size::from_wh(width as f32, height as f32).context("BUG: a panel has a size")?;
            surface.push_transform(&Transform::from_translate(at.0 as f32, at.1 as f32));
            surface.draw_svg(&panel.tree()?, size, SvgSettings::default()).context("a figure cannot be drawn")?;
            surface.pop();
        }
    }
    surface.end_tagged();
    if role != Role::Ornament {
        marks.push(mark);
    }
    Ok(())
}

fn write(surface: &mut Surface<'_>, fonts: &Fonts, at: (f64, f64), face: Face, size: f64, text: &str) {
    let glyph = |glyph: crate::report::font::Glyph| {
        KrillaGlyph::new(GlyphId::new(glyph.id), glyph.advance, 0.0, 0.0, 0.0, glyph.range, None)
    };
    let glyphs: Vec<KrillaGlyph> = face.glyphs(text).map(glyph).collect();
    surface.set_stroke(None);
    surface.set_fill(Some(Fill { paint: rgb::Color::new(0x1a, 0x1a, 0x1a).into(), ..Fill::default() }));
    surface.draw_glyphs(Point::from_xy(at.0 as f32, at.1 as f32), &glyphs, fonts.of(face), text, size as f32, false);
}

fn rule(surface: &mut Surface<'_>, from: (f64, f64), to: (f64, f64), width: f64, [red, green, blue]: [u8; 3]) -> Result<()> {
    let mut path = PathBuilder::new();
    path.move_to(from.0 as f32, from.1 as f32);
    path.line_to(to.0 as f32, to.1 as f32);
    surface.set_fill(None);
    surface.set_stroke(Some(Stroke {
        paint: rgb::Color::new(red, green, blue).into(),
        width: width as f32,
        opacity: NormalizedF32::ONE,
        ..Stroke::default()
    }));
    surface.draw_path(&path.finish().context("BUG: a rule has a length")?);
    Ok(())
}

fn foot(surface: &mut Surface<'_>, fonts: &Fonts, title: &str, page: usize, pages: usize) {
    let number = format!("{page} / {pages}");
    let right = PAGE.0 - LEFT - Face::Regular.ems(&number) * FOOT_SIZE;
    surface.start_tagged(ContentTag::Artifact(Artifact::with_kind(ArtifactType::Footer)));
    if Face::Regular.ems(title) * FOOT_SIZE < right - LEFT {
        write(surface, fonts, (LEFT, FOOT_Y), Face::Regular, FOOT_SIZE, title);
    }
    write(surface, fonts, (right, FOOT_Y), Face::Regular, FOOT_SIZE, &number);
    surface.end_tagged();
}

/// The headings, so that a reader can jump.
fn outline(flow: &Flow<'_>) -> Outline {
    let mut outline = Outline::new();
    for piece in flow.pieces.iter().filter(|piece| piece.role == Role::Heading) {
        let Some((page, Item::Text { at, size, .. })) = piece.items.first() else { continue };
        let place = Point::from_xy(0.0, (at.1 - 2.0 * size) as f32);
        outline.push_child(OutlineNode::new(words(piece), XyzDestination::new(*page, place)));
    }
    outline
}

fn words(piece: &Piece<'_>) -> String {
    let texts =
        piece.items.iter().filter_map(|(_, item)| if let Item::Text { text, .. } = item { Some(text.as_str()) } else { None });
    texts.collect::<Vec<_>>().join(" ")
}

/// Pieces in reading order; cells are gathered into rows and rows into tables.
fn tree(flow: &Flow<'_>, marks: Vec<Vec<Identifier>>) -> TagTree {
    let mut tree = TagTree::new().with_lang(Some("en".to_owned()));
    let mut table: Vec<(usize, TagGroup)> = vec![];
    for (piece, marks) in flow.pieces.iter().zip(marks) {
        if piece.role == Role::Ornament {
            continue;
        }
        let mut group = group(piece);
        marks.into_iter().for_each(|mark| group.push(mark));
        if !matches!(piece.role, Role::Column | Role::Row | Role::Cell) {
            close(&mut tree, &mut table);
            tree.push(group);
            continue;
        }
        if table.last().is_none_or(|(row, _)| *row != piece.row) {
            table.push((piece.row, TagGroup::new(Tag::TR)));
        }
        table.last_mut().expect("BUG: a row was begun").1.push(group);
    }
    close(&mut tree, &mut table);
    tree
}

fn close(tree: &mut TagTree, table: &mut Vec<(usize, TagGroup)>) {
    if table.is_empty() {
        return;
    }
    let rows = table.drain(..).map(|(_, row)| row.into()).collect();
    tree.push(TagGroup::with_children(Tag::Table, rows));
}

fn group(piece: &Piece<'_>) -> TagGroup {
    let level = |number| NonZeroU16::new(number).expect("BUG: levels begin at 1");
    match piece.role {
        Role::Title => TagGroup::new(Tag::Hn(level(1), Some(words(piece)))),
        Role::Heading => TagGroup::new(Tag::Hn(level(2), Some(words(piece)))),
        Role::Figure => TagGroup::new(Tag::Figure(alternative(piece))),
        Role::Column => TagGroup::new(Tag::TH(TableHeaderScope::Column)),
        Role::Row => TagGroup::new(Tag::TH(TableHeaderScope::Row)),
        Role::Cell => TagGroup::new(Tag::TD),
        Role::Text | Role::Caption | Role::Ornament => TagGroup::new(Tag::P),
    }
}

fn alternative(piece: &Piece<'_>) -> Option<String> {
    piece
        .items
        .iter()
        .find_map(|(_, item)| if let Item::Panel { panel, .. } = item { Some(panel.description.clone()) } else { None })
}
