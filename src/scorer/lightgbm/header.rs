//! The lines before the first tree.

use std::collections::BTreeSet;

use super::Link;
use super::fields::Fields;
use crate::Result;
use crate::scorer::excerpt::excerpt;

const KNOWN: &[&str] = &[
    "tree",
    "version",
    "num_class",
    "num_tree_per_iteration",
    "label_index",
    "max_feature_idx",
    "objective",
    "average_output",
    "feature_names",
    "monotone_constraints",
    "feature_infos",
    "tree_sizes",
];

/// What the header says, checked against itself.
pub(super) struct Header {
    /// `v2`, `v3` or `v4`.
    pub version: String,
    /// Scores per row, at least 1; trees come in rounds of this many.
    pub num_class: usize,
    /// Names of the columns, at least one, all different.
    pub feature_names: Vec<String>,
    /// First word of the objective, `custom` when the file has none.
    pub objective: String,
    /// What the objective does to raw scores.
    pub link: Link,
    /// Whether answers are averages over the iterations.
    pub average_output: bool,
    /// Bytes of each tree block, at least one block and a whole number of iterations.
    pub tree_sizes: Vec<usize>,
}

impl Header {
    /// Reads the text up to the first blank line.
    pub fn read(text: &str) -> Result<Self> {
        let fields = Fields::read("header".to_owned(), text.lines(), KNOWN)?;
        let version = fields.need("version")?;
        if !["v2", "v3", "v4"].contains(&version) {
            return Err(fields.bad(format!("version {:?}; v2, v3 and v4 are supported", excerpt(version))));
        }
        let num_class = fields.number::<usize>("num_class")?;
        let per_iteration = fields.number::<usize>("num_tree_per_iteration")?;
        if num_class == 0 || per_iteration != num_class {
            let problem = format!("num_class={num_class} with num_tree_per_iteration={per_iteration}");
            return Err(fields.bad(problem));
        }
        let objective = fields.get("objective");
        Ok(Self {
            version: version.to_owned(),
            num_class,
            feature_names: feature_names(&fields)?,
            objective: objective.and_then(|line| line.split_ascii_whitespace().next()).unwrap_or("custom").to_owned(),
            link: Link::from_lightgbm(objective, num_class)?,
            average_output: average_output(&fields)?,
            tree_sizes: tree_sizes(&fields, num_class)?,
        })
    }
}

fn feature_names(fields: &Fields) -> Result<Vec<String>> {
    let last = fields.number::<usize>("max_feature_idx")?;
    let names: Vec<String> = fields.any_list("feature_names")?;
    let infos = fields.need("feature_infos")?.split_ascii_whitespace().count();
    // `- 1` on the side that was counted, never `+ 1` on the side the file claims.
    if names.len().checked_sub(1) != Some(last) {
        return Err(fields.bad(format!("`feature_names` has {} names, max_feature_idx={last}", names.len())));
    }
    if infos != names.len() {
        return Err(fields.bad(format!("`feature_infos` has {infos} entries for {} features", names.len())));
    }
    let mut seen = BTreeSet::new();
    if let Some(twice) = names.iter().find(|name| !seen.insert(name.as_str())) {
        return Err(fields.bad(format!("the feature {:?} is named twice", excerpt(twice))));
    }
    Ok(names)
}

fn average_output(fields: &Fields) -> Result<bool> {
    match fields.get("average_output") {
        None => Ok(false),
        Some("") => Ok(true),
        Some(value) => Err(fields.bad(format!("`average_output` stands alone, {:?} came", excerpt(value)))),
    }
}

fn tree_sizes(fields: &Fields, num_class: usize) -> Result<Vec<usize>> {
    let sizes: Vec<usize> = fields.any_list("tree_sizes")?;
    if sizes.is_empty() || !sizes.len().is_multiple_of(num_class) {
        let problem =
            format!("`tree_sizes` lists {} trees, a multiple of num_class={num_class} is needed", sizes.len());
        return Err(fields.bad(problem));
    }
    Ok(sizes)
}
