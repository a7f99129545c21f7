//! Text of others, for lines that people read.

/// Quotes `text` for one line of a log: control characters and what is not printable are escaped, and what is longer
/// than `most` characters is cut.
///
/// ```
/// assert_eq!(twinwall_host::show_text("two\nlines", 100), r#""two\nlines""#);
/// ```
#[must_use]
pub fn show_text(text: &str, most: usize) -> String {
    let mut shown = String::from("\"");
    let mut characters = text.chars();
    for character in characters.by_ref().take(most) {
        shown.extend(character.escape_debug());
    }
    if characters.next().is_some() {
        shown.push('…');
    }
    shown.push('"');
    shown
}
