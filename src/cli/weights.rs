//! `bgh weights`: what a weight file holds, in which network it fits, and the same weights in another container.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use clap::{Args, Subcommand, ValueEnum};
use serde::Serialize;

use super::session::SpecArguments;
use super::{Exit, Failure};
use crate::execute::{Executor, Options, State};
use crate::weights::{self, Channels, Classifiers, Dtype, Fit, Format, Network, WeightFile, Weights};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Say what a weight file holds and what the nearest network would take of it
    Inspect(Inspect),
    /// Write the weights of a file into another container; names, shapes, types and bits stay as they are
    Convert(Convert),
    /// Write the weights of a trained model into a file of your own
    Export(Export),
}

#[derive(Debug, Args)]
pub(super) struct Inspect {
    /// A .caffemodel, .binaryproto, .pth, .pt or .safetensors file; its content tells which
    file: PathBuf,

    /// Hold it against this network rather than the nearest
    #[arg(long, value_name = "NAME")]
    network: Option<String>,

    /// One JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(super) struct Convert {
    /// The file to read
    file: PathBuf,

    #[command(flatten)]
    target: Target,
}

#[derive(Debug, Args)]
pub(super) struct Export {
    #[command(flatten)]
    spec: SpecArguments,

    /// The model, by name (`none-alexnet-pretrained`)
    model: String,

    #[command(flatten)]
    target: Target,
}

#[derive(Debug, Args)]
struct Target {
    /// The file to write; its extension is the format: .safetensors, .caffemodel, or .binaryproto for a mean image
    #[arg(long, value_name = "FILE")]
    to: PathBuf,

    /// Order of the input channels in the new file; without it Caffe's in Caffe's formats, else as it was
    #[arg(long, value_name = "ORDER")]
    channels: Option<Order>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Order {
    Bgr,
    Rgb,
}

pub(super) fn run(command: &Command) -> Result<(), Failure> {
    match command {
        Command::Inspect(arguments) => inspect(arguments),
        Command::Convert(arguments) => convert(arguments),
        Command::Export(arguments) => export(arguments),
    }
}

/// The answer of `inspect`; its form is a contract.
#[derive(Debug, Serialize)]
struct Answer {
    format: &'static str,
    variant: Option<&'static str>,
    channels: Option<Channels>,
    bytes: usize,
    digest: String,
    facts: BTreeMap<String, String>,
    numbers: usize,
    tensors: Vec<Entry>,
    network: Option<&'static str>,
    fit: Option<Fit>,
    misfit: Option<String>,
}

#[derive(Debug, Serialize)]
struct Entry {
    name: String,
    dtype: Dtype,
    shape: Vec<usize>,
}

fn inspect(arguments: &Inspect) -> Result<(), Failure> {
    let file = WeightFile::open(&arguments.file).map_err(refused)?;
    let answer = answer(&file, arguments.network.as_deref()).map_err(refused)?;
    if arguments.json {
        outln!("{}", serde_json::to_string(&answer).map_err(anyhow::Error::from)?);
    } else {
        print(&arguments.file, &answer);
    }
    Ok(())
}

fn answer(file: &WeightFile, wanted: Option<&str>) -> anyhow::Result<Answer> {
    let weights = file.read()?;
    let channels = weights.channels();
    let network = match wanted {
        Some(name) => Some(Network::find(name).with_context(|| unknown(name))?),
        None => weights::best(&weights.tensors),
    };
    let fit = network.map(|network| {
        let classes = network.classes();
        weights::foresee(&weights.tensors, network.name, network.is_published(&weights.tensors), classes, Classifiers::Fresh)
    });
    let (fit, misfit) = match fit {
        Some(Ok(fit)) => (Some(fit.layers()), None),
        Some(Err(misfit)) => (None, Some(misfit.to_string())),
        None => (None, None),
    };
    let Weights { format, variant, facts, tensors } = weights;
    let entry =
        |tensor: &weights::Tensor<'_>| Entry { name: tensor.name.clone(), dtype: tensor.dtype, shape: tensor.shape.clone() };
    Ok(Answer {
        format: format.title,
        variant,
        channels,
        bytes: file.size(),
        digest: file.digest(),
        facts,
        numbers: tensors.iter().map(weights::Tensor::len).sum(),
        tensors: tensors.iter().map(entry).collect(),
        network: network.map(|network| network.name),
        fit,
        misfit,
    })
}

fn unknown(name: &str) -> String {
    let known: Vec<_> = Network::all().iter().map(|network| network.name).collect();
    format!("there is no network `{name}`; known are {}", known.join(", "))
}

fn print(path: &Path, answer: &Answer) {
    let variant = answer.variant.map_or_else(String::new, |variant| format!(", {variant}"));
    outln!("{}: {}{variant}", path.display(), answer.format);
    outln!("  {} tensors, {} numbers, {} bytes, BLAKE3 {}", answer.tensors.len(), answer.numbers, answer.bytes, answer.digest);
    answer.facts.iter().for_each(|(name, value)| outln!("  {}: {}", name.escape_debug(), value.escape_debug()));
    outln!("{}", table(&answer.tensors));
    match (answer.network, &answer.fit, &answer.misfit) {
        (Some(network), Some(fit), _) => outln!("{network} takes {}", told(fit)),
        (Some(network), _, Some(misfit)) => outln!("nearest is {network}, but {misfit}"),
        _ => outln!("no registered network has a tensor of these names"),
    }
}

fn table(tensors: &[Entry]) -> comfy_table::Table {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING).set_header(["tensor", "type", "shape"]);
    for Entry { name, dtype, shape } in tensors {
        let shape: Vec<_> = shape.iter().map(usize::to_string).collect();
        table.add_row([name.escape_debug().to_string(), dtype.name().to_owned(), shape.join(" x ")]);
    }
    table
}

