//! House rules that run. Each collects every violation first and fails once, with the list.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(missing_docs, dead_code, reason = "support is shared with other tests and is not an interface")]

#[path = "support/tidy_python.rs"]
mod tidy_python;
#[path = "support/tidy_rust.rs"]
mod tidy_rust;
#[path = "support/tidy_tree.rs"]
mod tidy_tree;

use tidy_tree::{Source, all_sources, files, root};

const FILE_LINES_MAX: usize = 300;

/// What may lie in the root; anything else needs a better place or a line here.
const ROOT: [&str; 25] = [
    "README.md",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "LICENSE",
    "LICENSE-MIT",
    "LICENSE-APACHE",
    "NOTICE",
    "Makefile",
    "Cargo.toml",
    "Cargo.lock",
    "pyproject.toml",
    "rustfmt.toml",
    "clippy.toml",
    "deny.toml",
    ".gitignore",
    ".ci",
    ".github",
    "src",
    "python",
    "deploy",
    "tests",
    "benches",
    "docs",
];

/// What tools leave in the root; never committed.
const LEFT_BY_TOOLS: [&str; 12] = [
    ".git",
    "target",
    "dist",
    "build",
    ".venv",
    "venv",
    "__pycache__",
    ".pytest_cache",
    ".mypy_cache",
    ".ruff_cache",
    ".hypothesis",
    ".cargo",
];

/// Names that say nothing about what a file holds.
const EMPTY_NAMES: [&str; 9] = ["util", "utils", "helper", "helpers", "common", "manager", "handler", "misc", "final"];

fn assert_none(rule: &str, told: &[String]) {
    assert!(told.is_empty(), "{rule}:\n  {}", told.join("\n  "));
}

/// Runs a checker over files and fails with all it tells.
fn check(rule: &str, sources: &[Source], checker: fn(&str, &str) -> Vec<String>) {
    assert!(!sources.is_empty(), "nothing to check: {rule}");
    let told: Vec<String> = sources.iter().flat_map(|source| checker(&source.path, &source.text)).collect();
    assert_none(rule, &told);
}

fn core() -> Vec<Source> {
    files("src", &["rs"])
}

fn package() -> Vec<Source> {
    files("python/mt5_sentinel", &["py", "pyi"])
}

#[test]
fn rust_imports_point_down() {
    check("imports point to lower floors only", &core(), tidy_rust::upward_imports);
}

#[test]
fn python_is_known_to_one_room() {
    check("pyo3 and numpy only in src/python", &core(), tidy_rust::python_outside_its_room);
}

#[test]
fn nothing_shipped_panics() {
    check("no panic in src without a lint lifted for a reason", &core(), tidy_rust::ways_to_panic);
}

#[test]
fn the_core_is_out_of_this_world() {
    check("no clock, chance, file, socket or log in src outside src/python", &core(), tidy_rust::worldly);
}

#[test]
fn functions_are_short() {
    let rust: Vec<Source> = ["src", "tests", "benches"].iter().flat_map(|folder| files(folder, &["rs"])).collect();
    check("functions keep to their budget", &rust, tidy_rust::long_functions);
}

#[test]
fn files_are_short() {
    check("files keep to their budget", &all_sources(), long_file);
}

fn long_file(path: &str, text: &str) -> Vec<String> {
    let lines = text.lines().count();
    let is_excused = text
        .lines()
        .any(|line| line.split_once("tidy: allow-long because ").is_some_and(|(_, reason)| !reason.trim().is_empty()));
    if lines <= FILE_LINES_MAX || is_excused {
        return Vec::new();
    }
    vec![format!("{path}: {lines} lines, {FILE_LINES_MAX} at most, or a line `tidy: allow-long because …`")]
}

#[test]
fn python_imports_follow_the_house() {
    check("Python imports", &package(), tidy_python::wrong_imports);
}

#[test]
fn one_file_catches_everything() {
    check("broad excepts only in guard.py", &package(), tidy_python::broad_excepts);
}

#[test]
fn file_names_say_what_is_inside() {
    check("names", &all_sources(), empty_name);
}

fn empty_name(path: &str, _: &str) -> Vec<String> {
    let says_nothing = |part: &str| part.split(['_', '-', '.']).any(|word| EMPTY_NAMES.contains(&word));
    path.split('/').filter(|part| says_nothing(part)).map(|part| format!("{path}: `{part}`")).collect()
}

#[test]
fn the_root_holds_what_is_listed() {
    let names = root().read_dir().unwrap().map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
    assert_none("the root has an allow-list", &strangers(names));
}

fn strangers(names: impl Iterator<Item = String>) -> Vec<String> {
    names.filter(|name| !ROOT.contains(&name.as_str()) && !LEFT_BY_TOOLS.contains(&name.as_str())).collect()
}

#[test]
fn the_version_stands_in_cargo_toml_only() {
    let read = |name: &str| std::fs::read_to_string(root().join(name)).unwrap();
    let manifest: toml::Table = read("Cargo.toml").parse().unwrap();
    let version = manifest["package"]["version"].as_str().unwrap().to_owned();
    let mut told: Vec<String> =
        package().iter().flat_map(|source| version_literals(&source.path, &source.text, &version)).collect();
    let project: toml::Table = read("pyproject.toml").parse().unwrap();
    let dynamic = project["project"].get("dynamic").and_then(toml::Value::as_array);
    if !dynamic.is_some_and(|fields| fields.iter().any(|field| field.as_str() == Some("version"))) {
        told.push("pyproject.toml: `dynamic` does not name the version".into());
    }
    assert_none("Cargo.toml is the one source of the version", &told);
}

fn version_literals(path: &str, text: &str, version: &str) -> Vec<String> {
    let is_literal = |line: &str| {
        let assigns = line.trim_start().strip_prefix("__version__").is_some_and(|rest| rest.contains('='));
        assigns || ['"', '\''].iter().any(|quote| line.contains(&format!("{quote}{version}{quote}")))
    };
    let lines = text.lines().enumerate().filter(|(_, line)| is_literal(line));
    lines.map(|(number, line)| format!("{path}:{}: {}", number + 1, line.trim())).collect()
}

#[test]
fn the_budgets_names_and_root_can_be_broken() {
    let long = "x\n".repeat(FILE_LINES_MAX + 1);
    assert_eq!(long_file("a.rs", &long).len(), 1);
    assert_eq!(long_file("a.rs", &long[2..]).len(), 0);
    assert_eq!(long_file("a.rs", &format!("{long}// tidy: allow-long because it is a table\n")).len(), 0);
    assert_eq!(long_file("a.rs", &format!("{long}// tidy: allow-long because \n")).len(), 1, "a reason is needed");
    assert_eq!(empty_name("src/bars/time_utils.rs", "").len(), 1);
    assert_eq!(empty_name("python/common/a.py", "").len(), 1);
    assert_eq!(empty_name("src/bars/finally.rs", "").len(), 0);
    let names = ["src", "target", "notes.txt"].map(str::to_owned);
    assert_eq!(strangers(names.into_iter()), ["notes.txt"]);
    assert_eq!(version_literals("a.py", "V = \"0.1.0\"\n__version__ = read()\n__version__: str\n", "0.1.0").len(), 2);
}
