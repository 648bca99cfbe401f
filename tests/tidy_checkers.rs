//! The checkers of the house rules on small texts: a rule that cannot fail proves nothing.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(missing_docs, dead_code, reason = "support is shared with other tests and is not an interface")]

#[path = "support/tidy_python.rs"]
mod tidy_python;
#[path = "support/tidy_rust.rs"]
mod tidy_rust;
#[path = "support/tidy_tree.rs"]
mod tidy_tree;

use tidy_python::{broad_excepts, imports, wrong_imports};
use tidy_rust::{code, long_functions, python_outside_its_room, shipped, upward_imports, ways_to_panic, worldly};

#[test]
fn rust_comments_and_literals_are_no_code() {
    let text = "a /* b\n */ c // d\n\"e \\\" f\" g 'h' '\\'' '\"' &'i j r#\"k \" l\"# br\"m\" n\n";
    let seen: Vec<String> = code(text).split_whitespace().map(str::to_owned).collect();
    assert_eq!(seen, ["a", "c", "g", "&'i", "j", "b", "n"]);
    assert_eq!(code(text).lines().count(), text.lines().count());
    let tested = "fn a() {}\n#[cfg(test)]\nmod tests { fn b() { c() } }\nfn d() {}\n#[cfg(test)]\nuse e;\nfn f() {}\n";
    let kept = shipped(tested);
    assert!(["a()", "d()", "f()"].iter().all(|part| kept.contains(part)), "{kept}");
    assert!(!["b()", "c()", "use e"].iter().any(|part| kept.contains(part)), "{kept}");
}

#[test]
fn an_import_that_does_not_point_down_is_seen() {
    for (path, text) in [
        ("src/bars/time.rs", "use crate::features::batch;"),
        ("src/bars/time.rs", "use crate::{Error, trade::{Side, risk}};"),
        ("src/bars/time.rs", "fn f() { crate::python::run() }"),
        ("src/bars/time.rs", "use super::super::scorer::Model;"),
        ("src/bars/mod.rs", "use super::scorer;"),
        ("src/bars/mod.rs", "use super::{error, scorer};"),
        ("src/scorer/lightgbm/tree.rs", "use super::super::super::features::WIDTH;"),
        ("src/features/batch.rs", "use crate::scorer::Model;"),
        ("src/trade/risk.rs", "use crate::backtest::Run;"),
        ("src/rolling/ring.rs", "use crate::bars::Bar;"),
        ("src/rolling/ring.rs", "use crate::Error;"),
        ("src/error.rs", "use crate::rolling::Ring;"),
        ("src/error.rs", "use super::bars::Bar;"),
        ("src/bars/time.rs", "use crate::*;"),
        ("src/bars/mod.rs", "mod inner { use super::super::trade::Side; }"),
        ("src/cellar/mod.rs", ""),
    ] {
        assert_eq!(upward_imports(path, text).len(), 1, "{path}: {text}");
    }
    for (path, text) in [
        ("src/lib.rs", "pub use crate::trade::decide;"),
        ("src/python/mod.rs", "use crate::{bars, trade::decide, Error};"),
        ("src/trade/decide.rs", "use crate::scorer::Scores; use crate::{Error, Result}; use super::Side;"),
        ("src/scorer/lightgbm/tree.rs", "use crate::scorer::forest::Node; use super::super::link::Link;"),
        ("src/bars/mod.rs", "mod inner { use super::clean::{trade, python}; }\nmod time;"),
        ("src/bars/time.rs", "// crate::trade\nconst A: &str = \"crate::trade\";"),
        ("src/bars/time.rs", "#[cfg(test)]\nmod tests { use crate::trade::Side; }"),
    ] {
        assert_eq!(upward_imports(path, text), [""; 0], "{path}: {text}");
    }
}

#[test]
fn python_in_the_core_is_seen() {
    assert_eq!(python_outside_its_room("src/bars/mod.rs", "use pyo3::prelude::*;\nuse numpy;").len(), 2);
    assert_eq!(python_outside_its_room("src/bars/mod.rs", "// as numpy does\nlet numpy_like = 1;").len(), 0);
    assert_eq!(python_outside_its_room("src/python/bars.rs", "use pyo3::prelude::*;").len(), 0);
}

#[test]
fn a_way_to_panic_is_seen_unless_a_lint_is_lifted_with_a_reason() {
    let all = "a.unwrap();\nb.expect(\"c\");\npanic!();\ntodo!();\nunimplemented!();\nunreachable!();\n";
    assert_eq!(ways_to_panic("src/a.rs", all).len(), 6);
    assert_eq!(ways_to_panic("src/a.rs", &format!("#[cfg(test)]\nmod tests {{ {all} }}")).len(), 0);
    let mild = "a.unwrap_or(1); b.unwrap_or_default(); // panic!\nlet c = \"panic!\"; #[expect(clippy::d)]\n";
    assert_eq!(ways_to_panic("src/a.rs", mild).len(), 0);
    let excused = |lint: &str| ways_to_panic("src/a.rs", &format!("{lint}\nfn f() {{ panic!() }}\n")).len();
    assert_eq!(excused("#[allow(clippy::panic, reason = \"that is its purpose\")]"), 0);
    assert_eq!(excused("#[allow(clippy::panic)]"), 1);
}

