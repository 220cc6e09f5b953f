//! The registry of stage kinds.

use crate::report;
use crate::stage::{
    Kind, augment, cases, characteristics, command, compare, disjoint, explain, ingest, nifti, perturb, phantom, png, pool,
    predict, pretrain, train, window, worklist,
};

/// All kinds. To add one: a file that says what it is, and its line here.
pub const KINDS: &[&Kind] = &[
    &phantom::KIND,
    &ingest::KIND,
    &nifti::KIND,
    &png::KIND,
    &window::KIND,
    &characteristics::KIND,
    &disjoint::KIND,
    &augment::KIND,
    &perturb::KIND,
    &pretrain::KIND,
    &train::KIND,
    &predict::KIND,
    &cases::KIND,
    &explain::KIND,
    &pool::KIND,
    &compare::KIND,
    &worklist::KIND,
    &command::KIND,
    &report::KIND,
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn kinds_have_names_and_ports_of_their_own() {
        let names: BTreeSet<_> = KINDS.iter().map(|kind| kind.name).collect();
        assert_eq!(names.len(), KINDS.len());
        for kind in KINDS {
            let ports: BTreeSet<_> = kind.outputs.iter().collect();
            assert!(ports.len() == kind.outputs.len(), "{kind:?}");
            assert_eq!(ports.is_empty(), kind.name == "command", "{kind:?}");
        }
    }
}
