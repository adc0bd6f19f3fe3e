//! Messages of the internet (RFC 5322): addresses, and a mail in plain text as it is sent.
//!
//! Whatever goes in, a header is one line and says what it should: what comes from elsewhere cannot add
//! another.

use super::{encode, name::is_host_name};
use crate::time::Wall;
use base64::{Engine, engine::general_purpose::STANDARD};
use std::fmt::Write;

/// The longest address, in bytes (RFC 5321 §4.5.3.1.3).
pub const ADDRESS_MAX: usize = 254;

/// A mail.
#[derive(Clone, Copy, Debug)]
pub struct Mail<'a> {
    /// The address it comes from.
    pub from: &'a str,
    /// What is shown in place of that.
    pub name: &'a str,
    /// The address it goes to.
    pub to: &'a str,
    /// What it is about.
    pub subject: &'a str,
    /// What it says, in lines.
    pub text: &'a str,
    /// When it was written.
    pub date: Wall,
    /// What it is known by: unlike that of any other mail.
    pub id: &'a str,
}

impl Mail<'_> {
    /// The message, each line with its end.
    pub fn message(&self) -> String {
        let Mail { from, to, .. } = self;
        let subject = unstructured(self.subject);
        let (text, encoding) = body(self.text);
        let name = match unstructured(self.name) {
            // Quotes within quotes would end them.
            plain if !plain.starts_with("=?") => format!("\"{}\"", plain.replace(['"', '\\'], "")),
            encoded => encoded,
        };
        format!(
            "Date: {}\r\nFrom: {name} <{from}>\r\nTo: <{to}>\r\nSubject: {subject}\r\n\
             Message-ID: <{}>\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n\
             Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: {encoding}\r\n\
             \r\n{text}",
            date(self.date),
            self.id,
        )
    }
}

/// Whether a text is a mail address as people write it: without quotes, comments or an address in place of
/// the host. Whether mail arrives there only mail can tell.
pub fn is_address(text: &str) -> bool {
    let Some((user, host)) = text.rsplit_once('@') else { return false };
    let plain = |c: char| {
        !c.is_whitespace() && !c.is_control() && (!c.is_ascii() || !"()<>[]:;@\\,\"".contains(c))
    };
    let dots = |user: &str| user.starts_with('.') || user.ends_with('.') || user.contains("..");
    let letters: String = host.chars().map(|c| if c.is_alphanumeric() { 'x' } else { c }).collect();
    text.len() <= ADDRESS_MAX
        && !user.is_empty()
        // A program that is given it could take it for an option.
        && !user.starts_with('-')
        && user.chars().all(plain)
        && !dots(user)
        && is_host_name(&letters)
}

/// The host of an address.
pub fn host(address: &str) -> &str {
    address.rsplit_once('@').map_or("", |parts| parts.1)
}

/// A header's text: as it is, or in encoded words (RFC 2047) where it is not plain.
fn unstructured(text: &str) -> String {
    let text: String = text.chars().filter(|c| !c.is_control()).take(HEADER_MAX).collect();
    if text.is_ascii() && !text.contains("=?") {
        return text;
    }
    let mut words = String::new();
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let word = encode::head(rest, WORD_MAX);
        rest = rest.get(word.len()..).unwrap_or_default();
        if !words.is_empty() {
            words.push_str("\r\n ");
        }
        // Writing to a string cannot fail.
        let _ = write!(words, "=?UTF-8?B?{}?=", STANDARD.encode(word));
    }
    words
}

/// The text in lines as they are sent, and how it is encoded.
fn body(text: &str) -> (String, &'static str) {
    let kept = |line: &str| line.chars().filter(|c| !c.is_control() || *c == '\t').collect();
    let lines: Vec<String> = text.lines().map(kept).collect();
    if lines.iter().all(|line| line.is_ascii() && line.len() <= LINE_MAX) {
        let lines = lines.iter().fold(String::new(), |text, line| text + line + "\r\n");
        return (lines, "7bit");
    }
    let encoded = STANDARD.encode(lines.join("\r\n") + "\r\n");
    let mut out = String::with_capacity(encoded.len() * 78 / 76 + 2);
    for (place, c) in encoded.chars().enumerate() {
        if place > 0 && place % 76 == 0 {
            out.push_str("\r\n");
        }
        out.push(c);
    }
    (out + "\r\n", "base64")
}

/// `Sun, 22 Nov 2026 23:59:59 +0000`
fn date(wall: Wall) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let secs = wall.secs();
    let (year, month, day) = encode::date(secs / 86_400);
    let named = |names: &[&'static str], place: u64| names.get(place as usize).copied();
    format!(
        "{}, {day} {} {year} {:02}:{:02}:{:02} +0000",
        named(&DAYS, secs / 86_400 % 7).unwrap_or_default(),
        named(&MONTHS, month - 1).unwrap_or_default(),
        secs / 3600 % 24,
        secs / 60 % 60,
        secs % 60
    )
}

