//! Message tags (`ircv3: message-tags`), as they stand on the line.

use std::borrow::Cow;

/// The most bytes of tags that a client may send, without the `@` and the space.
pub const CLIENT_MAX: usize = 4094;

/// The tags of one line, raw.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tags<'a>(&'a str);

impl<'a> Tags<'a> {
    /// Tags as they stand between `@` and the space.
    pub fn new(raw: &'a str) -> Tags<'a> {
        Tags(raw)
    }

    /// Each key with its raw value, empty where there is none.
    pub fn iter(self) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.0
            .split(';')
            .filter(|tag| !tag.is_empty())
            .map(|tag| tag.split_once('=').unwrap_or((tag, "")))
    }

    /// The value of a tag; of several of one key, the last.
    pub fn get(self, key: &str) -> Option<Cow<'a, str>> {
        self.iter().filter(|tag| tag.0 == key).last().map(|tag| unescape(tag.1))
    }

    /// Whether there is any client-only tag.
    pub fn has_client_only(self) -> bool {
        self.iter().any(|tag| tag.0.len() > 1 && tag.0.starts_with('+'))
    }

    /// The client-only tags that are not denied, raw and joined as they came; of several of one key, the
    /// last. Those that hold what no line may hold are left out: some clients take a lone CR for the end
    /// of a line.
    pub fn client_only(self, denied: &[String]) -> String {
        let whole = |text: &str| !text.contains(['\r', '\n', '\0']);
        let passes = |tag: &(&str, &str)| {
            let named = tag.0.strip_prefix('+').is_some_and(|name| passes(name, denied));
            named && whole(tag.0) && whole(tag.1)
        };
        let mut kept: Vec<(&str, &str)> = Vec::new();
        for (key, value) in self.iter().filter(passes) {
            kept.retain(|tag| tag.0 != key);
            kept.push((key, value));
        }
        let mut text = String::new();
        for (key, value) in kept {
            if !text.is_empty() {
                text.push(';');
            }
            text.push_str(key);
            if !value.is_empty() {
                text.push('=');
                text.push_str(value);
            }
        }
        text
    }
}

/// Whether a client-only tag is passed on, as CLIENTTAGDENY tells: `*` denies all, `name` one, and `-name`
/// lets one pass in spite of `*` (`ircv3: message-tags`).
fn passes(name: &str, denied: &[String]) -> bool {
    let is = |entry: &String| entry == name;
    let all = denied.iter().any(|entry| entry == "*");
    let excepted = || denied.iter().any(|entry| entry.strip_prefix('-') == Some(name));
    !name.is_empty() && !denied.iter().any(is) && (!all || excepted())
}

/// A value as it stands on the line, without NUL, for which there is no way to stand there.
pub fn escape(value: &str) -> Cow<'_, str> {
    if !value.contains([';', ' ', '\\', '\r', '\n', '\0']) {
        return Cow::Borrowed(value);
    }
    let mut text = String::with_capacity(value.len() + 8);
    for c in value.chars() {
        match c {
            ';' => text.push_str("\\:"),
            ' ' => text.push_str("\\s"),
            '\\' => text.push_str("\\\\"),
            '\r' => text.push_str("\\r"),
            '\n' => text.push_str("\\n"),
            '\0' => (),
            other => text.push(other),
        }
    }
    Cow::Owned(text)
}

/// A value as it is meant.
pub fn unescape(raw: &str) -> Cow<'_, str> {
    if !raw.contains('\\') {
        return Cow::Borrowed(raw);
    }
    let mut text = String::with_capacity(raw.len());
    let mut chars = raw.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some(':') => text.push(';'),
                Some('s') => text.push(' '),
                Some('r') => text.push('\r'),
                Some('n') => text.push('\n'),
                Some(other) => text.push(other),
                None => (),
            },
            other => text.push(other),
        }
    }
    Cow::Owned(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_back_as_they_went() {
        for value in ["", "a", "a;b c\\d\r\n", "\\s", "é ü;"] {
            assert_eq!(unescape(&escape(value)), value);
        }
        assert_eq!(unescape("a\\"), "a");
        assert_eq!(unescape("\\b"), "b");
    }

    #[test]
    fn no_tag_can_carry_what_ends_a_line() {
        let tags = Tags::new("+a=1\r;+b\0=2;+c=3;+d=\n");
        assert_eq!(tags.client_only(&[]), "+c=3");
        assert_eq!(escape("a\0b\r"), "ab\\r");
        assert_eq!(escape("\0"), "");
    }

    #[test]
    fn of_one_key_the_last_counts() {
        let tags = Tags::new("a=1;+x;a=2;+y=3;+x=4;+");
        assert_eq!(tags.get("a").as_deref(), Some("2"));
        assert_eq!(tags.get("b"), None);
        assert_eq!(tags.client_only(&[]), "+y=3;+x=4");
    }

    #[test]
    fn what_is_denied_is_left_out() {
        let kept = |denied: &[&str]| {
            let denied: Vec<String> = denied.iter().map(|entry| (*entry).to_owned()).collect();
            Tags::new("+a=1;+draft/b;c").client_only(&denied)
        };
        assert_eq!(kept(&["a"]), "+draft/b");
        assert_eq!(kept(&["*"]), "");
        assert_eq!(kept(&["*", "-draft/b"]), "+draft/b");
        assert_eq!(kept(&["*", "a", "-a"]), "");
        assert_eq!(kept(&["-a"]), "+a=1;+draft/b");
    }
}
