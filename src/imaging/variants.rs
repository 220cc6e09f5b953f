//! One slice into all its variants: the recipe carried out.

use super::{Filter, Geometry, Image, Op, Recipe};

/// Why a recipe cannot be carried out.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum RecipeError {
    /// A list has no entry, so nothing would come out.
    #[error("the recipe has no {0}: name at least one")]
    Empty(&'static str),
    /// A window narrower than one HU has no meaning in the standard (PS3.3 C.11.2.1.2.1).
    #[error("window width {0} is not at least 1 HU")]
    Window(f64),
    /// A parameter outside its range.
    #[error("`{op}`: {parameter} = {value} is not within {least} to {most}")]
    Range {
        /// The operation.
        op: &'static str,
        /// Its parameter.
        parameter: &'static str,
        /// What was asked for.
        value: f64,
        /// Least value.
        least: f64,
        /// Largest value.
        most: f64,
    },
}

impl Geometry {
    /// The image after the change.
    ///
    /// # Panics
    /// When the parameter is out of range, which [`Recipe::check`] tells.
    pub fn apply(&self, image: &Image) -> Image {
        self.op().map_or_else(|| image.clone(), |(op, argument)| op.apply(image, &[argument]))
    }

    fn op(&self) -> Option<(&'static Op, f64)> {
        match *self {
            Self::Identity => None,
            Self::Zoom(factor) => Some((registered("zoom"), factor)),
            Self::Rotate(angle) => Some((registered("rotate"), angle)),
        }
    }
}

impl Filter {
    /// The image after the filter.
    ///
    /// # Panics
    /// When a parameter is out of range, which [`Recipe::check`] tells.
    pub fn apply(&self, image: &Image) -> Image {
        let (op, arguments) = self.op();
        op.apply(image, &arguments)
    }

    fn op(&self) -> (&'static Op, Vec<f64>) {
        match *self {
            Self::Blur(sigma) => (registered("blur"), vec![sigma]),
            Self::Smooth => (registered("smooth"), vec![]),
            Self::Sharpen => (registered("sharpen"), vec![]),
            Self::FindEdges => (registered("find_edges"), vec![]),
            Self::UnsharpMask { sigma, weight } => (registered("unsharp_mask"), vec![sigma, weight]),
        }
    }
}

fn registered(name: &str) -> &'static Op {
    Op::named(name).expect("BUG: every step of a recipe is a registered operation")
}

impl Recipe {
    /// Tells whether the recipe can be carried out on any image.
    ///
    /// # Errors
    /// The first list without entries, window without width, or parameter out of range.
    pub fn check(&self) -> Result<(), RecipeError> {
        let lists = [("windows", self.windows.len()), ("geometry", self.geometry.len()), ("filter", self.filter.len())];
        if let Some((name, _)) = lists.into_iter().find(|&(_, len)| len == 0) {
            return Err(RecipeError::Empty(name));
        }
        if let Some(window) = self.windows.iter().find(|window| !(1.0..f64::INFINITY).contains(&window.width)) {
            return Err(RecipeError::Window(window.width));
        }
        let geometry = self.geometry.iter().filter_map(Geometry::op).map(|(op, argument)| (op, vec![argument]));
        geometry.chain(self.filter.iter().flatten().map(Filter::op)).try_for_each(|(op, arguments)| in_range(op, &arguments))
    }

    /// All variants of a slice, given its image in each window in the recipe's order: window slowest, filter fastest.
    ///
    /// # Panics
    /// When there is not one image a window, or the recipe does not pass [`Recipe::check`].
    pub fn variants(&self, windowed: &[Image]) -> Vec<Image> {
        assert_eq!(windowed.len(), self.windows.len(), "BUG: one image a window");
        let placed = windowed.iter().flat_map(|image| self.geometry.iter().map(|geometry| geometry.apply(image)));
        placed.flat_map(|image| self.filter.iter().map(move |chain| filtered(&image, chain))).collect()
    }
}

