//! Kind `predict`: a trained model on an image set.

use anyhow::Result;
use bgh::artifact::{ImageSet, Prediction, Predictions};
use bgh::stage::predict::Params;
use tch::{Kind, Tensor};

use crate::dataset::Dataset;
use crate::evaluate::{self, BATCH};
use crate::model;
use crate::session::{Outcome, Session};

/// Predicts, and writes port `predictions`.
///
/// # Errors
/// When the images are not what the model was trained on.
pub fn run(session: &mut Session) -> Result<Outcome> {
    let params: Params = session.params()?;
    let (net, facts, mean) = model::open(session.input("model")?, session.device)?;
    let data = Dataset::new(ImageSet::open(session.input("images")?)?, &facts.classes, &mean, session.device)?;
    let mut rows = Vec::with_capacity(data.len());
    for images in (0..data.len()).collect::<Vec<_>>().chunks(BATCH) {
        if session.stop.raised() {
            return Ok(Outcome::Interrupted);
        }
        let scores = evaluate::scores(&net, &data, images, params.eval, facts.network.crop)?;
        rows.extend(images.iter().zip(probabilities(&scores)?).map(|(&image, probabilities)| row(&data, image, probabilities)));
        session.report(rows.len(), data.len(), "images", None)?;
    }
    Predictions { classes: facts.classes, rows }.write(&session.folder.port("predictions")?)?;
    Ok(Outcome::Done)
}

/// The softmax of each row in double precision: in single precision, confident scores round to ties at 1.
fn probabilities(scores: &Tensor) -> Result<Vec<Vec<f64>>> {
    Ok(scores.softmax(1, Kind::Double).try_into()?)
}

fn row(data: &Dataset, image: usize, probabilities: Vec<f64>) -> Prediction {
    let row = &data.set().rows[image];
    Prediction { exam: row.exam.clone(), slice: row.slice, class: row.class.clone(), probabilities }
}
