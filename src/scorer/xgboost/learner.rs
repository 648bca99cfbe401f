//! The learner around the trees: version, names, objective, base score, which output a tree adds to.

use std::collections::BTreeSet;

use super::Link;
use super::objective::Objective;
use super::value::{Object, Value};
use super::{recoding, rounds};
use crate::Result;
use crate::scorer::excerpt::excerpt;

const KNOWN: &[&str] =
    &["attributes", "feature_names", "feature_types", "gradient_booster", "learner_model_param", "objective"];
const KNOWN_MODEL_PARAM: &[&str] = &["base_score", "boost_from_average", "num_class", "num_feature", "num_target"];
const KNOWN_BOOSTER: &[&str] = &["gbtree", "model", "name", "weight_drop"];
const KNOWN_MODEL: &[&str] = &["cats", "gbtree_model_param", "iteration_indptr", "tree_info", "trees", "weight_drop"];

/// Most features of a file that does not name them: names are made, and a count alone must not fill the memory.
const UNNAMED_MAX: usize = 1 << 16;

/// What the learner says, checked against itself.
pub(super) struct Learner<'a> {
    /// Names of the columns, at least one, all different; `f0`, `f1`, … when the file has none.
    pub feature_names: Vec<String>,
    /// The objective's name.
    pub objective: String,
    /// Margins → answers.
    pub link: Link,
    /// The margin each output's sum starts from, at least one.
    pub start: Vec<f64>,
    /// The trees, in the order in which they are added.
    pub trees: &'a [Value],
    /// The output each tree adds to.
    pub outputs: Vec<usize>,
    /// What each tree's leaves are multiplied by.
    pub weights: Vec<f32>,
}

impl<'a> Learner<'a> {
    /// Reads everything but the trees themselves.
    pub fn read(root: &'a Value) -> Result<Self> {
        let root = Object::of(root, "file".to_owned())?;
        if root.get("learner").is_none() {
            return Err(root.bad("`learner` is missing: JSON, but not an XGBoost model"));
        }
        root.check_keys(&["learner", "version"])?;
        let version = version(&root)?;
        let learner = root.object("learner")?;
        learner.check_keys(KNOWN)?;
        let parameters = learner.object("learner_model_param")?;
        parameters.check_keys(KNOWN_MODEL_PARAM)?;
        let named = learner.object("objective")?;
        let name = named.text("name")?;
        let Some(objective) = Objective::named(name) else {
            return Err(named.bad(format!("unknown objective {:?}", excerpt(name))));
        };
        let outputs = outputs(&parameters, name, &objective)?;
        let (model, dropped) = booster(&learner.object("gradient_booster")?)?;
        // First of all that is as long as the number of outputs: it bounds that number by what the file holds.
        let (trees, rounds) = trees(&model, outputs)?;
        rounds::check_early_stopping(&learner, rounds)?;
        let feature_names = feature_names(&learner, parameters.count("num_feature")?)?;
        recoding::check(&model, &feature_names)?;
        Ok(Self {
            feature_names,
            objective: name.to_owned(),
            link: objective.link,
            start: start(&parameters, &objective, outputs, version)?,
            outputs: tree_outputs(&model, trees.len(), outputs)?,
            weights: weights(&model, dropped, trees.len())?,
            trees,
        })
    }
}

/// Major and minor; the file's layout is settled since 1.4.
fn version(root: &Object) -> Result<(i32, i32)> {
    let numbers = root.integers_of("version", 3, 0, i32::MAX)?;
    let version = (numbers[0], numbers[1]);
    if (1, 4) <= version && version.0 <= 3 {
        return Ok(version);
    }
    Err(root.bad(format!("written by XGBoost {}.{}; 1.4 to 3.x are supported", version.0, version.1)))
}

/// Scores per row.
fn outputs(parameters: &Object, name: &str, objective: &Objective) -> Result<usize> {
    let classes = parameters.count("num_class")?;
    let targets = parameters.count_or("num_target", 1)?;
    if objective.is_multiclass && (classes < 2 || targets > 1) {
        return Err(parameters.bad(format!("`{}` with num_class={classes}, num_target={targets}", excerpt(name))));
    }
    // A custom objective keeps the name of an ordinary one and may have classes; its answers are the margins.
    if !objective.is_multiclass && classes > 1 && (objective.link != Link::Identity || targets > 1) {
        return Err(parameters.bad(format!("`{}` has no classes, num_class={classes}", excerpt(name))));
    }
    Ok(classes.max(targets).max(1))
}

