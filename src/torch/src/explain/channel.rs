//! Which channel of a layer is shown: by a rule that looks at activations and never at where the lesion is.

use anyhow::{Result, ensure};
use bgh::stage::explain::Channel;
use tch::{Kind, Tensor};

/// The channel of `activations` (`f32 [C, h, w]`) that the rule chooses, and its map.
///
/// # Errors
/// When there is no such channel.
pub(super) fn chosen(activations: &Tensor, rule: Channel) -> Result<(usize, Tensor)> {
    let channels = activations.size()[0] as usize;
    let flat = activations.flatten(1, -1).to_kind(Kind::Double);
    let (peak, mean) = (flat.amax([1].as_slice(), false), flat.mean_dim([1].as_slice(), false, Kind::Double));
    let channel = match rule {
        Channel::Number(number) => number,
        Channel::Peak => first_largest(&peak)?,
        Channel::Mean => first_largest(&mean)?,
        Channel::Focus => {
            let deviation = flat.std_dim([1].as_slice(), false, false);
            // A channel that is flat has no focus.
            let focus = (peak - mean) / deviation.clamp_min(f64::MIN_POSITIVE);
            first_largest(&focus)?
        }
    };
    ensure!(channel < channels, "channel {channel} of a layer of {channels}, which count from 0");
    Ok((channel, activations.get(channel as i64)))
}

fn first_largest(values: &Tensor) -> Result<usize> {
    let values = Vec::<f64>::try_from(values.to_device(tch::Device::Cpu))?;
    Ok((1..values.len()).fold(0, |best, at| if values[at] > values[best] { at } else { best }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rule_has_its_channel() {
        let maps = [[9f32, 9.0, 0.0, 0.0], [5.0, 5.0, 5.0, 5.0], [3.0, 0.0, 0.0, 0.0], [0.0; 4], [9.0, 9.0, 0.0, 0.0]];
        let activations = Tensor::from_slice(&maps.concat()).reshape([5, 2, 2]);
        let channel = |rule| chosen(&activations, rule).expect("a channel").0;
        let told = [Channel::Peak, Channel::Mean, Channel::Focus, Channel::Number(3)].map(channel);
        assert_eq!(told, [0, 1, 2, 3]);
        let fault = chosen(&activations, Channel::Number(5)).expect_err("too many").to_string();
        assert_eq!(fault, "channel 5 of a layer of 5, which count from 0");
    }
}
