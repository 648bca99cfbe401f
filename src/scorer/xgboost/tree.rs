//! One tree: the arrays of the file → a tree of the forest.

use super::split::threshold_below;
use super::value::{Object, Value};
use crate::Result;
use crate::scorer::forest::{Categories, LEAF, Node, Test, Tree};

const KNOWN: &[&str] = &[
    "base_weights",
    "categories",
    "categories_nodes",
    "categories_segments",
    "categories_sizes",
    "default_left",
    "id",
    "left_children",
    "loss_changes",
    "parents",
    "right_children",
    "split_conditions",
    "split_indices",
    "split_type",
    "sum_hessian",
    "tree_param",
];

/// Categories from here on are not exact in single precision; the library takes them for invalid.
const CATEGORY_END: i32 = 1 << 24;

/// What the file's arrays say about the nodes, all equally long.
struct Arrays<'a> {
    left: Vec<i32>,
    right: Vec<i32>,
    features: Vec<i32>,
    default_left: Vec<i32>,
    is_category: Vec<i32>,
    conditions: &'a [f64],
    covers: &'a [f64],
}

/// Reads tree `index`; `weight` multiplies its leaves, `words_left` is what category sets may still take.
///
/// Whether its parts form a tree is for `Forest::push` to say; nodes that training deleted are left out.
pub(super) fn read(index: usize, value: &Value, weight: f32, words_left: &mut usize) -> Result<Tree> {
    let file = Object::of(value, format!("tree {index}"))?;
    let parameters = file.object("tree_param")?;
    if parameters.count_or("size_leaf_vector", 0)? > 1 {
        return Err(file.bad("its leaves are vectors (multi_strategy=multi_output_tree), which are not supported"));
    }
    file.check_keys(KNOWN)?;
    let arrays = Arrays::read(&file, parameters.count("num_nodes")?)?;
    let live = arrays.reached(&file)?;
    let deleted = live.iter().filter(|live| !**live).count();
    if deleted != parameters.count_or("num_deleted", 0)? {
        return Err(file.bad(format!("{deleted} nodes are never reached from the root, num_deleted says otherwise")));
    }
    let mut tree = Tree::default();
    let sets = category_sets(&file, &arrays.is_category, &mut tree.words, words_left)?;
    let places = arrays.places(&live);
    let mut leaf_covers = Vec::new();
    for at in (0..live.len()).filter(|at| live[*at]) {
        if arrays.left[at] < 0 {
            tree.leaves.push(f64::from(arrays.condition(&file, at)? * weight));
            leaf_covers.push(arrays.covers[at]);
        } else {
            tree.nodes.push(arrays.node(&file, at, sets[at], &places)?);
            tree.covers.push(arrays.covers[at]);
        }
    }
    tree.covers.append(&mut leaf_covers);
    if tree.covers.iter().any(|cover| !cover.is_finite() || *cover < 0.0) {
        // A sum that overflowed in training; scores do not need it.
        tree.covers.clear();
    }
    Ok(tree)
}

impl<'a> Arrays<'a> {
    fn read(file: &Object<'a>, nodes: usize) -> Result<Self> {
        let last = i32::try_from(nodes).ok().and_then(|nodes| nodes.checked_sub(1)).filter(|last| *last >= 0);
        let Some(last) = last else {
            return Err(file.bad(format!("num_nodes={nodes} is not the size of a tree")));
        };
        let is_category = match file.get("split_type") {
            None => vec![0; file.numbers_of("left_children", nodes)?.len()],
            Some(_) => file.integers_of("split_type", nodes, 0, 1)?,
        };
        Ok(Self {
            left: file.integers_of("left_children", nodes, -1, last)?,
            right: file.integers_of("right_children", nodes, -1, last)?,
            features: file.integers_of("split_indices", nodes, 0, i32::MAX)?,
            default_left: file.integers_of("default_left", nodes, 0, 1)?,
            is_category,
            conditions: file.numbers_of("split_conditions", nodes)?,
            covers: file.numbers_of("sum_hessian", nodes)?,
        })
    }

    /// Which nodes a walk from the root reaches; each at most once, so that the walk ends.
    fn reached(&self, file: &Object) -> Result<Vec<bool>> {
        let mut live = vec![false; self.left.len()];
        let mut pending = vec![0];
        while let Some(at) = pending.pop() {
            if std::mem::replace(&mut live[at], true) {
                return Err(file.bad(format!("node {at} is reached twice: not a tree")));
            }
            match (usize::try_from(self.left[at]), usize::try_from(self.right[at])) {
                (Ok(left), Ok(right)) => pending.extend([left, right]),
                (Err(_), Err(_)) => {}
                _ => return Err(file.bad(format!("node {at} has one child only"))),
            }
        }
        Ok(live)
    }

