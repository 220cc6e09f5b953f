//! The models on parts of the test exams.

use anyhow::Result;

use super::Section;
use super::by_model::by_model;
use super::classes::area;
use crate::artifact::results::{Against, Estimate, GroupResult, ModelResult, SubgroupResult};
use crate::report::document::Block;
use crate::report::number;
use crate::report::study::Study;
use crate::report::table::{Series, Table};

pub(super) const SECTION: Section = Section { id: "subgroups", heading: "Subgroups", blocks };

fn blocks(study: &Study) -> Result<Vec<Block>> {
    let told = study.results.subgroups.iter().filter(|subgroup| !subgroup.groups.is_empty());
    Ok(told.map(|subgroup| Block::Table(table(study, subgroup))).collect())
}

fn table(study: &Study, subgroup: &SubgroupResult) -> Table {
    let caption = format!("Area under the ROC curve by {}.", subgroup.by);
    let columns: Vec<String> = subgroup.groups.iter().map(|group| group.name.clone()).collect();
    let models: Vec<&ModelResult> = study.results.models.iter().collect();
    let position = |model: &ModelResult| models.iter().position(|known| known.name == model.name);
    let mut table = by_model(study, (Series::Supplement, &caption), &columns, &models, |model, notes| {
        let areas = subgroup.groups.iter().filter_map(|group| group.areas.get(position(model)?));
        areas.map(|estimate| area(estimate, notes)).collect()
    });
    table.notes = subgroup.groups.iter().map(told).collect();
    let header = ["model", subgroup.by.as_str(), "positive", "negative", "auc", "ci_low", "ci_high", "undefined"];
    table.data.header = header.map(String::from).to_vec();
    table.data.rows = subgroup.groups.iter().flat_map(|group| data_rows(study, group)).collect();
    table
}

fn told(group: &GroupResult) -> String {
    let exams = format!("{} positive and {} negative exams", number::count(group.n_positive), number::count(group.n_negative));
    let against = match group.against {
        Against::Within => "within the group",
        Against::AllNegative => "the group's positive against all negative exams",
        Against::AllPositive => "all positive against the group's negative exams",
    };
    format!("{}: {exams}, {against}.", group.name)
}

fn data_rows<'a>(study: &'a Study, group: &'a GroupResult) -> impl Iterator<Item = Vec<String>> + 'a {
    study.results.models.iter().zip(&group.areas).map(|(model, area)| {
        let (auc, limits, why) = match area {
            Estimate::Undefined(why) => (String::new(), Default::default(), why.clone()),
            Estimate::Defined(area) => {
                let limits = area.interval.defined().map(|interval| interval.limits.map(number::exact)).unwrap_or_default();
                (number::exact(area.auc), limits, area.interval.reason().unwrap_or_default().to_owned())
            }
        };
        let counts = [group.n_positive, group.n_negative].map(|count| count.to_string());
        let facts = [model.name.clone(), group.name.clone()].into_iter().chain(counts);
        facts.chain([auc]).chain(limits).chain([why]).collect()
    })
}
