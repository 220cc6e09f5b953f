//! How the trainings went on the tuning set.

use anyhow::Result;

use super::Section;
use crate::report::document::Block;
use crate::report::figure::{Figure, Measure, learning, of_design};
use crate::report::study::Study;

pub(super) const SECTION: Section = Section { id: "learning", heading: "Learning curves", blocks };

fn blocks(study: &Study) -> Result<Vec<Block>> {
    let lines = of_design(study.results);
    let models: Vec<_> =
        study.learned().into_iter().map(|(model, curves)| (study.title(model), lines[model.name.as_str()], curves)).collect();
    if models.is_empty() {
        return Ok(Vec::new());
    }
    let measures = [Measure::TuneLoss, Measure::TuneAccuracy, Measure::LearningRate];
    let panels = measures.iter().map(|measure| learning(*measure, &models)).collect::<Result<_>>()?;
    let caption = "Loss (a) and accuracy (b) on the tuning set, and learning rate (c), over the epochs of each training; epoch 0 is before \
                   the first update. Epochs differ in updates: the table of the trainings has both.";
    Ok(vec![Block::Figure(Figure::new("learning", caption, panels))])
}
