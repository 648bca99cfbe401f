//! House rules of Python sources; each checker takes a path and a text and tells what breaks the rule.

use super::tidy_tree::{line_of, words};

const PACKAGE: &str = "mt5_sentinel";

/// Modules that know only each other.
const GROUND: [&str; 8] =
    ["types", "errors", "ports", "setting_row", "settings", "symbol_tables", "credentials", "config"];

/// The text with comments and strings blanked; line ends stay.
pub fn code(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let end = match bytes[at] {
            b'#' => bytes[at..].iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |length| at + length),
            b'"' | b'\'' => string_end(bytes, at),
            _ => {
                at += 1;
                continue;
            }
        };
        out[at..end].iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b' ');
        at = end;
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn string_end(bytes: &[u8], at: usize) -> usize {
    let quote = [bytes[at]; 3];
    let close = if bytes[at..].starts_with(&quote) { &quote[..] } else { &quote[..1] };
    let mut end = at + close.len();
    while end < bytes.len() && !bytes[end..].starts_with(close) {
        end += if bytes[end] == b'\\' { 2 } else { 1 };
    }
    (end + close.len()).min(bytes.len())
}

/// What a file of the package imports from the package, as dotted names below it, with the line: `from a import b`
/// gives `a.b`, for `b` may be a module.
pub fn imports(path: &str, text: &str) -> Vec<(usize, String)> {
    let code = code(text);
    let mut found = Vec::new();
    for at in words(&code, "from").chain(words(&code, "import")) {
        let line_start = code[..at].rfind('\n').map_or(0, |end| end + 1);
        if !code[line_start..at].trim().is_empty() {
            continue;
        }
        let statement = statement(&code[at..]);
        let modules = statement.strip_prefix("from ").map_or_else(
            || names(statement.trim_start_matches("import ")),
            |rest| {
                let (module, imported) = rest.split_once(" import ").unwrap_or((rest, ""));
                let module = absolute(path, module.trim());
                names(imported).into_iter().map(|name| format!("{module}.{name}")).collect()
            },
        );
        let ours = |module: String| module.strip_prefix(&format!("{PACKAGE}.")).map(str::to_owned);
        found.extend(modules.into_iter().filter_map(ours).map(|module| (line_of(&code, at), module)));
    }
    found
}

/// One import statement on one line, without parentheses.
fn statement(code: &str) -> String {
    let end = code.find('\n').unwrap_or(code.len());
    let end = if code[..end].contains('(') { code.find(')').unwrap_or(code.len()) } else { end };
    code[..end].replace(['(', ')', '\\', '\n'], " ").split_whitespace().collect::<Vec<_>>().join(" ")
}

fn names(list: &str) -> Vec<String> {
    list.split(',').filter_map(|name| name.split_whitespace().next()).map(str::to_owned).collect()
}

/// A relative module as an absolute one; `path` is `python/mt5_sentinel/…`.
fn absolute(path: &str, module: &str) -> String {
    let dots = module.bytes().take_while(|byte| *byte == b'.').count();
    if dots == 0 {
        return module.to_owned();
    }
    let folders: Vec<&str> = path.trim_start_matches("python/").split('/').collect();
    let kept = &folders[..folders.len().saturating_sub(dots)];
    kept.iter().copied().chain([&module[dots..]]).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(".")
}

/// Imports against the direction of the house.
pub fn wrong_imports(path: &str, text: &str) -> Vec<String> {
    let inside = path.trim_start_matches("python/").trim_start_matches(PACKAGE).trim_start_matches('/');
    let (room, own) = inside.split_once('/').unwrap_or(("", inside));
    let own = own.trim_end_matches(".pyi").trim_end_matches(".py");
    let mut told = Vec::new();
    for (line, module) in imports(path, text) {
        let mut parts = module.split('.');
        let (first, second) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let fault = match first {
            "adapters" if room == "adapters" && second != own => "adapters never import each other",
            "adapters" if room != "adapters" && room != "commands" && room != "gateway" => {
                "adapters are imported only from commands/"
            }
            "gateway" if room != "gateway" && room != "commands" => {
                "gateway/ is a program of its own, started by commands/"
            }
            "adapters" | "daemon" | "cycle" | "route" | "journal" if room == "gateway" => {
                "gateway/ is the other end of the wire: it imports nothing of the daemon's"
            }
            "research" if room != "research" => "research/ is imported by nothing outside it",
            "view" if room != "view" && room != "commands" && room != "dashboard" && room != "alerting" => {
                "view/ is for those who only read: the daemon imports none of it"
            }
            "dashboard" | "alerting" if room != first && room != "commands" => {
                "a program of its own, started by commands/"
            }
            "ops" if room != "ops" && room != "commands" => {
                "ops/ looks after the service: the daemon imports none of it"
            }
            _ if room.is_empty() && GROUND.contains(&own) && !is_ground(own, first) => {
                "types, errors, ports and config import nothing above them"
            }
            _ => continue,
        };
        told.push(format!("{path}:{line}: imports `{module}`: {fault}"));
    }
    told
}

fn is_ground(own: &str, module: &str) -> bool {
    GROUND.contains(&module) || (own == "ports" && module == "_core")
}

/// Handlers of everything outside `guard.py`. One of `BaseException` that cleans up and raises again is no handler.
pub fn broad_excepts(path: &str, text: &str) -> Vec<String> {
    if path == "python/mt5_sentinel/guard.py" {
        return Vec::new();
    }
    let code = code(text);
    let lines: Vec<&str> = code.lines().collect();
    let mut told = Vec::new();
    for (number, line) in lines.iter().enumerate() {
        let Some(caught) = line.trim_start().strip_prefix("except") else { continue };
        let is_bare = caught.trim_start().starts_with(':');
        let reaches_all = words(caught, "BaseException").next().is_some();
        let is_broad = is_bare || reaches_all || words(caught, "Exception").next().is_some();
        if is_broad && !(reaches_all && raises_again(&lines, number)) {
            told.push(format!("{path}:{}: `{}`", number + 1, line.trim()));
        }
    }
    told
}

/// Whether the last line of the block after `lines[head]` is `raise`.
fn raises_again(lines: &[&str], head: usize) -> bool {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let block =
        lines[head + 1..].iter().take_while(|line| line.trim().is_empty() || indent(line) > indent(lines[head]));
    block.filter(|line| !line.trim().is_empty()).last().is_some_and(|line| line.trim() == "raise")
}
