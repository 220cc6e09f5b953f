//! A slice of a volume in one of the windows in which heads are read.

use anyhow::{Result, ensure};

use crate::artifact::{Files, Volume};
use crate::imaging::{Image, Window};
use crate::serve::answer::{Answer, Missing};
use crate::serve::ask::Ask;

/// A window by its name.
pub(super) struct Named {
    pub(super) name: &'static str,
    /// HU.
    pub(super) width: f64,
    /// HU.
    pub(super) level: f64,
}

/// The first is shown unless another is asked for.
pub(super) const WINDOWS: [Named; 4] = [
    Named { name: "brain", width: 80.0, level: 35.0 },
    Named { name: "stroke", width: 40.0, level: 40.0 },
    Named { name: "subdural", width: 220.0, level: 95.0 },
    Named { name: "bone", width: 2500.0, level: 480.0 },
];

pub(super) fn window(ask: &Ask) -> &'static Named {
    let asked = ask.query.get("window");
    WINDOWS.iter().find(|window| asked.is_some_and(|name| name == window.name)).unwrap_or(&WINDOWS[0])
}

pub(super) fn draw(ask: &Ask, files: &Files, at: usize) -> Result<Answer> {
    let (volume, Named { width, level, .. }) = (Volume::open(files)?, window(ask));
    let (pixels, needed) = (volume.rows * volume.columns, (at + 1) * volume.rows * volume.columns);
    if at >= volume.slices.len() {
        return Err(Missing(format!("there is no slice {at}; there are {}", volume.slices.len())).into());
    }
    ensure!(pixels > 0 && volume.hu.len() >= needed, "the volume has fewer values than its shape says");
    let grey = Window { width: *width, level: *level }.apply(volume.slice(at));
    Answer::image(&Image::new(volume.columns, volume.rows, grey))
}
