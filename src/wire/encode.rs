//! What is sent: one message, encoded once for each set of capabilities that changes it.

use super::{
    cap::{self, CapSet},
    framing::BODY_MAX,
    tags,
};
use crate::time::{MsgId, Wall};
use std::fmt::Write;

/// A message on its way out.
///
/// Nothing that goes in can end the line early: CR, LF and NUL are left out.
#[derive(Clone, Debug, Default)]
pub struct Msg {
    tags: Vec<Tag>,
    time: Option<Wall>,
    id: Option<MsgId>,
    client_tags: Box<str>,
    /// Source, verb and parameters.
    body: String,
    extra: Option<(CapSet, Box<str>)>,
    only: CapSet,
    unless: CapSet,
}

#[derive(Clone, Debug)]
struct Tag {
    cap: CapSet,
    key: &'static str,
    value: Box<str>,
}

impl Msg {
    /// A message from somebody.
    pub fn new(source: &str, verb: &str) -> Msg {
        let mut body = String::with_capacity(source.len() + verb.len() + 96);
        body.push(':');
        push_clean(&mut body, source);
        body.push(' ');
        body.push_str(verb);
        Msg { body, ..Msg::default() }
    }

    /// A message from nobody in particular: ERROR, PING.
    pub fn bare(verb: &str) -> Msg {
        Msg { body: verb.into(), ..Msg::default() }
    }

    /// A middle parameter; stays one parameter whatever it holds.
    #[must_use]
    pub fn param(mut self, param: &str) -> Msg {
        self.body.push(' ');
        push_middle(&mut self.body, param);
        self
    }

    /// The last parameter, behind a colon.
    #[must_use]
    pub fn text(mut self, text: &str) -> Msg {
        self.body.push_str(" :");
        push_clean(&mut self.body, text);
        self
    }

    /// Parameters that stand as they are to stand.
    #[must_use]
    pub fn rest(mut self, rest: &str) -> Msg {
        self.body.push(' ');
        push_clean(&mut self.body, rest);
        self
    }

    /// The time, for those with `server-time`.
    #[must_use]
    pub fn time(mut self, time: Wall) -> Msg {
        self.time = Some(time);
        self
    }

    /// The message id, for those with `message-tags`.
    #[must_use]
    pub fn id(mut self, id: MsgId) -> Msg {
        self.id = Some(id);
        self
    }

    /// Without its id: what goes on with a message that has it already.
    #[must_use]
    pub fn continued(mut self) -> Msg {
        self.id = None;
        self
    }

    /// The sender's account, for those with `account-tag`.
    #[must_use]
    pub fn account(self, account: Option<&str>) -> Msg {
        match account {
            Some(account) => self.tag(cap::ACCOUNT_TAG, "account", account),
            None => self,
        }
    }

    /// A tag for those with a capability.
    #[must_use]
    pub fn tag(mut self, cap: CapSet, key: &'static str, value: &str) -> Msg {
        self.tags.push(Tag { cap, key, value: tags::escape(value).into() });
        self
    }

    /// Client-only tags, raw, for those with `message-tags`.
    #[must_use]
    pub fn client_tags(mut self, raw: &str) -> Msg {
        self.client_tags = raw.into();
        self
    }

    /// Parameters that only those with a capability see, after all others.
    #[must_use]
    pub fn with(mut self, cap: CapSet, extra: &str) -> Msg {
        self.extra = Some((cap, extra.replace(['\r', '\n', '\0'], "").into()));
        self
    }

    /// Only those with a capability get the message at all.
    #[must_use]
    pub fn only(mut self, cap: CapSet) -> Msg {
        self.only = cap;
        self
    }

    /// Those with a capability do not get the message.
    #[must_use]
    pub fn unless(mut self, cap: CapSet) -> Msg {
        self.unless = cap;
        self
    }

    /// The capabilities that can change this message; others cannot split its encoding.
    pub fn relevant(&self) -> CapSet {
        let mut set = self.tags.iter().fold(self.only.or(self.unless), |set, tag| set.or(tag.cap));
        if self.time.is_some() {
            set = set.or(cap::SERVER_TIME);
        }
        if self.id.is_some() || !self.client_tags.is_empty() {
            set = set.or(cap::MESSAGE_TAGS);
        }
        self.extra.as_ref().map_or(set, |extra| set.or(extra.0))
    }

