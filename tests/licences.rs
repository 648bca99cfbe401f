//! Every dependency may be used under a licence that `deny.toml` allows, also where `cargo deny` is not installed.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::print_stderr, reason = "a skipped test must be seen")]

use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// Allowed licences, and the exceptions as (crate, licence).
type Rules = (Vec<String>, Vec<(String, String)>);

fn rules() -> Rules {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("deny.toml")).unwrap();
    let table: toml::Table = text.parse().unwrap();
    let texts = |list: &toml::Value| -> Vec<String> {
        list.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
    };
    let licences = &table["licenses"];
    let exceptions = licences["exceptions"].as_array().unwrap().iter().flat_map(|exception| {
        let name = exception["crate"].as_str().unwrap().to_owned();
        texts(&exception["allow"]).into_iter().map(move |licence| (name.clone(), licence))
    });
    (texts(&licences["allow"]), exceptions.collect())
}

/// Whether an SPDX expression can be satisfied; `/` is the older spelling of OR. AND binds tighter than OR.
fn is_satisfied(expression: &str, is_allowed: &dyn Fn(&str) -> bool) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut at = 0;
    any_of(&words, &mut at, is_allowed) && at == words.len()
}

fn any_of(words: &[&str], at: &mut usize, is_allowed: &dyn Fn(&str) -> bool) -> bool {
    let mut holds = all_of(words, at, is_allowed);
    while words.get(*at) == Some(&"OR") {
        *at += 1;
        holds |= all_of(words, at, is_allowed);
    }
    holds
}

fn all_of(words: &[&str], at: &mut usize, is_allowed: &dyn Fn(&str) -> bool) -> bool {
    let mut holds = term(words, at, is_allowed);
    while words.get(*at) == Some(&"AND") {
        *at += 1;
        holds &= term(words, at, is_allowed);
    }
    holds
}

fn term(words: &[&str], at: &mut usize, is_allowed: &dyn Fn(&str) -> bool) -> bool {
    let Some(first) = words.get(*at) else { return false };
    *at += 1;
    if *first == "(" {
        let holds = any_of(words, at, is_allowed);
        let is_closed = words.get(*at) == Some(&")");
        *at += 1;
        return holds && is_closed;
    }
    let mut licence = (*first).to_owned();
    if let [with @ "WITH", exception, ..] = words[*at..] {
        licence = format!("{licence} {with} {exception}");
        *at += 2;
    }
    is_allowed(&licence)
}

/// Packages of the lock file with the given arguments, or nothing when their manifests are not on this machine.
fn packages(arguments: &[&str]) -> Option<Vec<Value>> {
    let output = Command::new(env!("CARGO"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["metadata", "--format-version", "1", "--offline", "--locked"])
        .args(arguments)
        .output()
        .unwrap();
    let metadata: Value = output.status.success().then(|| serde_json::from_slice(&output.stdout).unwrap())?;
    Some(metadata["packages"].as_array().unwrap().clone())
}

#[test]
fn every_dependency_may_be_used_and_comes_from_the_registry() {
    // All platforms and features where they were fetched, else this build's own.
    let Some(packages) = packages(&["--all-features"]).or_else(|| packages(&[])) else {
        eprintln!("SKIPPED every_dependency_may_be_used_and_comes_from_the_registry: `cargo fetch` was not run");
        return;
    };
    assert!(packages.len() > 30, "{}", packages.len());
    let (allowed, exceptions) = rules();
    let mut told = Vec::new();
    for package in packages.iter().filter(|package| package["name"] != env!("CARGO_PKG_NAME")) {
        let name = package["name"].as_str().unwrap();
        let is_allowed = |licence: &str| {
            allowed.iter().any(|known| known == licence)
                || exceptions.iter().any(|(only, known)| only == name && known == licence)
        };
        let licence = package["license"].as_str().unwrap_or("none");
        if !is_satisfied(licence, &is_allowed) {
            told.push(format!("{name}: {licence}"));
        }
        let source = package["source"].as_str().unwrap_or("a path");
        if !source.starts_with("registry+") {
            told.push(format!("{name}: comes from {source}"));
        }
    }
    assert!(told.is_empty(), "deny.toml does not allow:\n  {}", told.join("\n  "));
}

#[test]
fn expressions_are_read_as_spdx_means_them() {
    let is_allowed = |licence: &str| ["MIT", "Zlib", "A WITH x"].contains(&licence);
    for (expression, expected) in [
        ("MIT", true),
        ("GPL-3.0", false),
        ("GPL-3.0 OR MIT", true),
        ("Unlicense/MIT", true),
        ("MIT AND GPL-3.0", false),
        ("MIT AND Zlib", true),
        ("(GPL-3.0 OR MIT) AND Zlib", true),
        ("(GPL-3.0 OR MIT) AND Unicode-3.0", false),
        ("GPL-3.0 OR MIT AND Zlib", true),
        ("MIT OR GPL-3.0 AND LGPL-2.1", true),
        ("A WITH x", true),
        ("MIT WITH x", false),
        ("(MIT", false),
        ("MIT Zlib", false),
        ("", false),
    ] {
        assert_eq!(is_satisfied(expression, &is_allowed), expected, "{expression}");
    }
}
