//! LightGBM text models of random trees: shapes, questions and missing types that no trainer would combine.

use std::fmt::Write;

/// A generator of numbers, the same in every run.
pub struct Draw(pub u64);

impl Draw {
    pub fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % end as u64).unwrap()
    }

    pub fn unit(&mut self) -> f64 {
        self.below(1 << 30) as f64 / f64::from(1 << 30)
    }

    pub fn of<T: Copy>(&mut self, options: &[T]) -> T {
        options[self.below(options.len())]
    }
}

/// What the trees look like.
#[derive(Clone, Copy)]
pub struct Shape {
    pub features: usize,
    pub classes: usize,
    pub trees: usize,
    /// Leaves of a tree: from, to.
    pub leaves: (usize, usize),
    /// Distinct thresholds of a feature.
    pub thresholds: usize,
    /// Whether a tree is a chain: each split adds one leaf.
    pub is_chain: bool,
    /// Share of the splits that ask for a category, in percent.
    pub categories: usize,
    /// Missing types that occur (0 none, 1 zero, 2 NaN).
    pub missing: &'static [u8],
}

/// Thresholds of a feature: a spread that a table of equal cells does not divide evenly, and edges.
pub fn threshold(feature: usize, at: usize) -> f64 {
    let x = at as f64 - 3.0;
    match feature % 4 {
        0 => x / 7.0,
        1 => x * x * x * 1e-3,
        2 => [1e300, -1e300, 1e-36, -1e-36, 0.0, -0.0, 5e-324, f64::INFINITY][at % 8] * if at < 8 { 1.0 } else { x },
        _ => 1.1 + x * 1e-9,
    }
}

/// The model file.
pub fn text(shape: &Shape, draw: &mut Draw) -> String {
    let blocks: Vec<String> = (0..shape.trees).map(|at| tree(at, shape, draw)).collect();
    let objective =
        if shape.classes == 1 { "regression".into() } else { format!("multiclass num_class:{}", shape.classes) };
    let names: Vec<String> = (0..shape.features).map(|feature| format!("f{feature}")).collect();
    let infos = vec!["[-1:1]"; shape.features].join(" ");
    let sizes: Vec<String> = blocks.iter().map(|block| block.len().to_string()).collect();
    format!(
        "tree\nversion=v4\nnum_class={0}\nnum_tree_per_iteration={0}\nlabel_index=0\nmax_feature_idx={1}\n\
         objective={objective}\nfeature_names={2}\nfeature_infos={infos}\ntree_sizes={3}\n\n{4}end of trees\n",
        shape.classes,
        shape.features - 1,
        names.join(" "),
        sizes.join(" "),
        blocks.concat(),
    )
}

fn tree(at: usize, shape: &Shape, draw: &mut Draw) -> String {
    let leaves = shape.leaves.0 + draw.below(shape.leaves.1 - shape.leaves.0 + 1);
    let (left, right) = children(leaves, shape.is_chain, draw);
    let (mut features, mut thresholds, mut decisions) = (Vec::new(), Vec::new(), Vec::new());
    let (mut bounds, mut words) = (vec![0], Vec::new());
    for _ in 1..leaves {
        let feature = draw.below(shape.features);
        features.push(feature);
        if draw.below(100) < shape.categories {
            thresholds.push((bounds.len() - 1).to_string());
            decisions.push("1".to_owned());
            words.extend((0..=draw.below(3)).map(|_| (draw.below(1 << 16) << 7 | draw.below(1 << 7)).to_string()));
            bounds.push(words.len());
        } else {
            thresholds.push(format!("{:?}", threshold(feature, draw.below(shape.thresholds))));
            // A feature has one missing type, as a trainer would see to.
            let missing = shape.missing[feature % shape.missing.len()];
            decisions.push((missing << 2 | draw.of(&[0, 2])).to_string());
        }
    }
    let values: Vec<String> = (0..leaves).map(|_| format!("{:?}", draw.unit() * 2.0 - 1.0)).collect();
    let mut block = format!("Tree={at}\nnum_leaves={leaves}\nnum_cat={}\n", bounds.len() - 1);
    let text = |list: &[usize]| list.iter().map(usize::to_string).collect::<Vec<_>>().join(" ");
    let mut line = |key: &str, value: String| writeln!(block, "{key}={value}").unwrap();
    line("split_feature", text(&features));
    line("threshold", thresholds.join(" "));
    line("decision_type", decisions.join(" "));
    line("left_child", left.join(" "));
    line("right_child", right.join(" "));
    line("leaf_value", values.join(" "));
    if bounds.len() > 1 {
        line("cat_boundaries", text(&bounds));
        line("cat_threshold", words.join(" "));
    }
    line("is_linear", "0".into());
    line("shrinkage", "1".into());
    block + "\n\n"
}

/// Children as LightGBM grows them: each split turns a leaf into a node, its right side is the new leaf.
fn children(leaves: usize, is_chain: bool, draw: &mut Draw) -> (Vec<String>, Vec<String>) {
    let (mut left, mut right): (Vec<i64>, Vec<i64>) = (Vec::new(), Vec::new());
    // Where each leaf hangs.
    let mut place: Vec<Option<(usize, bool)>> = vec![None];
    for node in 0..leaves - 1 {
        let leaf = if is_chain { draw.below(2) * node } else { draw.below(place.len()) };
        let (leaf, new) = (leaf.min(place.len() - 1), place.len());
        if let Some((parent, is_left)) = place[leaf] {
            let side = if is_left { &mut left } else { &mut right };
            side[parent] = i64::try_from(node).unwrap();
        }
        left.push(!i64::try_from(leaf).unwrap());
        right.push(!i64::try_from(new).unwrap());
        place[leaf] = Some((node, true));
        place.push(Some((node, false)));
    }
    let text = |list: Vec<i64>| list.iter().map(i64::to_string).collect();
    (text(left), text(right))
}
