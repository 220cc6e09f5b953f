//! From a path to the page that answers it.

use anyhow::Result;

use super::answer::{Answer, Missing};
use super::ask::Ask;
use super::pages::ROUTES;
use super::site::Site;

/// One page.
pub(super) struct Route {
    /// Its path: `{name}` stands for one part, `{name..}` at the end for the rest.
    pub(super) path: &'static str,
    /// What it answers.
    pub(super) answer: fn(&Site, &Ask) -> Result<Answer>,
}

/// The answer of the first route that fits.
pub(super) fn answer(site: &Site, ask: &Ask) -> Answer {
    let found = ROUTES.iter().find_map(|route| Some((route, fitted(route.path, ask)?)));
    let made = match found {
        Some((route, ask)) => (route.answer)(site, &ask),
        None => Err(Missing("there is no such page".to_owned()).into()),
    };
    made.unwrap_or_else(|error| match error.downcast_ref::<Missing>() {
        Some(Missing(what)) => Answer::missing(what),
        None => Answer::fault(&format!("{error:#}")),
    })
}

/// The request with its placeholders filled in, where the path is of this form.
fn fitted(path: &'static str, ask: &Ask) -> Option<Ask> {
    let (mut filled, mut rest) = (ask.clone(), ask.path.as_slice());
    for part in path.split('/').filter(|part| !part.is_empty()) {
        let placeholder = part.strip_prefix('{').and_then(|part| part.strip_suffix('}'));
        if let Some(name) = placeholder.and_then(|name| name.strip_suffix("..")) {
            filled.named.insert(name, rest.join("/"));
            return (!rest.is_empty()).then_some(filled);
        }
        let (first, after) = rest.split_first()?;
        match placeholder {
            Some(name) => drop(filled.named.insert(name, first.clone())),
            None if first == part => {}
            None => return None,
        }
        rest = after;
    }
    rest.is_empty().then_some(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(path: &[&str]) -> Ask {
        Ask { path: path.iter().map(|part| (*part).to_owned()).collect(), ..Ask::default() }
    }

    #[test]
    fn placeholders_take_one_part_or_the_rest() {
        let found = fitted("/runs/{run}/files/{name..}", &ask(&["runs", "a", "files", "b", "c"])).expect("it fits");
        assert_eq!((found.named("run"), found.named("name")), ("a", "b/c"));
        assert!(fitted("/runs/{run}/files/{name..}", &ask(&["runs", "a", "files"])).is_none());
        assert!(fitted("/runs/{run}", &ask(&["runs", "a", "b"])).is_none());
        assert!(fitted("/", &ask(&[])).is_some());
    }
}