    /// Appends the line as one with these capabilities sees it. False, and nothing appended, if it is
    /// not for them.
    pub fn encode(&self, caps: CapSet, out: &mut Vec<u8>) -> bool {
        let barred = !self.unless.is_empty() && caps.contains(self.unless);
        if barred || !caps.contains(self.only) {
            return false;
        }
        self.encode_tags(caps, out);
        let start = out.len();
        out.extend_from_slice(self.body.as_bytes());
        if let Some((_, extra)) = self.extra.as_ref().filter(|extra| caps.contains(extra.0)) {
            out.push(b' ');
            out.extend_from_slice(extra.as_bytes());
        }
        cut(out, start + BODY_MAX - 2);
        out.extend_from_slice(b"\r\n");
        true
    }

    fn encode_tags(&self, caps: CapSet, out: &mut Vec<u8>) {
        let start = out.len();
        let key = |out: &mut Vec<u8>, key: &str| {
            out.push(if out.len() == start { b'@' } else { b';' });
            out.extend_from_slice(key.as_bytes());
        };
        if let Some(time) = self.time.filter(|_| caps.contains(cap::SERVER_TIME)) {
            key(out, "time=");
            push_time(out, time);
        }
        for tag in self.tags.iter().filter(|tag| caps.contains(tag.cap)) {
            key(out, tag.key);
            if !tag.value.is_empty() {
                out.push(b'=');
                out.extend_from_slice(tag.value.as_bytes());
            }
        }
        if caps.contains(cap::MESSAGE_TAGS) {
            if let Some(id) = self.id {
                key(out, "msgid=");
                out.extend_from_slice(id.to_string().as_bytes());
            }
            if !self.client_tags.is_empty() {
                key(out, &self.client_tags);
            }
        }
        if out.len() > start {
            out.push(b' ');
        }
    }
}

/// Copies an encoded line with one more tag (`key=value`, escaped) in front.
pub fn add_tag(line: &[u8], tag: &str, out: &mut Vec<u8>) {
    out.push(b'@');
    out.extend_from_slice(tag.as_bytes());
    match line.strip_prefix(b"@") {
        Some(rest) => {
            out.push(b';');
            out.extend_from_slice(rest);
        }
        None => {
            out.push(b' ');
            out.extend_from_slice(line);
        }
    }
}

/// Appends a middle parameter: `*` in place of what would not stay one parameter.
pub fn push_middle(body: &mut String, param: &str) {
    if param.is_empty() || param.starts_with(':') || param.contains([' ', '\r', '\n', '\0']) {
        body.push('*');
    } else {
        body.push_str(param);
    }
}

/// The longest beginning of a text that has at most `max` bytes and breaks no character.
pub fn head(text: &str, max: usize) -> &str {
    let mut end = text.len().min(max);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

fn push_clean(body: &mut String, text: &str) {
    if text.bytes().any(|byte| matches!(byte, b'\r' | b'\n' | b'\0')) {
        body.extend(text.chars().filter(|c| !matches!(c, '\r' | '\n' | '\0')));
    } else {
        body.push_str(text);
    }
}

/// Cuts the line at `end`, or before the character that stands there.
fn cut(out: &mut Vec<u8>, mut end: usize) {
    if out.len() <= end {
        return;
    }
    // A byte of the form 10xxxxxx goes on with a character.
    while out.get(end).is_some_and(|byte| byte & 0xC0 == 0x80) {
        end -= 1;
    }
    out.truncate(end);
}

/// A time as `server-time` and the log show it.
pub fn timestamp(time: Wall) -> String {
    let mut out = Vec::new();
    push_time(&mut out, time);
    String::from_utf8(out).unwrap_or_default()
}

/// `2026-11-22T23:59:59.123Z` (`ircv3: server-time`).
fn push_time(out: &mut Vec<u8>, time: Wall) {
    let mut text = String::with_capacity(24);
    let (year, month, day) = date(time.0 / 86_400_000);
    let ms = time.0 % 86_400_000;
    let (hour, minute, second) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60);
    let _ = write!(
        text,
        "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z",
        ms % 1000
    );
    out.extend_from_slice(text.as_bytes());
}

