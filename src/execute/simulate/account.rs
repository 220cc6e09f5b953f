//! What the simulation says, for people: the tables and figures of `docs/simulation.md`, written by `make simulation`.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use plotters::prelude::*;

use super::tests::{course, study};
use super::{Conditions, Course};
use crate::site::Slurm;

const GPUS: [usize; 7] = [1, 4, 16, 64, 128, 256, 1000];
const WEATHERS: [Weather; 3] = [
    Weather { name: "fair", failures: 0.0, preemptions: 0.0, colour: RGBColor(0, 114, 178) },
    Weather { name: "nodes fail", failures: 0.02, preemptions: 0.0, colour: RGBColor(230, 159, 0) },
    Weather { name: "nodes fail, jobs preempted", failures: 0.02, preemptions: 0.2, colour: RGBColor(213, 94, 0) },
];

/// Faults in an hour of a job.
struct Weather {
    name: &'static str,
    failures: f64,
    preemptions: f64,
    colour: RGBColor,
}

impl Weather {
    fn on(&self, gpus: usize) -> Conditions {
        Conditions { gpus, failures: self.failures, preemptions: self.preemptions, ..Conditions::default() }
    }
}

/// One quantity as it is drawn.
struct Quantity {
    file: &'static str,
    title: &'static str,
    of: fn(&Course) -> f64,
    from: f64,
    to: f64,
    is_log: bool,
    legend: SeriesLabelPosition,
}

const QUANTITIES: [Quantity; 3] = [
    Quantity {
        file: "makespan.svg",
        title: "makespan, hours",
        of: |course| course.makespan / 3600.0,
        from: 1.0,
        to: 1000.0,
        is_log: true,
        legend: SeriesLabelPosition::LowerLeft,
    },
    Quantity {
        file: "utilisation.svg",
        title: "utilisation, %",
        of: |course| 100.0 * course.utilisation,
        from: 0.0,
        to: 100.0,
        is_log: false,
        legend: SeriesLabelPosition::LowerLeft,
    },
    Quantity {
        file: "load.svg",
        title: "calls of the controller a minute",
        of: Course::load,
        from: 0.0,
        to: 10.0,
        is_log: false,
        legend: SeriesLabelPosition::UpperLeft,
    },
];

type Courses = Vec<(&'static Weather, Vec<(usize, Course)>)>;

/// Draws one quantity against the number of GPUs.
fn draw(folder: &Path, quantity: &Quantity, courses: &Courses) -> Result<()> {
    let mut text = String::new();
    {
        let root = SVGBackend::with_string(&mut text, (480, 300)).into_drawing_area();
        root.fill(&WHITE)?;
        let mut builder = ChartBuilder::on(&root);
        builder
            .margin(10)
            .margin_right(24)
            .x_label_area_size(36)
            .y_label_area_size(48)
            .caption(quantity.title, ("sans-serif", 14));
        let gpus = (1f64..1000f64).log_scale();
        if quantity.is_log {
            let mut chart = builder.build_cartesian_2d(gpus, (quantity.from..quantity.to).log_scale())?;
            chart
                .configure_mesh()
                .x_desc("GPUs")
                .x_label_formatter(&|gpus| format!("{gpus:.0}"))
                .y_label_formatter(&|value| format!("{value:.0}"))
                .light_line_style(TRANSPARENT)
                .draw()?;
            lines(&mut chart, quantity, courses)?;
        } else {
            let mut chart = builder.build_cartesian_2d(gpus, quantity.from..quantity.to)?;
            chart
                .configure_mesh()
                .x_desc("GPUs")
                .x_label_formatter(&|gpus| format!("{gpus:.0}"))
                .y_label_formatter(&|value| format!("{value:.0}"))
                .light_line_style(TRANSPARENT)
                .draw()?;
            lines(&mut chart, quantity, courses)?;
        }
        root.present()?;
    }
    std::fs::write(folder.join(quantity.file), text).with_context(|| format!("cannot write {}", quantity.file))
}

fn lines<'a, Y>(
    chart: &mut ChartContext<'a, SVGBackend<'a>, Cartesian2d<plotters::coord::combinators::LogCoord<f64>, Y>>,
    quantity: &Quantity,
    courses: &Courses,
) -> Result<()>
where
    Y: plotters::coord::ranged1d::Ranged<ValueType = f64> + 'a,
{
    for (weather, course) in courses {
        let points: Vec<(f64, f64)> = course.iter().map(|(gpus, course)| (*gpus as f64, (quantity.of)(course))).collect();
        let style = weather.colour.stroke_width(2);
        let series = chart.draw_series(LineSeries::new(points.iter().copied(), style).point_size(3))?;
        series.label(weather.name).legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], style));
    }
    chart
        .configure_series_labels()
        .position(quantity.legend.clone())
        .border_style(BLACK.mix(0.3))
        .background_style(WHITE.mix(0.8))
        .draw()?;
    Ok(())
}

