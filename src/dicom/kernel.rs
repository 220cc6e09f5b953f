//! What a reconstruction kernel is made for. Names are the vendors': GE spells it out, Siemens numbers sharpness (`H60s`, `Br64f`,
//! `J70h`), Canon groups it (`FC30`, `FC81`), Philips has letters (`YB` to `YD`, `D`, `E`).

/// Whether a Convolution Kernel is one for bone or lung, which buries the contrast of soft tissue in noise. What is unknown counts as
/// soft.
pub(super) fn enhances_edges(kernel: &str) -> bool {
    let kernel = kernel.split('\\').next().unwrap_or_default().trim().to_ascii_uppercase();
    let number: Option<u32> =
        kernel.trim_start_matches(|c: char| !c.is_ascii_digit()).get(..2).and_then(|digits| digits.parse().ok());
    let vendor_names = ["BONE", "EDGE", "LUNG", "ULTRA"];
    match number {
        _ if vendor_names.iter().any(|name| kernel.contains(name)) => true,
        Some(group) if kernel.starts_with("FC") => matches!(group, 30..=39 | 50..=59 | 80..=89),
        Some(sharpness) => sharpness >= 60,
        None => ["YB", "YC", "YD", "D", "E"].contains(&kernel.as_str()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kernels_for_bone_and_lung_are_told_from_those_for_soft_tissue() {
        let sharp = ["BONE", "BONEPLUS", "Lung", "EDGE", "H60s", "H70h\\3", "Br64f", "FC30", "FC81", "YC"];
        let soft = ["", "STANDARD", "STD+", "SOFT", "H31s", "J40s\\2", "Hr40d", "FC21", "FC64", "UB", "B", "something new"];
        assert!(sharp.iter().all(|kernel| enhances_edges(kernel)));
        assert!(!soft.iter().any(|kernel| enhances_edges(kernel)));
    }
}