fn filtered(image: &Image, chain: &[Filter]) -> Image {
    chain.iter().fold(image.clone(), |image, filter| filter.apply(&image))
}

fn in_range(op: &'static Op, arguments: &[f64]) -> Result<(), RecipeError> {
    op.fault(arguments).map_or(Ok(()), |(parameter, value)| {
        let (least, most) = (parameter.least, parameter.most);
        Err(RecipeError::Range { op: op.name, parameter: parameter.name, value, least, most })
    })
}

#[cfg(test)]
mod tests {
    use super::super::{OPS, OpKind, Window, golden};
    use super::*;

    fn x48() -> Recipe {
        let window = |width, level| Window { width, level };
        Recipe {
            windows: vec![window(80.0, 35.0), window(220.0, 95.0), window(27.0, 33.0)],
            geometry: vec![Geometry::Identity, Geometry::Zoom(1.1), Geometry::Rotate(15.0), Geometry::Rotate(30.0)],
            filter: vec![vec![], vec![Filter::Blur(2.0)], vec![Filter::Sharpen], vec![Filter::Blur(2.0), Filter::Sharpen]],
        }
    }

    fn inverted(image: &Image) -> Image {
        Image::new(image.width(), image.height(), image.pixels().iter().map(|grey| 255 - grey).collect())
    }

    #[test]
    fn a_variant_stands_where_its_formula_says() {
        let (recipe, input) = (x48(), golden("input"));
        let windowed = [input.clone(), inverted(&input), golden("smooth")];
        let variants = recipe.variants(&windowed);
        assert_eq!((variants.len(), recipe.product()), (48, 48));
        assert_eq!(variants[0], input);
        assert_eq!(variants[1], golden("gaussian_blur_sigma2"));
        assert_eq!(variants[2], golden("sharpen"));
        assert_eq!(variants[4], golden("scale_1.1_inplace_bilinear"));
        assert_eq!(variants[4 * 3], golden("rotate_30_bilinear_bg0"));
        assert_eq!(variants[16], inverted(&input));
        let blurred_then_sharpened =
            Filter::Sharpen.apply(&Filter::Blur(2.0).apply(&Geometry::Rotate(15.0).apply(&windowed[2])));
        assert_eq!(variants[16 * 2 + 4 * 2 + 3], blurred_then_sharpened);
    }

    #[test]
    fn the_registry_and_the_recipe_name_the_same_operations() {
        let named = |op: &Op| match op.kind {
            OpKind::Geometry => serde_json::from_value::<Geometry>(serde_json::json!({op.name: 1.5})).is_ok(),
            OpKind::Filter => match op.parameters {
                [] => serde_json::from_value::<Filter>(op.name.into()).is_ok(),
                [_] => serde_json::from_value::<Filter>(serde_json::json!({op.name: 1.5})).is_ok(),
                [a, b, ..] => {
                    serde_json::from_value::<Filter>(serde_json::json!({op.name: {a.name: 1.5, b.name: 0.5}})).is_ok()
                }
            },
        };
        let strangers: Vec<_> = OPS.iter().filter(|op| !named(op)).map(|op| op.name).collect();
        assert_eq!(strangers, [""; 0]);
    }

    #[test]
    fn what_cannot_be_carried_out_is_told() {
        assert_eq!(x48().check(), Ok(()));
        let shrunk = Recipe { geometry: vec![Geometry::Zoom(0.9)], ..x48() };
        assert_eq!(shrunk.check().expect_err("shrinks").to_string(), "`zoom`: factor = 0.9 is not within 1 to 10");
        let bare = Recipe { filter: vec![], ..x48() };
        assert_eq!(bare.check(), Err(RecipeError::Empty("filter")));
        let flat = Recipe { windows: vec![Window { width: 0.0, level: 35.0 }], ..x48() };
        assert_eq!(flat.check(), Err(RecipeError::Window(0.0)));
    }
}