/// How much of a header's text is kept, in characters.
const HEADER_MAX: usize = 200;

/// How many bytes go into one encoded word: a line with the name of its header has at most 76 characters.
const WORD_MAX: usize = 39;

/// The longest line that needs no encoding; a line may have 998 (RFC 5322 §2.1.1).
const LINE_MAX: usize = 900;

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Mail<'_> = Mail {
        from: "irc@example.org",
        name: "Local",
        to: "alice@mail.example",
        subject: "Your code",
        text: "Hello,\n\nit is abc.\n.\n",
        date: Wall(1_795_391_999_000),
        id: "1.0AA@irc.example.org",
    };

    #[test]
    fn a_mail_is_a_message() {
        assert_eq!(
            PLAIN.message(),
            "Date: Sun, 22 Nov 2026 23:59:59 +0000\r\nFrom: \"Local\" <irc@example.org>\r\n\
             To: <alice@mail.example>\r\nSubject: Your code\r\n\
             Message-ID: <1.0AA@irc.example.org>\r\nAuto-Submitted: auto-generated\r\n\
             MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\
             Content-Transfer-Encoding: 7bit\r\n\r\nHello,\r\n\r\nit is abc.\r\n.\r\n"
        );
        assert_eq!(date(Wall(1_709_164_800_000)), "Thu, 29 Feb 2024 00:00:00 +0000");
    }

    #[test]
    fn no_text_adds_a_header() {
        let evil = "x\r\nBcc: everybody@example.org\r\n\r\nbuy";
        let mail = Mail { subject: evil, name: "a\" <x@y.example>\r\nX: \"", ..PLAIN };
        let message = mail.message();
        let head = message.split_once("\r\n\r\n").unwrap().0;
        assert_eq!(head.lines().count(), 9, "{head}");
        assert!(head.contains("\r\nSubject: xBcc: everybody@example.orgbuy\r\n"), "{head}");
        assert!(head.contains("\r\nFrom: \"a <x@y.example>X: \" <irc@example.org>\r\n"), "{head}");
    }

    #[test]
    fn what_is_not_ascii_is_encoded() {
        let long = "Grüße aus der Küche ".repeat(9);
        let mail = Mail { subject: &long, name: "Café", text: &long, ..PLAIN };
        let message = mail.message();
        assert!(message.is_ascii());
        assert!(message.lines().all(|line| line.len() <= 78), "{message}");
        assert!(message.contains("\r\nFrom: =?UTF-8?B?Q2Fmw6k=?= <irc@example.org>\r\n"));
        let (head, body) = message.split_once("\r\n\r\n").unwrap();
        let body = STANDARD.decode(body.replace("\r\n", "")).unwrap();
        assert_eq!(String::from_utf8(body).unwrap(), format!("{long}\r\n"));
        let subject = head.split_once("Subject: ").unwrap().1;
        let subject = subject.split_once("\r\nMessage-ID").unwrap().0;
        let words = subject.split("\r\n ").map(|word| {
            let word = word.strip_prefix("=?UTF-8?B?").unwrap().strip_suffix("?=").unwrap();
            // Each word is whole characters.
            String::from_utf8(STANDARD.decode(word).unwrap()).unwrap()
        });
        assert_eq!(words.collect::<String>(), long);
        assert!(Mail { text: &"x".repeat(2000), ..PLAIN }.message().contains(": base64\r\n"));
        assert!(Mail { subject: "=?UTF-8?B?eA==?=", ..PLAIN }.message().contains("PT9VVEYt"));
    }

    #[test]
    fn addresses_are_as_people_write_them() {
        for good in ["a@b", "alice+irc@mail.example", "o'neil@x.example", "jürgen@köln.example"] {
            assert!(is_address(good), "{good}");
        }
        let long = format!("a@{}example", "b.".repeat(130));
        for bad in [
            "",
            "a",
            "@b",
            "a@",
            "a b@c",
            "a@b c",
            "a@b@c",
            "a\r\nRCPT TO:<b@c>@d",
            "-f@b.example",
            "a@-b",
            "a@b..c",
            "<a@b>",
            "\"a b\"@c",
            "a,b@c",
            "a@[192.0.2.1]",
            ".a@b",
            "a.@b",
            "a..b@c",
            "a\0@b",
            &long,
        ] {
            assert!(!is_address(bad), "{bad}");
        }
    }
}
