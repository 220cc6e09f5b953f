//! The names of the columns.

use super::Fault;

/// So many names are told in a message.
const LISTED: usize = 40;

/// The names of the columns of a table, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    names: Vec<String>,
}

impl Header {
    pub(super) fn new(names: Vec<String>) -> Self {
        Self { names }
    }

    /// The names in order; that of a column of row names is empty.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Position of the column `name`.
    ///
    /// # Errors
    /// When no column is called so, or more than one.
    pub fn find(&self, name: &str) -> Result<usize, Fault> {
        let mut found = self.names.iter().enumerate().filter(|(_, known)| *known == name).map(|(position, _)| position);
        match (found.next(), found.next()) {
            (Some(only), None) => Ok(only),
            (Some(first), Some(second)) => Err(Fault::of_table(
                format!("columns {} and {} are both called `{name}`", first + 1, second + 1),
                "give every column a name of its own",
            )),
            (None, _) => Err(self.unknown(name)),
        }
    }

    fn unknown(&self, name: &str) -> Fault {
        let likeness = |known: &&String| strsim::damerau_levenshtein(&name.to_lowercase(), &known.to_lowercase());
        let nearest = self.names.iter().min_by_key(likeness).filter(|known| likeness(known) <= 1 + name.chars().count() / 4);
        let meant = nearest.map_or_else(String::new, |nearest| format!("; did you mean `{nearest}`?"));
        Fault::of_table(format!("no column is called `{name}`{meant}"), format!("the columns are {}", self.listed()))
    }

    /// The names for a message: all, or the first of very many.
    pub fn listed(&self) -> String {
        let names: Vec<&str> = self.names.iter().map(String::as_str).filter(|name| !name.is_empty()).collect();
        match names.len() {
            all if all > LISTED => format!("{} and {} more", names[..LISTED].join(", "), all - LISTED),
            _ => names.join(", "),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_answered_with_the_nearest_name() {
        let header = Header::new(["id", "truth", "alexnet", "alexnet_aug", "id"].map(str::to_owned).to_vec());
        assert_eq!(header.find("alexnet"), Ok(2));
        assert!(header.find("alxenet").unwrap_err().fact.ends_with("did you mean `alexnet`?"));
        assert!(header.find("xyz").unwrap_err().advice.unwrap().to_string().contains("id, truth, alexnet"));
        assert!(header.find("id").unwrap_err().fact.contains("columns 1 and 5"));
    }
}
