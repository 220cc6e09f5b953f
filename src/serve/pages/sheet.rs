//! The images of an artifact: a set as a contact sheet, a volume slice by slice.

use anyhow::Result;
use maud::{Markup, html};

use crate::artifact::{Files, ImageRow, ImageSet, Volume};
use crate::serve::answer::{Answer, Missing};
use crate::serve::ask::Ask;
use crate::serve::layout::Page;
use crate::serve::parts::sheet;
use crate::serve::route::Route;
use crate::serve::site::Site;
use crate::serve::{address, artifacts};

use super::slice::{self, WINDOWS};

pub(super) const ROUTE: Route = Route { path: "/runs/{run}/steps/{step}/show/{port}", answer };

/// Images on one page of a sheet.
const MOST: usize = 96;

fn answer(site: &Site, ask: &Ask) -> Result<Answer> {
    site.with_run(ask, |picture| {
        let (at, step) = picture.step(ask.named("step"))?;
        let files = artifacts::files(&site.store, step, ask.named("port"))?;
        let here = address::step(&picture.id, at) + &address::path(["show", ask.named("port")]);
        let shown = if files.path("hu.safetensors").is_ok() { volume(ask, &here, &files)? } else { set(ask, &here, &files)? };
        let body = html! { h1 { (step.entry.step) } (shown) };
        let way =
            vec![(address::run(&picture.id), picture.id.clone()), (address::step(&picture.id, at), step.entry.step.clone())];
        Ok(Answer::page(Page { title: &step.entry.step, way, events: None, body }.markup()))
    })
}

fn set(ask: &Ask, here: &str, files: &Files) -> Result<Markup> {
    let set = ImageSet::open(files)?;
    let asked = ask.query.get("class");
    let rows: Vec<&ImageRow> = set.rows.iter().filter(|row| asked.is_none_or(|class| row.class == *class)).collect();
    let from = ask.value("from").unwrap_or(0).min(rows.len().saturating_sub(1)) / MOST * MOST;
    let class = asked.map_or_else(String::new, |class| format!("&class={}", address::encoded(class)));
    Ok(html! {
        nav.pages aria-label="Classes" {
            a.chip href=(here) aria-current=[asked.is_none().then_some("page")] { "all " (set.rows.len()) }
            @for (class, count) in classes(&set) {
                a.chip href={ (here) "?class=" (address::encoded(class)) } aria-current=[(asked.is_some_and(|asked| asked == class)).then_some("page")] { (class) " " (count) }
            }
        }
        div.sheet { @for row in rows.iter().skip(from).take(MOST) { (sheet::image(here, &set, row)) } }
        nav.pages aria-label="Further images" {
            @if from > 0 { a.chip rel="prev" href={ (here) "?from=" (from - MOST) (class) } { "← earlier" } }
            span.soft { ((from + 1).min(rows.len())) " to " ((from + MOST).min(rows.len())) " of " (rows.len()) }
            @if from + MOST < rows.len() { a.chip rel="next" href={ (here) "?from=" (from + MOST) (class) } { "later →" } }
        }
    })
}

/// Classes in the order in which they come, with their images.
fn classes(set: &ImageSet) -> Vec<(&str, usize)> {
    let mut classes: Vec<(&str, usize)> = vec![];
    for row in &set.rows {
        match classes.iter_mut().find(|(class, _)| *class == row.class) {
            Some((_, count)) => *count += 1,
            None => classes.push((&row.class, 1)),
        }
    }
    classes
}

fn volume(ask: &Ask, here: &str, files: &Files) -> Result<Markup> {
    let slices = Volume::slices(files)?;
    let at: usize = ask.value("slice").unwrap_or(slices.len() / 2);
    let slice = slices.get(at).ok_or_else(|| Missing(format!("there is no slice {at}; there are {}", slices.len())))?;
    let window = slice::window(ask);
    let to = |at: usize, window: &str| format!("{here}?slice={at}&window={window}");
    Ok(html! {
        nav.pages aria-label="Slices" {
            @if at > 0 { a.chip rel="prev" href=(to(at - 1, window.name)) { "← towards the feet" } }
            span { "Slice " strong { (at + 1) } " of " (slices.len()) }
            @if at + 1 < slices.len() { a.chip rel="next" href=(to(at + 1, window.name)) { "towards the head →" } }
        }
        img.slice src={ (here) "/" (at) ".png?window=" (window.name) } alt={ "Slice " (at + 1) " in the " (window.name) " window" };
        nav.pages aria-label="Windows" {
            @for other in &WINDOWS {
                a.chip href=(to(at, other.name)) aria-current=[(other.name == window.name).then_some("page")] { (other.name) " " span.soft { "W " (other.width) " L " (other.level) } }
            }
        }
        p.soft {
            (format!("{:.1} mm along the stack · pixels of {:.2} × {:.2} mm", slice.position_mm, slice.row_spacing_mm, slice.column_spacing_mm))
            @if let Some(thickness) = slice.thickness_mm { (format!(" · {thickness:.1} mm thick")) }
            (format!(" · tilted by {:.1}°. Arrow keys go from slice to slice.", slice.tilt_deg))
        }
    })
}