/// The Gregorian date of a day since 1970, counted in eras of 400 years from 1 March of the year 0.
pub fn date(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        time::{Sid, Stamp},
        wire::message,
    };

    fn text(msg: &Msg, caps: CapSet) -> String {
        let mut out = Vec::new();
        msg.encode(caps, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn capabilities_change_what_is_seen() {
        let msg =
            Msg::new("a!b@c", "JOIN").param("#c").with(cap::EXTENDED_JOIN, "* :A B").time(Wall(0));
        assert_eq!(text(&msg, CapSet::EMPTY), ":a!b@c JOIN #c\r\n");
        assert_eq!(text(&msg, cap::EXTENDED_JOIN), ":a!b@c JOIN #c * :A B\r\n");
        assert_eq!(
            text(&msg, cap::SERVER_TIME),
            "@time=1970-01-01T00:00:00.000Z :a!b@c JOIN #c\r\n"
        );
        assert_eq!(msg.relevant(), cap::EXTENDED_JOIN.or(cap::SERVER_TIME));
        assert_eq!(text(&msg.clone().only(cap::BATCH), CapSet::EMPTY), "");
        assert_eq!(text(&msg.unless(cap::BATCH), cap::BATCH), "");
    }

    #[test]
    fn tags_come_in_one_list() {
        let id = MsgId { at: Stamp { tick: 1, server: Sid::FIRST }, line: 0 };
        let msg = Msg::new("a", "TAGMSG")
            .param("b")
            .account(Some("x y"))
            .id(id)
            .client_tags("+typing=active");
        let all = cap::ACCOUNT_TAG.or(cap::MESSAGE_TAGS);
        assert_eq!(
            text(&msg, all),
            "@account=x\\sy;msgid=0000000000001000;+typing=active :a TAGMSG b\r\n"
        );
    }

    #[test]
    fn a_line_is_cut_between_characters() {
        let msg = Msg::new("a", "PRIVMSG").param("b").text(&"é".repeat(400));
        let line = text(&msg, CapSet::EMPTY);
        assert!(line.len() <= 512 && line.len() > 508, "{}", line.len());
        assert!(line.ends_with("é\r\n"));
    }

    #[test]
    fn nothing_ends_a_line_early() {
        let msg = Msg::new("a\r\nb", "X")
            .param("c\nd")
            .text("e\r\nf\0g")
            .rest("h\ni")
            .with(cap::BATCH, "j\r\nk");
        assert_eq!(text(&msg, cap::BATCH), ":ab X * :efg hi jk\r\n");
    }

    #[test]
    fn what_is_encoded_parses_to_the_same() {
        let msg = Msg::new("n!u@h", "PRIVMSG").param("#c").text(" hi :there").tag(
            cap::BATCH,
            "batch",
            "a b",
        );
        let line = text(&msg, cap::BATCH);
        let parsed = message::parse(line.trim_end()).unwrap();
        assert_eq!((parsed.source, parsed.verb), (Some("n!u@h"), "PRIVMSG"));
        assert_eq!(parsed.args.iter().collect::<Vec<_>>(), ["#c", " hi :there"]);
        assert_eq!(parsed.tags.get("batch").as_deref(), Some("a b"));
    }

    #[test]
    fn pieces_join_as_everybody_joins_them() {
        let msg = |params: &[&str], last: &str| {
            let msg = params.iter().fold(Msg::new("s", "foo"), |msg, param| msg.param(param));
            text(&msg.text(last), CapSet::EMPTY)
        };
        assert_eq!(text(&Msg::new("s", "AWAY"), CapSet::EMPTY), ":s AWAY\r\n");
        assert_eq!(msg(&[], ""), ":s foo :\r\n");
        assert_eq!(msg(&["b\tar"], ":asdf"), ":s foo b\tar ::asdf\r\n");
        assert_eq!(msg(&["bar"], "lol :) "), ":s foo bar :lol :) \r\n");
        let tagged = Msg::bare("C").tag(cap::MESSAGE_TAGS, "a", "b\\and\nk;").tag(
            cap::MESSAGE_TAGS,
            "c",
            "",
        );
        assert_eq!(text(&tagged, cap::MESSAGE_TAGS), "@a=b\\\\and\\nk\\:;c C\r\n");
    }

    #[test]
    fn dates_are_right_across_leap_years() {
        for (days, expected) in [
            (0, (1970, 1, 1)),
            (11_016, (2000, 2, 29)),
            (19_782, (2024, 2, 29)),
            (20_779, (2026, 11, 22)),
        ] {
            assert_eq!(date(days), expected);
        }
    }
}
