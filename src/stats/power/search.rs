//! Finding the least number that suffices.

use crate::stats::{MAX_SUBJECTS, Undefined};

/// The least number from 1 to [`MAX_SUBJECTS`] that `suffices`, where more always suffice as well; where counts round up and
/// down, one that suffices while one less does not.
///
/// # Errors
/// [`Undefined::Unreachable`] where none does.
pub(super) fn least(suffices: impl Fn(usize) -> bool) -> Result<usize, Undefined> {
    let mut above = 1;
    while !suffices(above) {
        if above == MAX_SUBJECTS {
            return Err(Undefined::Unreachable);
        }
        above = (2 * above).min(MAX_SUBJECTS);
    }
    let mut below = above / 2;
    while below + 1 < above {
        let middle = below.midpoint(above);
        *if suffices(middle) { &mut above } else { &mut below } = middle;
    }
    Ok(above)
}
