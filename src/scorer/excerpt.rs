//! What an error shows of a file's own words.

/// The first characters of a hostile text, for a message of bounded length.
pub(super) fn excerpt(text: &str) -> String {
    text.chars().take(40).collect()
}
