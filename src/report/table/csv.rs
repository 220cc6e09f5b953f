//! Tables for machines: full precision, one header line.

use anyhow::Result;

use super::Data;

impl Data {
    /// The rows as comma-separated values.
    ///
    /// # Errors
    /// When a row is not as wide as the header.
    pub(in crate::report) fn to_csv(&self) -> Result<Vec<u8>> {
        let mut writer = ::csv::Writer::from_writer(Vec::new());
        writer.write_record(&self.header)?;
        for row in &self.rows {
            writer.write_record(row)?;
        }
        Ok(writer.into_inner()?)
    }
}
