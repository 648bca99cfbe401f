//! Trees of any format as flat arrays, and the walk from root to leaf.
//!
//! **A forest holds trees only**: [`Forest::push`] proves at load that every node and every leaf is reached exactly
//! once from the root, so a walk ends and never indexes outside, whatever the file said.

/// `LightGBM`'s `kZeroThreshold`: a float literal widened to double, so slightly more than 1e-35.
pub(super) const ZERO: f64 = 1e-35_f32 as f64;

/// Marks a [`Node`] child that is a leaf; the low bits are then the leaf's index.
pub(super) const LEAF: u32 = 1 << 31;

/// Trees, or rows, walked side by side: their memory latencies overlap.
const LANES: usize = 8;

/// The question a node asks about one value of the row; "yes" goes to the first child.
#[derive(Debug, Clone, Copy)]
pub(super) enum Test {
    /// `value <= threshold`, except that a missing value goes where `missing_left` says.
    Numeric {
        /// Never NaN.
        threshold: f64,
        /// Whether |value| ≤ [`ZERO`] counts as missing too; NaN always does.
        zero_is_missing: bool,
        /// Side of a missing value.
        missing_left: bool,
    },
    /// The value, truncated to an integer, is a member of a bit set: words of the tree's (later the forest's) `words`.
    Category {
        /// Index of the first 32-bit word.
        first: u32,
        /// Number of words.
        count: u32,
    },
}

/// One split. Children: an index into the nodes, or [`LEAF`] | an index into the leaves.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node {
    /// What is asked.
    pub test: Test,
    /// Column of the row it is asked about.
    pub feature: u32,
    /// Where "yes" and "no" lead.
    pub children: [u32; 2],
}

/// One tree as its file tells it, indices local to the tree, root = node 0 (or leaf 0 when there is no node).
#[derive(Debug, Default)]
pub(super) struct Tree {
    /// Splits.
    pub nodes: Vec<Node>,
    /// Leaf values, one more than there are nodes.
    pub leaves: Vec<f64>,
    /// Bit sets of the categorical splits.
    pub words: Vec<u32>,
}

/// All trees of a model; tree `i` adds to output `i % outputs`.
#[derive(Debug, Clone)]
pub(super) struct Forest {
    nodes: Vec<Node>,
    leaves: Vec<f64>,
    words: Vec<u32>,
    roots: Vec<u32>,
    features: usize,
    outputs: usize,
}

impl Forest {
    /// An empty forest over rows of `features` values, summing into `outputs` (at least 1) scores.
    pub fn new(features: usize, outputs: usize) -> Self {
        Self { nodes: Vec::new(), leaves: Vec::new(), words: Vec::new(), roots: Vec::new(), features, outputs }
    }

    /// Number of trees.
    pub fn trees(&self) -> usize {
        self.roots.len()
    }

    /// Values in a row.
    pub fn features(&self) -> usize {
        self.features
    }

    /// Scores per row.
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// Adds a tree after proving that it is one; the error is the sentence that says why it is not.
    pub fn push(&mut self, tree: &Tree) -> Result<(), String> {
        self.check(tree)?;
        let shift = |base: usize, more: usize| match u32::try_from(base + more) {
            Ok(end) if end < LEAF => u32::try_from(base).map_err(|_| "more nodes than a forest can hold".to_owned()),
            _ => Err("more nodes than a forest can hold".to_owned()),
        };
        let node_base = shift(self.nodes.len(), tree.nodes.len())?;
        let leaf_base = shift(self.leaves.len(), tree.leaves.len())?;
        let word_base = shift(self.words.len(), tree.words.len())?;
        // Adding a base cannot reach the mark: `shift` has just bounded the sums below it.
        let moved = |child: u32| if child & LEAF == 0 { child + node_base } else { child + leaf_base };
        self.roots.push(if tree.nodes.is_empty() { LEAF | leaf_base } else { node_base });
        self.nodes.extend(tree.nodes.iter().map(|node| Node {
            test: match node.test {
                Test::Category { first, count } => Test::Category { first: first + word_base, count },
                numeric @ Test::Numeric { .. } => numeric,
            },
            feature: node.feature,
            children: node.children.map(moved),
        }));
        self.leaves.extend_from_slice(&tree.leaves);
        self.words.extend_from_slice(&tree.words);
        Ok(())
    }

    fn check(&self, tree: &Tree) -> Result<(), String> {
        if tree.leaves.len() != tree.nodes.len() + 1 {
            return Err(format!("{} leaves do not fit {} splits", tree.leaves.len(), tree.nodes.len()));
        }
        if let Some(leaf) = tree.leaves.iter().position(|value| !value.is_finite()) {
            return Err(format!("leaf {leaf} has the value {}, which is not finite", tree.leaves[leaf]));
        }
        for (at, node) in tree.nodes.iter().enumerate() {
            if node.feature as usize >= self.features {
                return Err(format!("split {at} asks for feature {} of {}", node.feature, self.features));
            }
            match node.test {
                Test::Numeric { threshold, .. } if threshold.is_nan() => {
                    return Err(format!("split {at} has the threshold NaN"));
                }
                Test::Category { first, count } if first as usize + count as usize > tree.words.len() => {
                    return Err(format!("split {at} has a category set outside the {} words", tree.words.len()));
                }
                _ => {}
            }
        }
        check_shape(tree)
    }