#[test]
fn the_world_in_the_core_is_seen() {
    for text in [
        "use std::time::Duration;",
        "use std::{fmt, fs};",
        "use std::{io::Read, time::{self}};",
        "let a = SystemTime::now();",
        "let a = chrono::Utc::now();",
        "rand::random()",
        "println!(\"a\")",
        "eprintln!(\"a\")",
        "dbg!(a)",
        "log::info!(\"a\")",
    ] {
        assert_eq!(worldly("src/bars/mod.rs", text).len(), 1, "{text}");
        assert_eq!(worldly("src/python/mod.rs", text).len(), 0, "{text}");
    }
    for text in ["use std::io::Read;", "operand::a()", "a.log()", "catalog::b()", "InstantFoo", "writeln!(f, \"a\")"] {
        assert_eq!(worldly("src/bars/mod.rs", text).len(), 0, "{text}");
    }
}

#[test]
fn a_long_function_is_seen() {
    let function =
        |lines: usize| format!("impl A {{\n    fn f(a: [u8; 3]) {{\n{}    }}\n}}\n", "        a;\n".repeat(lines));
    assert_eq!(long_functions("a.rs", &function(68)).len(), 0);
    assert_eq!(long_functions("a.rs", &function(69)).len(), 1);
    let two = format!("trait A {{ fn a(&self); }}\ntype B = fn(u8);\n{}", "fn b() {}\n".repeat(100));
    assert_eq!(long_functions("a.rs", &two).len(), 0);
}

#[test]
fn python_imports_are_read_in_every_form() {
    let text = "\"\"\"Doc\nfrom mt5_sentinel.a import b\n\"\"\"\nimport os, mt5_sentinel.c as d\n\
                from mt5_sentinel import e, f as g\nfrom mt5_sentinel.h import (\n    i,  # j\n    k,\n)\n\
                from . import l\nfrom .m import n\nfrom ..o import p\n# import mt5_sentinel.q\nraise A from mt5_sentinel.r\n";
    let mut seen: Vec<String> =
        imports("python/mt5_sentinel/room/x.py", text).into_iter().map(|(_, name)| name).collect();
    seen.sort();
    assert_eq!(seen, ["c", "e", "f", "h.i", "h.k", "o.p", "room.l", "room.m.n"]);
}

#[test]
fn a_python_import_against_the_house_is_seen() {
    let count = |path: &str, text: &str| wrong_imports(&format!("python/mt5_sentinel/{path}"), text).len();
    for (path, text) in [
        ("adapters/eodhd.py", "from mt5_sentinel.adapters.paper import PaperBroker"),
        ("adapters/eodhd.py", "from mt5_sentinel.adapters import paper"),
        ("adapters/eodhd.py", "from .paper import PaperBroker"),
        ("cycle.py", "from mt5_sentinel.adapters.paper import PaperBroker"),
        ("cycle.py", "def f():\n    from mt5_sentinel import adapters"),
        ("web/server.py", "import mt5_sentinel.adapters.paper"),
        ("commands/run.py", "from mt5_sentinel.research import train"),
        ("adapters/gateway_bars.py", "from mt5_sentinel.gateway import rates"),
        ("daemon.py", "import mt5_sentinel.gateway.rates"),
        ("research/train.py", "from mt5_sentinel import gateway"),
        ("gateway/rates.py", "from mt5_sentinel.adapters.paper import PaperBroker"),
        ("gateway/rates.py", "from mt5_sentinel import daemon"),
        ("cycle.py", "from mt5_sentinel import research"),
        ("types.py", "from mt5_sentinel.journal import Journal"),
        ("types.py", "from mt5_sentinel import _core"),
        ("config.py", "from mt5_sentinel.web.health import Health"),
    ] {
        assert_eq!(count(path, text), 1, "{path}: {text}");
    }
    for (path, text) in [
        ("adapters/eodhd.py", "from mt5_sentinel.errors import Transient\nfrom mt5_sentinel import _core"),
        ("commands/run.py", "from mt5_sentinel.adapters.paper import PaperBroker"),
        ("research/train.py", "from mt5_sentinel.research.labels import label"),
        ("commands/gateway.py", "from mt5_sentinel.gateway.rates import rates_reply"),
        ("gateway/server.py", "from mt5_sentinel.gateway import rates"),
        ("gateway/server.py", "from mt5_sentinel.errors import Unusable"),
        ("ports.py", "from mt5_sentinel._core import Quote\nfrom mt5_sentinel.types import FillReport"),
        ("config.py", "from mt5_sentinel.errors import Misconfigured\nimport os"),
    ] {
        assert_eq!(count(path, text), 0, "{path}: {text}");
    }
}

#[test]
fn a_broad_except_is_seen() {
    let count = |text: &str| broad_excepts("python/mt5_sentinel/files.py", text).len();
    for caught in [
        "except Exception:",
        "except Exception as e:",
        "except:",
        "except (OSError, Exception):",
        "except BaseException:",
    ] {
        let text = format!("try:\n    a()\n{caught}\n    b()\nc()\n");
        assert_eq!(count(&text), 1, "{caught}");
        assert_eq!(broad_excepts("python/mt5_sentinel/guard.py", &text).len(), 0);
    }
    assert_eq!(
        count("try:\n    a()\nexcept BaseException:\n    b()\n    raise\n\nc()\n"),
        0,
        "cleaning up, not catching"
    );
    assert_eq!(count("try:\n    a()\nexcept Exception:\n    raise\n"), 1);
    assert_eq!(
        count("try:\n    a()\nexcept sqlite3.Error:\n    b()\n# except Exception:\n\"\"\"\nexcept:\n\"\"\"\n"),
        0
    );
}