/// A fit in words: `7 layers; starts anew: fc8 (a classifier starts anew)`.
pub(super) fn told(fit: &Fit) -> String {
    let left = |left: &[weights::Left]| {
        left.iter().map(|left| format!("{} ({})", left.name, left.reason)).collect::<Vec<_>>().join(", ")
    };
    let mut text = format!("{} layers", fit.loaded.len());
    for (what, names) in [("re-initialised", left(&fit.reinitialised)), ("ignored", left(&fit.ignored))] {
        if !names.is_empty() {
            text += &format!("; {what}: {names}");
        }
    }
    text
}

fn convert(arguments: &Convert) -> Result<(), Failure> {
    let file = WeightFile::open(&arguments.file).map_err(refused)?;
    write(file.read().map_err(refused)?, &arguments.target)
}

fn export(arguments: &Export) -> Result<(), Failure> {
    let session = arguments.spec.open()?;
    let step = session.matching(&format!("train[{}]", arguments.model))?[0];
    let options = Options { experiment: session.spec.name.clone(), ..Options::default() };
    let executor = Executor::survey(&session.plan, &session.store, &options)?;
    let State::Done { outputs, .. } = executor.state(step) else {
        return Err(Failure::new(
            Exit::Stage,
            format!("error: model `{}` is not trained; `bgh run` trains it", arguments.model),
        ));
    };
    let model = session.store.files(outputs.get("model").context("a training without a model")?);
    let file = WeightFile::open(model.path("weights.safetensors")?)?;
    let mut weights = file.read()?;
    weights
        .facts
        .insert("model".to_owned(), std::fs::read_to_string(model.path("model.json")?).map_err(|error| anyhow!(error))?);
    write(weights, &arguments.target)
}

fn write(weights: Weights<'_>, target: &Target) -> Result<(), Failure> {
    let extension = target.to.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    let format = Format::of_extension(extension).map_err(refused)?;
    let channels = target.channels.map(|order| match order {
        Order::Bgr => Channels::Bgr,
        Order::Rgb => Channels::Rgb,
    });
    let count = weights.tensors.len();
    let bytes = weights::export(weights, format, channels).map_err(refused)?;
    let place = || format!("cannot write {}", target.to.display());
    let folder = target.to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut aside = tempfile::NamedTempFile::new_in(folder).with_context(place)?;
    std::io::Write::write_all(&mut aside, &bytes).with_context(place)?;
    aside.persist(&target.to).with_context(place)?;
    outln!("{}: {count} tensors, {} bytes", target.to.display(), bytes.len());
    Ok(())
}

/// The fault lies in what the user named.
fn refused(error: anyhow::Error) -> Failure {
    Failure::new(Exit::Spec, format!("error: {error:#}"))
}
