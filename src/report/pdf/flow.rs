//! From text to places on pages. Lengths are points, from the upper left corner of the page.

use crate::report::figure::Panel;
use crate::report::font::{Face, wrap};

/// A4.
pub(super) const PAGE: (f64, f64) = (595.276, 841.89);
const MARGIN: f64 = 56.7;
/// Width of the text.
pub(super) const WIDTH: f64 = PAGE.0 - 2.0 * MARGIN;
/// Left edge of the text.
pub(super) const LEFT: f64 = MARGIN;
const BOTTOM: f64 = PAGE.1 - MARGIN;
const POINTS_PER_MM: f64 = 72.0 / 25.4;
const PANEL_GAP: f64 = 6.0;
/// Share of the font's size that a line's letters stand above its baseline.
const ASCENT: f64 = 0.8;
const NOTE_INDENT: f64 = 10.0;

/// How a paragraph is set.
#[derive(Debug, Clone, Copy)]
pub(super) struct Style {
    pub(super) face: Face,
    pub(super) size: f64,
    /// From one baseline to the next, in units of the size.
    pub(super) leading: f64,
    /// Room above and below.
    pub(super) before: f64,
    pub(super) after: f64,
}

/// What a piece of the page is to those who do not see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Title,
    Heading,
    Text,
    Caption,
    Figure,
    /// A heading cell of the table's column.
    Column,
    /// A heading cell of the table's row.
    Row,
    Cell,
    /// Lines and repetitions, which are not read out.
    Ornament,
}

/// Something at a place.
#[derive(Debug, Clone)]
pub(super) enum Item<'a> {
    /// A line of text, from the left end of its baseline.
    Text { at: (f64, f64), face: Face, size: f64, text: String },
    /// A straight line.
    Rule { from: (f64, f64), to: (f64, f64), width: f64, color: [u8; 3] },
    /// A drawing at its size on paper.
    Panel { at: (f64, f64), panel: &'a Panel },
}

/// A piece of the report: what belongs together for the reader, wherever its items lie.
#[derive(Debug, Clone)]
pub(super) struct Piece<'a> {
    pub(super) role: Role,
    /// Page and item.
    pub(super) items: Vec<(usize, Item<'a>)>,
    /// Number of the table row that a cell belongs to, counted over the whole report.
    pub(super) row: usize,
}

/// The report as far as it is set.
#[derive(Debug, Default)]
pub(super) struct Flow<'a> {
    pub(super) pieces: Vec<Piece<'a>>,
    page: usize,
    /// Where the next piece begins, from the upper margin.
    y: f64,
    pub(super) rows: usize,
}

impl<'a> Flow<'a> {
    /// Number of pages.
    pub(super) fn pages(&self) -> usize {
        self.page + 1
    }

    /// Where the next piece begins.
    pub(super) fn top(&self) -> f64 {
        MARGIN + self.y
    }

    /// Goes on with a new page where less than `height` is left of this one; whether it did.
    pub(super) fn keep(&mut self, height: f64) -> bool {
        let turns = self.y > 0.0 && self.top() + height > BOTTOM;
        if turns {
            self.page += 1;
            self.y = 0.0;
        }
        turns
    }

    /// Leaves room, but none at the head of a page.
    pub(super) fn space(&mut self, height: f64) {
        if self.y > 0.0 {
            self.y += height;
        }
    }

    /// Moves on by what was drawn.
    pub(super) fn advance(&mut self, height: f64) {
        self.y += height;
    }

    /// Begins a piece; its items follow.
    pub(super) fn piece(&mut self, role: Role) {
        self.pieces.push(Piece { role, items: vec![], row: self.rows });
    }

    /// Adds to the piece that was begun last.
    pub(super) fn item(&mut self, item: Item<'a>) {
        let page = self.page;
        self.pieces.last_mut().expect("BUG: a piece was begun").items.push((page, item));
    }

    /// A paragraph of one face.
    pub(super) fn paragraph(&mut self, role: Role, text: &str, style: Style) {
        self.spans(role, &[(style.face, text.to_owned())], style);
    }

    /// A paragraph whose beginning has another face than the rest.
    pub(super) fn spans(&mut self, role: Role, spans: &[(Face, String)], style: Style) {
        self.space(style.before);
        self.piece(role);
        self.lines(spans, style, 0.0);
        self.space(style.after);
    }

