//! The mean logarithmic score (Good 1952, J R Stat Soc B 14:107), what networks minimise as cross-entropy.

use crate::stats::{Probabilities, Undefined};

/// -mean ln p over the probabilities given to what happened, at least 0.
///
/// # Errors
/// [`Undefined::CertainAndWrong`] where it is infinite; no probability is clipped to hide that.
pub fn log_loss(probabilities: &Probabilities) -> Result<f64, Undefined> {
    let loss = probabilities.mean(|p, y| if y == 1.0 { -p.ln() } else { -(-p).ln_1p() });
    if loss.is_finite() { Ok(loss) } else { Err(Undefined::CertainAndWrong) }
}