    /// Adds every tree's leaf value for one row to `out` (`outputs` long), in tree order.
    ///
    /// `row` holds [`Forest::features`] values; the caller has checked both lengths.
    pub fn add_row(&self, row: &[f64], out: &mut [f64]) {
        let mut output = 0;
        for roots in self.roots.chunks(LANES) {
            let mut cursors = [LEAF; LANES];
            cursors[..roots.len()].copy_from_slice(roots);
            self.walk(&mut cursors, |_| row);
            for cursor in &cursors[..roots.len()] {
                out[output] += self.leaves[(cursor & !LEAF) as usize];
                output = if output + 1 == self.outputs { 0 } else { output + 1 };
            }
        }
    }

    /// [`Forest::add_row`] for rows laid end to end, tree by tree so that a tree is read from memory once per block.
    ///
    /// Each row still receives its leaves in tree order: the bits are those of `add_row`.
    pub fn add_rows(&self, rows: &[f64], out: &mut [f64]) {
        for (tree, &root) in self.roots.iter().enumerate() {
            let output = tree % self.outputs;
            for (rows, out) in rows.chunks(self.features * LANES).zip(out.chunks_mut(self.outputs * LANES)) {
                let lanes = out.len() / self.outputs;
                let mut cursors = [root; LANES];
                self.walk(&mut cursors[..lanes], |lane| &rows[lane * self.features..][..self.features]);
                for (cursor, scores) in cursors.iter().zip(out.chunks_exact_mut(self.outputs)) {
                    scores[output] += self.leaves[(cursor & !LEAF) as usize];
                }
            }
        }
    }

    /// Moves every cursor from its node down to a leaf.
    #[inline]
    fn walk<'r>(&self, cursors: &mut [u32], row_of: impl Fn(usize) -> &'r [f64]) {
        loop {
            let mut moving = false;
            for (lane, cursor) in cursors.iter_mut().enumerate() {
                if *cursor & LEAF == 0 {
                    *cursor = self.child(&self.nodes[*cursor as usize], row_of(lane));
                    moving = true;
                }
            }
            if !moving {
                return;
            }
        }
    }

    #[inline]
    fn child(&self, node: &Node, row: &[f64]) -> u32 {
        let value = row[node.feature as usize];
        let yes = match node.test {
            Test::Numeric { threshold, zero_is_missing, missing_left } => {
                let missing = value.is_nan() | (zero_is_missing & (value.abs() <= ZERO));
                if missing { missing_left } else { value <= threshold }
            }
            Test::Category { first, count } => in_set(&self.words[first as usize..][..count as usize], value),
        };
        node.children[usize::from(!yes)]
    }
}

/// Whether the category `value` is in the bit set; NaN, negative and beyond the last bit are not.
fn in_set(words: &[u32], value: f64) -> bool {
    // Truncation comes first: -0.5 is category 0, as in LightGBM. A saturated or huge value lies beyond every set.
    let category = value.trunc();
    if category.is_nan() || category < 0.0 || category >= words.len() as f64 * 32.0 {
        return false;
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded by the set's bits just above")]
    let bit = category as usize;
    words[bit / 32] >> (bit % 32) & 1 == 1
}

/// Refuses children out of range, nodes reached twice (hence cycles) and nodes never reached.
fn check_shape(tree: &Tree) -> Result<(), String> {
    let mut seen_nodes = vec![false; tree.nodes.len()];
    let mut seen_leaves = vec![false; tree.leaves.len()];
    let mut pending = vec![if tree.nodes.is_empty() { LEAF } else { 0 }];
    while let Some(at) = pending.pop() {
        let index = (at & !LEAF) as usize;
        let (kind, seen) = if at & LEAF == 0 { ("split", &mut seen_nodes) } else { ("leaf", &mut seen_leaves) };
        match seen.get_mut(index) {
            None => return Err(format!("a child is {kind} {index}, there are {}", seen.len())),
            Some(true) => return Err(format!("{kind} {index} is reached twice: not a tree")),
            Some(fresh) => *fresh = true,
        }
        if at & LEAF == 0 {
            pending.extend(tree.nodes[index].children);
        }
    }
    // Reached exactly once each so far; with one more leaf than splits nothing can be left over, but say so if it is.
    match seen_nodes.iter().chain(&seen_leaves).filter(|seen| !**seen).count() {
        0 => Ok(()),
        left => Err(format!("{left} splits or leaves are never reached from the root")),
    }
}
