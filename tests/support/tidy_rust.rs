//! House rules of Rust sources; each checker takes a path and a text and tells what breaks the rule.

use super::tidy_tree::{is_word, line_of, words};

const FN_LINES_MAX: usize = 70;

/// Rooms and their floors; `Error` and `Result` are what the root passes on from `error`.
const FLOORS: [(&str, usize); 11] = [
    ("python", 4),
    ("trade", 3),
    ("backtest", 3),
    ("features", 2),
    ("scorer", 2),
    ("bars", 1),
    ("rolling", 0),
    ("lanes", 0),
    ("error", 0),
    ("Error", 0),
    ("Result", 0),
];

/// The text with comments, strings and character literals blanked; line ends stay.
pub fn code(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = text.as_bytes().to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let end = literal_end(bytes, at);
        if end == at {
            at += 1;
            continue;
        }
        out[at..end].iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b' ');
        at = end;
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// End of the comment, string or character that begins at `at`; `at` itself when none does.
fn literal_end(bytes: &[u8], at: usize) -> usize {
    let rest = &bytes[at..];
    let find = |from: usize, needle: &[u8]| {
        let place = rest[from..].windows(needle.len()).position(|window| window == needle);
        place.map_or(bytes.len(), |place| at + from + place + needle.len())
    };
    if rest.starts_with(b"//") {
        return find(2, b"\n") - usize::from(find(2, b"\n") < bytes.len());
    }
    if rest.starts_with(b"/*") {
        return find(2, b"*/");
    }
    if rest[0] == b'r' && (at == 0 || !is_word(bytes[at - 1]) || bytes[at - 1] == b'b') {
        let hashes = rest[1..].iter().take_while(|byte| **byte == b'#').count();
        if rest.get(1 + hashes) == Some(&b'"') {
            let close = [b"\"".as_slice(), &rest[1..=hashes]].concat();
            return find(2 + hashes, &close);
        }
    }
    if rest[0] == b'"' {
        let mut end = 1;
        while end < rest.len() && rest[end] != b'"' {
            end += if rest[end] == b'\\' { 2 } else { 1 };
        }
        return (at + end + 1).min(bytes.len());
    }
    if rest[0] == b'\'' {
        // A lifetime has no quote after its first character.
        return match rest {
            [_, b'\\', _, ..] => find(3, b"'"),
            [_, _, b'\'', ..] => at + 3,
            [_, first, ..] if !first.is_ascii() => find(1, b"'"),
            _ => at,
        };
    }
    at
}

/// Code without what `#[cfg(test)]` stands before.
pub fn shipped(text: &str) -> String {
    let mut code = code(text);
    while let Some(start) = code.find("#[cfg(test)]") {
        let end = item_end(&code, start);
        let blank: String = code[start..end].chars().map(|c| if c == '\n' { '\n' } else { ' ' }).collect();
        code.replace_range(start..end, &blank);
    }
    code
}

/// End of the item that begins at `start`: its closing brace, or its semicolon when it has no body.
fn item_end(code: &str, start: usize) -> usize {
    let (mut braces, mut others) = (0_usize, 0_usize);
    for (at, byte) in code.bytes().enumerate().skip(start) {
        match byte {
            b'(' | b'[' => others += 1,
            b')' | b']' => others = others.saturating_sub(1),
            b'{' => braces += 1,
            b'}' if braces <= 1 => return at + 1,
            b'}' => braces -= 1,
            b';' if braces == 0 && others == 0 => return at + 1,
            _ => {}
        }
    }
    code.len()
}

/// First names after every `prefix::`, those of a group `{a::b, c}` one by one, with the byte they stand at.
pub fn names_after(code: &str, prefix: &str) -> Vec<(usize, String)> {
    let needle = format!("{prefix}::");
    words(code, &needle).flat_map(|at| first_names(code, at + needle.len())).collect()
}

fn first_names(code: &str, at: usize) -> Vec<(usize, String)> {
    let name_at = |at: usize| code[at..].bytes().take_while(|byte| is_word(*byte) || *byte == b'*').count();
    if !code[at..].starts_with('{') {
        return vec![(at, code[at..at + name_at(at)].to_owned())];
    }
    let (mut names, mut depth, mut expects) = (Vec::new(), 0, false);
    for (place, byte) in code.bytes().enumerate().skip(at) {
        match byte {
            b'{' => (depth, expects) = (depth + 1, depth == 0),
            b'}' if depth == 1 => break,
            b'}' => depth -= 1,
            b',' => expects = depth == 1,
            _ if expects && !byte.is_ascii_whitespace() => {
                names.push((place, code[place..place + name_at(place)].to_owned()));
                expects = false;
            }
            _ => {}
        }
    }
    names
}