    /// Where each node that is reached goes in the forest's tree: splits and leaves keep the file's order.
    fn places(&self, live: &[bool]) -> Vec<u32> {
        let (mut splits, mut leaves) = (0, 0);
        let place = |(left, live): (&i32, &bool)| {
            let (next, mark) = if *left < 0 { (&mut leaves, LEAF) } else { (&mut splits, 0) };
            let place = *next | mark;
            *next += u32::from(*live);
            place
        };
        self.left.iter().zip(live).map(place).collect()
    }

    /// A split's or leaf's number; the library reads it into single precision.
    fn condition(&self, file: &Object, at: usize) -> Result<f32> {
        let number = self.conditions[at];
        #[expect(clippy::cast_possible_truncation, reason = "rounding to single is the point")]
        let single = number as f32;
        if single.is_infinite() && number.is_finite() {
            return Err(file.bad(format!("`split_conditions` value {at} is {number:e}, beyond single precision")));
        }
        Ok(single)
    }

    fn node(&self, file: &Object, at: usize, set: Option<(u32, u32)>, places: &[u32]) -> Result<Node> {
        let (left, right) = (places[index(self.left[at])], places[index(self.right[at])]);
        let missing_left = self.default_left[at] == 1;
        let in_set = |(first, count), missing_yes| {
            let rule = Categories::Single { missing_yes };
            Test::Category { first, count, rule }
        };
        let (test, children) = if let Some(set) = set {
            // Members of a set go right.
            (in_set(set, !missing_left), [right, left])
        } else if let Some(threshold) = threshold_below(self.condition(file, at)?) {
            (Test::Numeric { threshold, zero_is_missing: false, missing_left }, [left, right])
        } else {
            // No number is below -inf, which no `<=` can say; no number is in the empty set either.
            (in_set((0, 0), missing_left), [left, right])
        };
        Ok(Node { test, feature: self.features[at].unsigned_abs(), children })
    }
}

/// A number that was checked to be 0 or more.
fn index(number: i32) -> usize {
    number.unsigned_abs() as usize
}

/// Per node its category set as (first word, words), if it asks for one; the bits are appended to `words`.
fn category_sets(
    file: &Object,
    is_category: &[i32],
    words: &mut Vec<u32>,
    words_left: &mut usize,
) -> Result<Vec<Option<(u32, u32)>>> {
    let mut sets = vec![None; is_category.len()];
    if file.get("split_type").is_none() {
        return Ok(sets);
    }
    let last = i32::try_from(sets.len()).unwrap_or(i32::MAX) - 1;
    let nodes = file.integers("categories_nodes", 0, last)?;
    let starts = file.integers_of("categories_segments", nodes.len(), 0, i32::MAX)?;
    let sizes = file.integers_of("categories_sizes", nodes.len(), 1, i32::MAX)?;
    let categories = file.integers("categories", 0, CATEGORY_END - 1)?;
    let mut rest = categories.as_slice();
    for (node, (start, size)) in nodes.iter().zip(starts.iter().zip(&sizes)) {
        let follows = index(*start) == categories.len() - rest.len();
        let Some((members, after)) = rest.split_at_checked(index(*size)).filter(|_| follows) else {
            return Err(file.bad("`categories_segments` and `categories_sizes` do not divide `categories`"));
        };
        rest = after;
        let set = bit_set(members);
        *words_left = words_left.checked_sub(set.len()).ok_or_else(|| {
            file.bad(
                "its category sets take more memory than a file of this size may: the category numbers are too large",
            )
        })?;
        // The budget keeps these far below 2^32.
        let place = u32::try_from(words.len()).ok().zip(u32::try_from(set.len()).ok());
        if sets[index(*node)].is_some() || place.is_none() {
            return Err(file.bad(format!("node {node} has two category sets")));
        }
        sets[index(*node)] = place;
        words.extend(set);
    }
    if !rest.is_empty() {
        return Err(file.bad("`categories_segments` and `categories_sizes` do not divide `categories`"));
    }
    match sets.iter().zip(is_category).position(|(set, flag)| set.is_some() != (*flag == 1)) {
        None => Ok(sets),
        Some(node) => Err(file.bad(format!("`split_type` and `categories_nodes` disagree about node {node}"))),
    }
}

/// The members as bits of 32-bit words, lowest first.
fn bit_set(members: &[i32]) -> Vec<u32> {
    let largest = members.iter().copied().max().unwrap_or(0);
    let mut words = vec![0; index(largest) / 32 + 1];
    for member in members {
        words[index(*member) / 32] |= 1 << (index(*member) % 32);
    }
    words
}
