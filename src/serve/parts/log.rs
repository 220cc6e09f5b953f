//! What a step printed: the end of it, live while the step runs.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use maud::{Markup, html};

use crate::serve::picture::{Picture, Step};
use crate::serve::site::Site;
use crate::serve::status::Status;
use crate::serve::{address, words};
use crate::stage::job::JobFolder;

/// Bytes of the end that are shown; the rest is a click away.
const SHOWN: u64 = 24 << 10;

/// Where the words of a step are now.
pub(in crate::serve) fn place(site: &Site, step: &Step) -> Option<PathBuf> {
    let action = step.action?;
    let living = JobFolder::new(site.store.job(action)).living().stderr();
    let is_living = step.status == Status::Running && living.exists();
    Some(if is_living { living } else { site.store.log(action) }).filter(|path| path.exists())
}

pub(in crate::serve) fn of(site: &Site, picture: &Picture, at: usize, step: &Step) -> Result<Markup> {
    let Some(path) = place(site, step) else { return Ok(html! {}) };
    let (text, size) = end(&path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(html! {
        h2 { "Log" }
        @if size > SHOWN { p.soft { "The last " (words::bytes(SHOWN)) " of " (words::bytes(size)) "." } }
        pre.log tabindex="0" role="region" aria-label="Log" data-end { (text) }
        p { a href=(address::of_step(&picture.id, at, "log")) { "The whole log" } }
    })
}

/// From the first whole line on.
fn end(path: &Path) -> Result<(String, u64)> {
    let mut file = File::open(path)?;
    let size = file.metadata()?.len();
    file.seek(SeekFrom::Start(size.saturating_sub(SHOWN)))?;
    let mut bytes = vec![];
    file.take(SHOWN).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes).replace(is_mute, "");
    let from = if size > SHOWN { text.find('\n').map_or(0, |at| at + 1) } else { 0 };
    Ok((text[from..].to_owned(), size))
}

/// Characters that a page cannot show.
fn is_mute(character: char) -> bool {
    character.is_control() && !matches!(character, '\n' | '\t')
}
