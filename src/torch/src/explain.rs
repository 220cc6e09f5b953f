//! Kind `explain`: where a trained network looks, by boxes that hide, by channels that respond, by gradients that say what would count.

mod attention;
mod channel;
mod occlusion;

use anyhow::{Context, Result};
use bgh::artifact::{Boxed, Case, Cases, Explanation, Explanations, Files, ImageSet, Map};
use bgh::stage::explain::{Fill, Params};
use tch::{Kind, Tensor};

use crate::dataset::Dataset;
use crate::evaluate;
use crate::mean::Mean;
use crate::model;
use crate::network::Net;
use crate::network::graph::{Graph, Node};
use crate::session::{Outcome, Session};

/// Explains each case, and writes port `explanations`.
///
/// # Errors
/// When the cases are not what the model was trained on, or a layer is none of the network's maps.
pub fn run(session: &mut Session) -> Result<Outcome> {
    let params: Params = session.params()?;
    let (net, facts, mean) = model::open(session.input("model")?, session.device)?;
    let cases = session.input("cases")?.clone();
    let Cases { rows, .. } = Cases::open(&cases)?;
    let subject = Subject::new(params, net, &facts, mean, &cases)?;
    let mut explained = Vec::with_capacity(rows.len());
    for case in &rows {
        if session.stop.raised() {
            return Ok(Outcome::Interrupted);
        }
        explained.push(subject.explain(case)?);
        session.report(explained.len(), rows.len(), "cases", None)?;
    }
    let all = Explanations { cases: explained, ..subject.frame() };
    all.write(&session.folder.port("explanations")?)?;
    Ok(Outcome::Done)
}

/// A network, what it is shown, and what of it is looked at.
struct Subject {
    params: Params,
    classes: Vec<String>,
    net: Net,
    data: Dataset,
    crop: usize,
    fill: u8,
    layer: Node,
    attention: Node,
}

impl Subject {
    fn new(params: Params, net: Net, facts: &model::Facts, mean: Mean, cases: &Files) -> Result<Self> {
        let fill = match params.fill {
            Fill::Grey(grey) => grey,
            Fill::Mean => average(&mean),
        };
        let layer = node(net.graph(), params.layer.as_deref(), Graph::second_convolution)?;
        let attention = node(net.graph(), params.attention_layer.as_deref(), Graph::last_map)?;
        let data = Dataset::new(ImageSet::open(cases)?, &facts.classes, &mean, net.device())?;
        Ok(Self { params, classes: facts.classes.clone(), net, data, crop: facts.network.crop, fill, layer, attention })
    }

    /// What all explanations share.
    fn frame(&self) -> Explanations {
        let name = |node: Node| self.net.graph().layers[node].name.clone();
        Explanations {
            classes: self.classes.clone(),
            layer: name(self.layer),
            attention_layer: name(self.attention),
            side: self.params.side,
            stride: self.params.stride,
            fill: self.fill,
            cases: vec![],
        }
    }

    fn explain(&self, case: &Case) -> Result<Explanation> {
        let image = self.image(case.case);
        let intact = self.probabilities(&image)?.swap_remove(0);
        let target = (1..intact.len()).fold(0, |best, class| if intact[class] > intact[best] { class } else { best });
        let occlusion = self.occlusion(&image, target)?;
        let boxed = self.boxed(&image, case, &occlusion)?;
        let input = self.data.seen(&image, self.params.eval, self.crop)?;
        let (channel, activation) = channel::chosen(&self.activations(&input), self.params.channel)?;
        Ok(Explanation {
            exam: case.exam.clone(),
            slice: case.slice,
            target: self.classes[target].clone(),
            intact,
            boxed,
            occlusion,
            activation: self.map(&activation)?,
            channel,
            attention: self.map(&attention::map(&self.net, &input, self.attention, target))?,
        })
    }

    /// `f32 [1, H, W]`.
    fn image(&self, case: usize) -> Tensor {
        let set = self.data.set();
        let shape = [1, set.height as i64, set.width as i64];
        Tensor::from_slice(set.image(case)).reshape(shape).to_device(self.net.device()).to_kind(Kind::Float)
    }

    fn probabilities(&self, images: &Tensor) -> Result<Vec<Vec<f64>>> {
        evaluate::probabilities(&self.net, &self.data.seen(images, self.params.eval, self.crop)?)
    }

    /// The probability of the target with a box at each place of the grid that the network sees.
    fn occlusion(&self, image: &Tensor, target: usize) -> Result<Map> {
        let view = self.data.view(self.params.eval, self.crop)?;
        let grid = occlusion::Grid::new(view, self.params.side, self.params.stride)?;
        let mut values = Vec::with_capacity(grid.len());
        // As many images in memory as a batch has.
        for frames in grid.frames().collect::<Vec<_>>().chunks(evaluate::BATCH) {
            let hidden: Vec<Tensor> = frames.iter().map(|frame| occlusion::hidden(image, *frame, self.fill)).collect();
            let rows = self.probabilities(&Tensor::cat(&hidden, 0))?;
            values.extend(rows.iter().map(|row| row[target] as f32));
        }
        Ok(Map { frame: grid.frame(), shape: grid.shape(), values })
    }

    fn boxed(&self, image: &Tensor, case: &Case, occlusion: &Map) -> Result<Boxed> {
        let view = self.data.view(self.params.eval, self.crop)?;
        let place = case.place().map(|place| occlusion::over(place, self.params.side));
        let over_mark = place.is_some();
        let [row, column] = occlusion.pit();
        let (middle, side) = place.unwrap_or(([row, column], self.params.side));
        let frame = occlusion::within(middle, side, view);
        let probabilities = self.probabilities(&occlusion::hidden(image, frame, self.fill))?.swap_remove(0);
        Ok(Boxed { frame, over_mark, probabilities })
    }

    /// `f32 [C, h, w]`.
    fn activations(&self, input: &Tensor) -> Tensor {
        tch::no_grad(|| self.net.scores_from(input, self.layer).1).detach().squeeze_dim(0)
    }

    /// A map of the layer over the part of the image that the network sees.
    fn map(&self, values: &Tensor) -> Result<Map> {
        let frame = self.data.view(self.params.eval, self.crop)?.map(|side| side as f64);
        let (rows, columns) = values.size2()?;
        let values = Vec::<f32>::try_from(values.to_device(tch::Device::Cpu).contiguous().flatten(0, -1))?;
        Ok(Map { frame, shape: [rows as usize, columns as usize], values })
    }
}

/// Mean grey of the mean image, halves rounded up.
fn average(mean: &Mean) -> u8 {
    let (sum, count) = (mean.pixels.iter().map(|&grey| u64::from(grey)).sum::<u64>(), mean.pixels.len().max(1) as u64);
    ((2 * sum + count) / (2 * count)) as u8
}

/// The layer of this name, or the `usual` one, behind its rectifier.
fn node(graph: &Graph, name: Option<&str>, usual: fn(&Graph) -> Option<&crate::network::graph::Layer>) -> Result<Node> {
    let name = name.or_else(|| usual(graph).map(|layer| layer.name.as_str()));
    let name = name.context("the network has no such layer of its own; name one")?;
    let is_map = |node: &Node| graph.layers[*node].shape.len() == 3;
    let maps = || {
        let maps = graph.layers.iter().filter(|layer| layer.shape.len() == 3 && !layer.auxiliary);
        maps.map(|layer| layer.name.as_str()).collect::<Vec<_>>().join(", ")
    };
    let node = graph.activation(name).filter(is_map);
    node.with_context(|| format!("`{name}` is no layer with maps; those are: {}", maps()))
}
