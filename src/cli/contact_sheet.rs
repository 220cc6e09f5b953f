//! The contact sheet of `bgh inspect`: every exam, the series that ingest takes and those that it leaves, with thumbnails, as one page
//! that needs no other file.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use rayon::prelude::*;

use crate::dicom::{AxialSeries, ExamFiles, StackFacts};
use crate::imaging::{Fit, Image, Window, grey_png};
use crate::stage::window;

/// Thumbnails an exam, and the side of each, pixels.
const THUMBNAILS: usize = 12;
const SIDE: usize = 112;

/// Brain.
const WINDOW: Window = Window { width: 80.0, level: 35.0 };

const STYLE: &str = "body{font:15px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:76rem;padding:0 1rem;color:#1c1c1c;background:#fff}\
h1{font-size:1.4rem}h2{font-size:1.05rem;margin:2rem 0 .3rem}p{margin:.2rem 0}.left{color:#666}.no{color:#a11}\
.row{display:flex;flex-wrap:wrap;gap:4px;margin-top:.4rem}figure{margin:0}figcaption{font-size:11px;color:#666;text-align:center}\
img{display:block;background:#000}@media(prefers-color-scheme:dark){body{background:#141414;color:#ddd}.left,figcaption{color:#999}.no{color:#f77}}";

/// The page.
pub(super) fn page(exams: &[ExamFiles]) -> String {
    let parts: Vec<Markup> = exams.par_iter().map(exam).collect();
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "What ingest takes" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                h1 { "What ingest takes of " (exams.len()) " exams" }
                p { "Thumbnails in the window " (WINDOW.width) "/" (WINDOW.level) " HU, from the feet to the head; the patient's right is on the left." }
                @for part in &parts { (part) }
            }
        }
    }
    .into_string()
}

fn exam(exam: &ExamFiles) -> Markup {
    let name = if exam.folder.is_empty() { &exam.study } else { &exam.folder };
    let found = AxialSeries::find(&exam.files());
    html! {
        section {
            h2 { (name) }
            @match &found {
                Ok(series) => {
                    p { "taken: " (told(series.facts())) }
                    @for other in series.others() { p.left { "left: " (told(other)) } }
                    (thumbnails(series))
                }
                Err(error) => p.no { "refused: " (format!("{error:#}")) }
            }
        }
    }
}

fn thumbnails(series: &AxialSeries) -> Markup {
    let count = series.len().min(THUMBNAILS);
    let kept: Vec<usize> = (0..count).map(|at| (2 * at + 1) * series.len() / (2 * count)).collect();
    let pictures = series.volume(&kept).and_then(|volume| {
        let image = |slice| Image::new(volume.columns, volume.rows, WINDOW.apply(volume.slice(slice)));
        let picture = |slice: usize| grey_png(&Fit::Pad.apply(&image(slice), window::aspect(&volume.slices[slice]), SIDE));
        (0..kept.len()).map(picture).collect::<anyhow::Result<Vec<_>>>()
    });
    html! {
        @match pictures {
            Ok(pictures) => div.row {
                @for (slice, png) in kept.iter().zip(pictures) {
                    figure {
                        img width=(SIDE) height=(SIDE) alt={ "slice " (slice + 1) } src={ "data:image/png;base64," (BASE64_STANDARD.encode(png)) };
                        figcaption { (slice + 1) }
                    }
                }
            },
            Err(error) => p.no { "its pixels cannot be read: " (format!("{error:#}")) }
        }
    }
}

/// A stack in words.
pub(super) fn told(facts: &StackFacts) -> String {
    let mut text = format!("{} slices", facts.slices);
    if !facts.series_number.is_empty() {
        text = format!("series {}, {text}", facts.series_number);
    }
    if !facts.kernel.is_empty() {
        text += &format!(", kernel {}", facts.kernel);
    }
    if let Some(thickness) = facts.thickness_mm {
        text += &format!(", {thickness} mm thick");
    }
    text += &format!(", {:.0} mm covered, tilt {:.1}°", facts.coverage_mm, facts.tilt_deg);
    facts.notes.iter().for_each(|note| text += &format!("; {note}"));
    text
}
