//! The files of a report.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use rayon::prelude::*;

use super::document::Document;
use super::docx::{Picture, Pictures};
use super::figure::{Figure, Panel};
use super::sections::CHECKLIST;
use super::study::Study;
use super::table::{Data, Table};
use super::{docx, markdown, number, numbers, page, pdf};
use crate::artifact::Curve;
use crate::artifact::results::RocPoint;

/// Writes page, Markdown, tables, figures and the numbers behind the figures into `out`.
pub(super) fn write(study: &Study, document: &Document, out: &Path) -> Result<()> {
    for folder in ["tables", "figures"] {
        let folder = out.join(folder);
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    let pictures = write_figures(out, document)?;
    put(out, "report.html", page::page(study, document))?;
    put(out, "report.pdf", pdf::report(study, document)?)?;
    put(out, "report.docx", docx::manuscript(document, &pictures)?)?;
    put(out, "report.md", markdown::text(study, document))?;
    let checklist = document.chapters.iter().filter(|chapter| chapter.id == CHECKLIST);
    checklist.map(markdown::chapter).try_for_each(|text| put(out, "claim.md", text.trim_start()))?;
    document.tables().try_for_each(|table| write_table(out, table))?;
    let numbers = numbers::numbers(study.results);
    put(out, "numbers.csv", numbers::data(&numbers).to_csv()?)?;
    put(out, "numbers.tex", numbers::macros(&numbers))?;
    put(out, "curves.csv", curves(study).to_csv()?)?;
    put(out, "roc.csv", roc(study).to_csv()?)
}

fn write_table(out: &Path, table: &Table) -> Result<()> {
    let name = |form: &str| format!("tables/{}.{form}", table.stem());
    put(out, &name("csv"), table.data.to_csv()?)?;
    put(out, &name("tex"), table.to_tex())?;
    put(out, &name("md"), table.to_markdown())
}

/// Writes every panel and every whole figure as vectors, and as pixels what is printed in one piece: whole figures, and panels that stand
/// alone. Gives these by the stem of their files.
fn write_figures(out: &Path, document: &Document) -> Result<Pictures> {
    let panels = document.figures().flat_map(Figure::lettered).map(|(_, stem, panel)| (stem, Cow::Borrowed(panel)));
    let sheets: Vec<_> = document.figures().map(Figure::sheets).collect::<Result<_>>()?;
    let sheets = sheets.into_iter().flatten().map(|(stem, sheet)| (stem, Cow::Owned(sheet)));
    let printed: BTreeSet<String> = document.figures().flat_map(Figure::printed).collect();
    let write = |(stem, panel): (String, Cow<Panel>)| {
        write_vectors(out, &stem, &panel).with_context(|| format!("figure {stem}"))?;
        let pixels = printed.contains(&stem).then(|| write_pixels(out, &stem, &panel)).transpose();
        Ok(pixels.with_context(|| format!("figure {stem}"))?.map(|picture| (stem, picture)))
    };
    panels.chain(sheets).collect::<Vec<_>>().into_par_iter().filter_map(|drawing| write(drawing).transpose()).collect()
}

fn write_vectors(out: &Path, stem: &str, panel: &Panel) -> Result<()> {
    put(out, &format!("figures/{stem}.svg"), panel.to_svg_file(stem))?;
    put(out, &format!("figures/{stem}.pdf"), panel.to_pdf()?)
}

fn write_pixels(out: &Path, stem: &str, panel: &Panel) -> Result<Picture> {
    let png = panel.to_png()?;
    put(out, &format!("figures/{stem}.png"), &png)?;
    Ok(Picture { png, size_mm: panel.size_mm(), description: panel.description.clone() })
}

fn put(out: &Path, name: &str, bytes: impl AsRef<[u8]>) -> Result<()> {
    let path = out.join(name);
    fs::write(&path, bytes).with_context(|| format!("cannot write {}", path.display()))
}

/// Learning curves of all trainings, a row an epoch.
fn curves(study: &Study) -> Data {
    let header = ["model", "epoch", "updates", "learning_rate", "train_loss", "tune_loss", "tune_accuracy"];
    let row = |model: &str, epoch: &Curve| {
        vec![
            model.to_owned(),
            epoch.epoch.to_string(),
            epoch.updates.to_string(),
            number::exact(epoch.learning_rate),
            epoch.train_loss.map(number::exact).unwrap_or_default(),
            number::exact(epoch.tune_loss),
            number::exact(epoch.tune_accuracy),
        ]
    };
    let rows = study
        .learned()
        .into_iter()
        .flat_map(|(_, training, curves)| curves.0.iter().map(move |epoch| row(&training.name, epoch)));
    Data { header: header.map(String::from).to_vec(), rows: rows.collect() }
}

/// ROC points of all models and readers.
fn roc(study: &Study) -> Data {
    let header = ["model", "threshold", "false_positive_rate", "true_positive_rate"];
    let row = |model: &str, point: &RocPoint| {
        vec![
            model.to_owned(),
            point.threshold.map(number::exact).unwrap_or_default(),
            number::exact(point.false_positive_rate),
            number::exact(point.true_positive_rate),
        ]
    };
    let rows = study.raters().flat_map(|model| model.roc.iter().map(move |point| row(&model.name, point)));
    Data { header: header.map(String::from).to_vec(), rows: rows.collect() }
}