/// Imports that do not point to a lower floor. `path` is `src/<room>/…`; the root of the crate may name every room.
pub fn upward_imports(path: &str, text: &str) -> Vec<String> {
    let inside = path.trim_start_matches("src/").trim_end_matches(".rs").trim_end_matches("/mod");
    let modules: Vec<&str> = inside.split('/').collect();
    let room = modules[0];
    if room == "lib" {
        return Vec::new();
    }
    let Some(floor) = floor_of(room) else { return vec![format!("{path}: room `{room}` has no floor")] };
    let code = shipped(text);
    let mut told = Vec::new();
    for (at, name) in names_after(&code, "crate").into_iter().chain(names_of_the_root(&code, modules.len())) {
        let fault = match floor_of(&name) {
            _ if name == room => continue,
            Some(other) if other < floor => continue,
            Some(other) => format!("`{room}` (floor {floor}) imports `{name}` (floor {other})"),
            None => format!("`{room}` imports `{name}` of the root, which is no room"),
        };
        told.push(format!("{path}:{}: {fault}", line_of(&code, at)));
    }
    told
}

/// First names after as many `super::` as lead to the root from a file this deep; modules within the file count too.
fn names_of_the_root(code: &str, depth: usize) -> Vec<(usize, String)> {
    let within = |at: usize| {
        let modules = words(code, "mod").take_while(|start| *start < at);
        modules.filter(|start| code[start + 3..].starts_with(' ') && item_end(code, *start) > at).count()
    };
    let at_depth = |inner: usize| {
        let names = names_after(code, &vec!["super"; depth + inner].join("::"));
        names.into_iter().filter(move |(at, name)| within(*at) == inner && name != "super")
    };
    (0..3).flat_map(at_depth).collect()
}

fn floor_of(room: &str) -> Option<usize> {
    FLOORS.iter().find(|(name, _)| *name == room).map(|(_, floor)| *floor)
}

/// `pyo3` and `numpy` outside their room.
pub fn python_outside_its_room(path: &str, text: &str) -> Vec<String> {
    if path.starts_with("src/python/") {
        return Vec::new();
    }
    found(path, &code(text), &["pyo3", "numpy"])
}

/// Ways to end the process, unless a lint is lifted just above with a reason.
pub fn ways_to_panic(path: &str, text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().collect();
    let is_excused = |told: &String| {
        let line: usize = told.split(':').nth(1).and_then(|line| line.parse().ok()).unwrap_or(0);
        lines[line.saturating_sub(4)..line]
            .iter()
            .any(|line| line.contains("(clippy::") && line.contains("reason = \""))
    };
    let ways = [".unwrap()", ".expect(", "panic!", "todo!", "unimplemented!", "unreachable!"];
    found(path, &shipped(text), &ways).into_iter().filter(|told| !is_excused(told)).collect()
}

/// Clocks, chance, files, sockets and logs in the core.
pub fn worldly(path: &str, text: &str) -> Vec<String> {
    if path.starts_with("src/python/") {
        return Vec::new();
    }
    let code = shipped(text);
    let words = [
        "SystemTime",
        "Instant",
        "Utc::now",
        "Local::now",
        "rand",
        "fastrand",
        "getrandom",
        "print!",
        "println!",
        "eprint!",
        "eprintln!",
        "dbg!",
        "log",
        "tracing",
        "File::open",
        "File::create",
    ];
    let crates = words.iter().map(|word| match *word {
        "rand" | "fastrand" | "getrandom" | "log" | "tracing" => format!("{word}::"),
        _ => (*word).to_owned(),
    });
    let crates: Vec<String> = crates.collect();
    let mut told = found(path, &code, &crates.iter().map(String::as_str).collect::<Vec<_>>());
    for (at, name) in names_after(&code, "std") {
        if ["time", "fs", "net", "env", "process", "thread"].contains(&name.as_str()) {
            told.push(format!("{path}:{}: `std::{name}`", line_of(&code, at)));
        }
    }
    told
}

fn found(path: &str, code: &str, needles: &[&str]) -> Vec<String> {
    let places = needles.iter().flat_map(|needle| words(code, needle).map(move |at| (at, needle)));
    places.map(|(at, needle)| format!("{path}:{}: `{needle}`", line_of(code, at))).collect()
}

/// Functions longer than the budget.
pub fn long_functions(path: &str, text: &str) -> Vec<String> {
    let code = code(text);
    let mut told = Vec::new();
    for at in words(&code, "fn").filter(|at| code[at + 2..].starts_with(' ')) {
        let lines = code[at..item_end(&code, at)].lines().count();
        if lines > FN_LINES_MAX {
            told.push(format!("{path}:{}: a function of {lines} lines, {FN_LINES_MAX} at most", line_of(&code, at)));
        }
    }
    told
}
