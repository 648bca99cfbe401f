//! What an error shows of a file's own words.

/// The first characters of a hostile text, for a message of bounded length.
pub(super) fn excerpt(text: &str) -> String {
    text.chars().take(40).collect()
}

/// The same with a length of one's own, in one line: control characters and runs of blanks become a blank; `…` tells
/// that more came.
pub(super) fn one_line(text: &str, chars: usize) -> String {
    let mut line = blanks_as_one(text.chars());
    line.by_ref().take(chars).collect::<String>() + if line.next().is_some() { "…" } else { "" }
}

/// Both ends of a long text, each of at most so many characters, in one line.
pub(super) fn both_ends(text: &str, head: usize, tail: usize) -> String {
    let line: Vec<char> = blanks_as_one(text.chars()).collect();
    if line.len() <= head + tail {
        return line.into_iter().collect();
    }
    line[..head].iter().chain(&[' ', '…', ' ']).chain(&line[line.len() - tail..]).collect()
}

fn blanks_as_one(text: impl Iterator<Item = char>) -> impl Iterator<Item = char> {
    let is_blank = |c: char| c.is_control() || c.is_whitespace();
    let mut last_was_blank = true;
    text.filter_map(move |c| {
        let is_first = !last_was_blank;
        last_was_blank = is_blank(c);
        if last_was_blank { is_first.then_some(' ') } else { Some(c) }
    })
}