/// The object with the trees, and `weight_drop` if the file has it: beside the trees of dart, later among them.
fn booster<'a>(booster: &Object<'a>) -> Result<(Object<'a>, Option<&'a [f64]>)> {
    let name = booster.text("name")?;
    let model = match name {
        "gbtree" => booster.object("model")?,
        "dart" => {
            let inner = booster.object("gbtree")?;
            inner.check_keys(KNOWN_BOOSTER)?;
            inner.object("model")?
        }
        "gblinear" => return Err(booster.bad("linear boosters (gblinear) are not supported")),
        _ => return Err(booster.bad(format!("unknown booster {:?}", excerpt(name)))),
    };
    booster.check_keys(KNOWN_BOOSTER)?;
    model.check_keys(KNOWN_MODEL)?;
    let holder = [booster, &model].into_iter().find(|object| object.get("weight_drop").is_some());
    let dropped = holder.map(|object| object.numbers("weight_drop")).transpose()?;
    if name == "dart" && dropped.is_none() {
        return Err(booster.bad("`weight_drop` is missing"));
    }
    Ok((model, dropped))
}

/// The trees in order, as many as the file says, the same number for each output; and the rounds that made them.
fn trees<'a>(model: &Object<'a>, outputs: usize) -> Result<(&'a [Value], usize)> {
    let trees = model.list("trees")?;
    let parameters = model.object("gbtree_model_param")?;
    let stated = parameters.count("num_trees")?;
    if stated != trees.len() || trees.is_empty() {
        return Err(model.bad(format!("{} trees, num_trees={stated}", trees.len())));
    }
    let parallel = parameters.count_or("num_parallel_tree", 1)?.max(1);
    match outputs.checked_mul(parallel) {
        Some(round) if trees.len().is_multiple_of(round) => {
            rounds::check_order(trees)?;
            Ok((trees, rounds::count(model, trees.len(), round)?))
        }
        _ => Err(model.bad(format!("{} trees for {outputs} outputs, num_parallel_tree={parallel}", trees.len()))),
    }
}

fn tree_outputs(model: &Object, trees: usize, outputs: usize) -> Result<Vec<usize>> {
    let last = i32::try_from(outputs - 1).unwrap_or(i32::MAX);
    let info = model.integers_of("tree_info", trees, 0, last)?;
    Ok(info.into_iter().map(|output| output.unsigned_abs() as usize).collect())
}

/// What each tree is multiplied by, in single precision.
fn weights(model: &Object, dropped: Option<&[f64]>, trees: usize) -> Result<Vec<f32>> {
    let Some(dropped) = dropped else { return Ok(vec![1.0; trees]) };
    if dropped.len() != trees {
        return Err(model.bad(format!("`weight_drop` has {} values for {trees} trees", dropped.len())));
    }
    #[expect(clippy::cast_possible_truncation, reason = "the library reads them into single precision")]
    Ok(dropped.iter().map(|weight| *weight as f32).collect())
}

/// The margins the sums start from: one `base_score` for all outputs, or since 3.1 one for each.
fn start(parameters: &Object, objective: &Objective, outputs: usize, version: (i32, i32)) -> Result<Vec<f64>> {
    let text = parameters.text("base_score")?;
    let bad = |problem: &str| parameters.bad(format!("`base_score` {:?}: {problem}", excerpt(text)));
    let list = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let margin = |word: &str| {
        let score = word.trim().parse::<f32>().map_err(|_| bad("not a number, nor numbers in brackets"))?;
        objective.base.margin(score, version).map(f64::from).map_err(bad)
    };
    let margins = list.split(',').map(margin).collect::<Result<Vec<f64>>>()?;
    match margins.len() {
        1 => Ok(vec![margins[0]; outputs]),
        length if length == outputs => Ok(margins),
        length => Err(bad(&format!("{length} values for {outputs} outputs"))),
    }
}

fn feature_names(learner: &Object, count: usize) -> Result<Vec<String>> {
    let listed: &[Value] = if learner.get("feature_names").is_some() { learner.list("feature_names")? } else { &[] };
    if count == 0 || (!listed.is_empty() && listed.len() != count) {
        return Err(learner.bad(format!("`feature_names` has {} names, num_feature={count}", listed.len())));
    }
    if listed.is_empty() {
        if count > UNNAMED_MAX {
            return Err(learner.bad(format!("num_feature={count} without names, {UNNAMED_MAX} at most")));
        }
        return Ok((0..count).map(|at| format!("f{at}")).collect());
    }
    let mut seen = BTreeSet::new();
    for name in listed {
        match name {
            Value::Text(name) if seen.insert(name.as_str()) => {}
            Value::Text(name) => return Err(learner.bad(format!("the feature {:?} is named twice", excerpt(name)))),
            _ => return Err(learner.bad("`feature_names` holds something else than strings")),
        }
    }
    Ok(listed.iter().filter_map(|name| if let Value::Text(name) = name { Some(name.clone()) } else { None }).collect())
}
