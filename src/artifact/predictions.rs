//! Softmax outputs of one model: `predictions.csv`, a row a slice with columns `exam,slice,class` and one `p_<class>` a class.

use std::path::Path;

use anyhow::{Context, Result, ensure};

use super::Files;

const TABLE: &str = "predictions.csv";

/// One slice.
#[derive(Debug, Clone, PartialEq)]
pub struct Prediction {
    /// The exam that the slice belongs to.
    pub exam: String,
    /// Position of the slice in the exam's volume.
    pub slice: usize,
    /// The exam's reference standard.
    pub class: String,
    /// Probability of each class, in the order of [`Predictions::classes`].
    pub probabilities: Vec<f64>,
}

/// All slices that a model was applied to.
#[derive(Debug, Clone, PartialEq)]
pub struct Predictions {
    /// Class names in the order of the network's outputs.
    pub classes: Vec<String>,
    /// A row a slice.
    pub rows: Vec<Prediction>,
}

impl Predictions {
    /// Writes `predictions.csv` into `folder`; probabilities in the shortest form that reads back to the same double.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, folder: &Path) -> Result<()> {
        let path = folder.join(TABLE);
        let place = || format!("cannot write {}", path.display());
        let mut writer = csv::Writer::from_path(&path).with_context(place)?;
        let header = ["exam", "slice", "class"].map(String::from).into_iter();
        writer.write_record(header.chain(self.classes.iter().map(|class| format!("p_{class}")))).with_context(place)?;
        for row in &self.rows {
            let facts = [row.exam.clone(), row.slice.to_string(), row.class.clone()].into_iter();
            writer.write_record(facts.chain(row.probabilities.iter().map(f64::to_string))).with_context(place)?;
        }
        writer.flush().with_context(place)
    }

    /// Reads `predictions.csv`.
    ///
    /// # Errors
    /// When the file is missing, a column is not where it belongs, or a number cannot be read.
    pub fn open(files: &Files) -> Result<Self> {
        let path = files.path(TABLE)?;
        Self::read(path).with_context(|| format!("cannot read {}", path.display()))
    }

    fn read(path: &Path) -> Result<Self> {
        let mut reader = csv::Reader::from_path(path)?;
        let header = reader.headers()?.clone();
        ensure!(header.iter().take(3).eq(["exam", "slice", "class"]), "columns are not exam, slice, class, p_…");
        let classes = header.iter().skip(3).map(|name| name.strip_prefix("p_").map(String::from).context("column without p_"));
        let classes = classes.collect::<Result<_>>()?;
        let rows = reader.records().map(|record| parse(&record?)).collect::<Result<_>>()?;
        Ok(Self { classes, rows })
    }
}

fn parse(record: &csv::StringRecord) -> Result<Prediction> {
    Ok(Prediction {
        exam: record[0].to_owned(),
        slice: record[1].parse().context("column slice")?,
        class: record[2].to_owned(),
        probabilities: record.iter().skip(3).map(|text| text.parse().context("a probability")).collect::<Result<_>>()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_survive_to_the_last_bit() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let row = Prediction { exam: "017".into(), slice: 3, class: "left".into(), probabilities: vec![0.1 + 0.2, 1e-300] };
        let written = Predictions { classes: vec!["none".into(), "left".into()], rows: vec![row] };
        written.write(folder.path())?;
        assert_eq!(Predictions::open(&Files::of_folder(folder.path())?)?, written);
        Ok(())
    }
}
