//! Formatting codes in messages: colours, bold and the like.

use std::borrow::Cow;

/// Bold, colour, hexadecimal colour, reset, monospace, reverse, italics, strikethrough, underline.
const CODES: &[char] = &['\x02', '\x03', '\x04', '\x0F', '\x11', '\x16', '\x1D', '\x1E', '\x1F'];

/// Whether there is formatting in a text.
pub fn any(text: &str) -> bool {
    text.contains(CODES)
}

/// A text without its formatting; borrowed if there was none.
pub fn strip(text: &str) -> Cow<'_, str> {
    if !any(text) {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(place) = rest.find(CODES) {
        let (before, after) = rest.split_at(place);
        plain.push_str(before);
        let mut after = after.chars();
        rest = match after.next() {
            Some('\x03') => colour(after.as_str(), 2, |c| c.is_ascii_digit()),
            Some('\x04') => colour(after.as_str(), 6, |c| c.is_ascii_hexdigit()),
            Some(_) | None => after.as_str(),
        };
    }
    plain.push_str(rest);
    Cow::Owned(plain)
}

/// Skips a colour, and a second one behind a comma.
fn colour(text: &str, most: usize, digit: impl Fn(char) -> bool) -> &str {
    let skip = |text: &str| text.chars().take(most).take_while(|c| digit(*c)).count();
    let after = text.get(skip(text)..).unwrap_or_default();
    if after.len() == text.len() {
        return text;
    }
    match after.strip_prefix(',').map(|second| (second, skip(second))) {
        Some((second, count @ 1..)) => second.get(count..).unwrap_or_default(),
        Some(_) | None => after,
    }
}

/// Whether any line of a text is a CTCP other than ACTION.
pub fn is_ctcp(text: &str) -> bool {
    text.split(['\n', '\r']).filter_map(|line| line.strip_prefix('\x01')).any(|body| {
        let verb = body.trim_end_matches('\x01').split(' ').next().unwrap_or_default();
        !verb.eq_ignore_ascii_case("ACTION")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formatting_is_taken_away_and_nothing_else() {
        for (text, plain) in [
            ("plain", "plain"),
            ("\x02b\x02\x1Di\x1F", "bi"),
            ("\x034,12red\x03", "red"),
            ("\x03123", "3"),
            ("\x03,x", ",x"),
            ("\x034,x", ",x"),
            ("\x04ff0000,00ff00x", "x"),
            ("é\x0Fé", "éé"),
            ("\x01ACTION \x02x\x01", "\x01ACTION x\x01"),
        ] {
            assert_eq!(strip(text), plain, "{text:?}");
        }
    }

    #[test]
    fn an_action_is_no_ctcp() {
        assert!(is_ctcp("\x01PING 1\x01") && is_ctcp("\x01VERSION"));
        assert!(is_ctcp("hi\n\x01PING 1\x01") && !is_ctcp("hi\r\x01ACTION waves\x01"));
        assert!(!is_ctcp("\x01ACTION waves\x01") && !is_ctcp("hi \x01PING\x01"));
    }
}