    /// A paragraph with a bar at its left.
    pub(super) fn note(&mut self, text: &str, style: Style) {
        let height =
            lines(&[(style.face, text.to_owned())], style.size, WIDTH - NOTE_INDENT).len() as f64 * style.size * style.leading;
        self.keep(height);
        self.piece(Role::Ornament);
        let x = LEFT + 1.5;
        let (from, to) = ((x, self.top()), (x, self.top() + height));
        self.item(Item::Rule { from, to, width: 3.0, color: [0xd5, 0x5e, 0x00] });
        self.piece(Role::Text);
        self.lines(&[(style.face, text.to_owned())], style, NOTE_INDENT);
        self.space(style.after);
    }

    fn lines(&mut self, spans: &[(Face, String)], style: Style, indent: f64) {
        for line in lines(spans, style.size, WIDTH - indent) {
            self.keep(style.size * style.leading);
            let mut x = LEFT + indent;
            for (face, text) in line {
                let at = (x, self.top() + style.size * (ASCENT + (style.leading - 1.0) / 2.0));
                x += face.ems(&text) * style.size;
                self.item(Item::Text { at, face, size: style.size, text });
            }
            self.y += style.size * style.leading;
        }
    }

    /// Panels in rows, each with its letter, together with what must not be torn from the last row.
    pub(super) fn panels(&mut self, panels: &[(Option<String>, &'a Panel)], below: f64) {
        let mut rest = panels;
        while !rest.is_empty() {
            let (row, others) = rest.split_at(fitting(rest));
            rest = others;
            let letters = if row.iter().any(|(letter, _)| letter.is_some()) { 12.0 } else { 0.0 };
            let height = row.iter().map(|(_, panel)| size(panel).1).fold(0.0, f64::max) + letters;
            self.keep(height + PANEL_GAP + if rest.is_empty() { below } else { 0.0 });
            self.panel_row(row, letters);
            self.y += height + PANEL_GAP;
        }
    }

    fn panel_row(&mut self, row: &[(Option<String>, &'a Panel)], letters: f64) {
        let mut x = LEFT;
        for (letter, panel) in row {
            if let Some(letter) = letter {
                self.piece(Role::Text);
                self.item(Item::Text { at: (x, self.top() + 8.0), face: Face::Bold, size: 9.0, text: letter.clone() });
            }
            self.piece(Role::Figure);
            self.item(Item::Panel { at: (x, self.top() + letters), panel });
            x += size(panel).0 + PANEL_GAP;
        }
    }
}

/// How many of the panels stand side by side; one that is wider than the text stands alone.
fn fitting(panels: &[(Option<String>, &Panel)]) -> usize {
    let mut reached = -PANEL_GAP;
    let fits = |panel: &&(Option<String>, &Panel)| {
        reached += PANEL_GAP + size(panel.1).0;
        reached <= WIDTH
    };
    panels.iter().take_while(fits).count().max(1)
}

/// Width and height of a panel on paper.
pub(super) fn size(panel: &Panel) -> (f64, f64) {
    let (width, height) = panel.size_mm();
    (width * POINTS_PER_MM, height * POINTS_PER_MM)
}

/// Height of a paragraph.
pub(super) fn height_of(spans: &[(Face, String)], style: Style) -> f64 {
    style.before + lines(spans, style.size, WIDTH).len() as f64 * style.size * style.leading + style.after
}

/// Lines of a paragraph, each in pieces of one face. Only the beginning may differ in face, and it must fit into a line.
fn lines(spans: &[(Face, String)], size: f64, width: f64) -> Vec<Vec<(Face, String)>> {
    let [(first, head), rest @ ..] = spans else { return vec![] };
    let Some((face, body)) = rest.first() else {
        return wrap(*first, head, width / size).into_iter().map(|line| vec![(*first, line)]).collect();
    };
    // The head takes room of the first line only: an equally wide row of figures stands for it while the text is wrapped.
    let room = first.ems(head);
    let stand_in = "\u{a0}".repeat((room / face.ems("\u{a0}")).ceil() as usize);
    let wrapped = wrap(*face, &format!("{stand_in}{body}"), width / size);
    let set = |(number, line): (usize, String)| match number {
        0 => vec![(*first, head.clone()), (*face, line.trim_start_matches('\u{a0}').to_owned())],
        _ => vec![(*face, line)],
    };
    wrapped.into_iter().enumerate().map(set).collect()
}
