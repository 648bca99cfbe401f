//! The tree as the house rules see it: paths relative to the root, and texts.

use std::fs;
use std::path::{Path, PathBuf};

/// A text file of the tree; `path` is relative to the root, with `/`.
pub struct Source {
    pub path: String,
    pub text: String,
}

pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Files under `folder` whose names end in one of `extensions`, in order; caches and test data are left out.
pub fn files(folder: &str, extensions: &[&str]) -> Vec<Source> {
    let mut found = Vec::new();
    collect(&root().join(folder), extensions, &mut found);
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

fn collect(folder: &Path, extensions: &[&str], found: &mut Vec<Source>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            if name != "data" && name != "__pycache__" && !name.starts_with('.') {
                collect(&path, extensions, found);
            }
        } else if extensions.iter().any(|extension| name.ends_with(&format!(".{extension}"))) {
            let path_text = path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/");
            found.push(Source { path: path_text, text: fs::read_to_string(&path).unwrap() });
        }
    }
}

/// Source of every language that a person writes and the budgets hold for.
pub fn all_sources() -> Vec<Source> {
    let rust = ["src", "tests", "benches"].into_iter().flat_map(|folder| files(folder, &["rs"]));
    let python =
        ["python", "tests/python", "benches/python"].into_iter().flat_map(|folder| files(folder, &["py", "pyi"]));
    rust.chain(python).collect()
}

/// Whether the byte may stand in an identifier.
pub fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Places of `needle` in `code` that do not begin or end inside an identifier.
pub fn words<'a>(code: &'a str, needle: &'a str) -> impl Iterator<Item = usize> + 'a {
    let bytes = code.as_bytes();
    code.match_indices(needle).map(|(at, _)| at).filter(move |&at| {
        let end = at + needle.len();
        let (first, last) = (needle.as_bytes()[0], needle.as_bytes()[needle.len() - 1]);
        let begins = !is_word(first) || at == 0 || !is_word(bytes[at - 1]);
        let ends = !is_word(last) || bytes.get(end).is_none_or(|byte| !is_word(*byte));
        begins && ends
    })
}

/// 1-based line of a byte.
pub fn line_of(code: &str, at: usize) -> usize {
    code[..at].matches('\n').count() + 1
}