fn row(text: &mut String, what: &str, course: &Course) {
    let Course { makespan, utilisation, attempts, submissions, looks } = course;
    let _ = writeln!(
        text,
        "| {what} | {:.2} h | {:.0} % | {attempts} | {submissions} | {looks} | {:.1} |",
        makespan / 3600.0,
        100.0 * utilisation,
        course.load()
    );
}

const HEAD: &str = "makespan | GPUs busy with what counted | attempts | `sbatch` | looks at the queue | calls a minute |\n\
                    |---|---|---|---|---|---|---|---|\n";

fn by_gpus(courses: &Courses) -> String {
    let mut text = format!("| GPUs | weather | {HEAD}");
    for (at, gpus) in GPUS.iter().enumerate() {
        courses.iter().for_each(|(weather, course)| row(&mut text, &format!("{gpus} | {}", weather.name), &course[at].1));
    }
    text
}

/// A hundred thousand steps on a thousand GPUs, by how many jobs may stand in the queue, with the seconds that queue and pools took.
fn by_queue() -> String {
    let plan = study(50_000);
    let mut text = format!("| jobs in the queue | seconds of `bgh` | {HEAD}");
    for queued in [100, 1000, 1100, 2000, 10_000] {
        let site = Slurm { queued, ..Conditions::default().site };
        let began = Instant::now();
        let course = course(&plan, &Conditions { gpus: 1000, site, ..Conditions::default() });
        row(&mut text, &format!("{queued} | {:.1}", began.elapsed().as_secs_f64()), &course);
    }
    text
}

/// Puts `table` between the marks of this name.
fn replaced(text: &str, name: &str, table: &str) -> Result<String> {
    let (from, to) = (format!("<!-- {name} -->\n"), format!("<!-- end of {name} -->"));
    let (before, rest) = text.split_once(&from).with_context(|| format!("there is no {from}"))?;
    let (_, after) = rest.split_once(&to).with_context(|| format!("there is no {to}"))?;
    Ok(format!("{before}{from}{table}{to}{after}"))
}

#[test]
#[ignore = "writes docs/simulation.md and its figures: `make simulation`"]
fn the_documentation_is_written() -> Result<()> {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let plan = study(500);
    let of = |weather: &'static Weather| (weather, GPUS.map(|gpus| (gpus, course(&plan, &weather.on(gpus)))).to_vec());
    let courses: Courses = WEATHERS.iter().map(of).collect();
    let folder = docs.join("simulation");
    std::fs::create_dir_all(&folder)?;
    QUANTITIES.iter().try_for_each(|quantity| draw(&folder, quantity, &courses))?;
    let page = docs.join("simulation.md");
    let text = std::fs::read_to_string(&page)?;
    let text = replaced(&text, "by gpus", &by_gpus(&courses))?;
    std::fs::write(&page, replaced(&text, "by queue", &by_queue())?)?;
    Ok(())
}

/// The page tells what the simulation tells now.
#[test]
fn the_documentation_is_current() -> Result<()> {
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/simulation.md"))?;
    let plan = study(500);
    for weather in &WEATHERS {
        let mut line = String::new();
        row(&mut line, &format!("64 | {}", weather.name), &course(&plan, &weather.on(64)));
        ensure!(page.contains(&line), "docs/simulation.md has not the line\n{line}`make simulation` writes it");
    }
    Ok(())
}
