//! Mail: how it is sent, and what it says.

use super::{Mistake, Reading, schema::Mail};
use crate::wire::{mail::is_address, name::is_host_name};
use std::net::IpAddr;

/// How the connection to a mail server is encrypted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Encryption {
    /// From the beginning.
    Implicit,
    /// After the first words.
    Starttls,
    /// Not at all.
    None,
}

impl Encryption {
    /// Reads its name.
    pub fn named(text: &str) -> Option<Encryption> {
        match text {
            "implicit" => Some(Encryption::Implicit),
            "starttls" => Some(Encryption::Starttls),
            "none" => Some(Encryption::None),
            _ => None,
        }
    }

    /// The port where it is usual.
    fn port(self) -> u16 {
        match self {
            Encryption::Implicit => 465,
            Encryption::Starttls => 587,
            Encryption::None => 25,
        }
    }
}

impl Mail {
    /// Whether mail is sent at all.
    pub fn is_sent(&self) -> bool {
        self.server.is_some() || self.sendmail.is_some()
    }

    /// The port of the mail server.
    pub fn port(&self) -> u16 {
        self.port.unwrap_or(self.tls.port())
    }

    /// That what it says can be.
    pub(super) fn check(
        &self,
        at: impl Fn(&mut Reading<'_>, &[&str]) -> usize,
        reading: &mut Reading<'_>,
    ) {
        let mut wrong = |keys: &[&str], mistake| {
            let at = at(reading, keys);
            reading.wrong(at, mistake);
        };
        if self.server.is_some() && self.sendmail.is_some() {
            let what = "`server` and `sendmail` are two ways to send mail; give one of them";
            wrong(&["sendmail"], Mistake::Clash(what));
        }
        if self.is_sent() && self.from.is_none() {
            let what = "[mail] needs `from`, the mail address that mail comes from";
            wrong(&["server", "sendmail"], Mistake::Clash(what));
        }
        if self.from.as_deref().is_some_and(|from| !is_address(from)) {
            wrong(&["from"], Mistake::Wants("from", "a mail address, as irc@example.org"));
        }
        let known = |host: &str| is_host_name(host) || host.parse::<IpAddr>().is_ok();
        if self.server.as_deref().is_some_and(|host| !known(host)) {
            let wants =
                "a host name or an address, as mail.example.org; the port is a key of its own";
            wrong(&["server"], Mistake::Wants("server", wants));
        }
        if self.user.is_some() != self.password.is_some() {
            let what = "`user` and `password` of [mail] go together; give both or none";
            wrong(&["user", "password", "password_file"], Mistake::Clash(what));
        }
        let outside = self.server.as_deref().is_some_and(|host| !is_this_machine(host));
        if self.tls == Encryption::None && outside {
            let what = "without `tls` mail goes only to this machine itself: give `implicit` or `starttls`, or a `server` as localhost";
            wrong(&["tls"], Mistake::Clash(what));
        }
        for (key, text, coded) in [
            ("verify", &self.verify, true),
            ("reset", &self.reset, true),
            ("address", &self.address, true),
            ("changed", &self.changed, false),
            ("memo", &self.memo, false),
        ] {
            if !is_letter(text, coded) {
                let wants = "a subject, an empty line and a text; with {code} in it, but for `changed` and `memo`";
                wrong(&[key], Mistake::Wants(key, wants));
            }
        }
    }
}

/// Whether a host is this machine, so that nobody in between can read what is sent there.
fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Whether a text can be a mail: its subject, an empty line, and what it says.
fn is_letter(text: &str, coded: bool) -> bool {
    let parts = text.split_once("\n\n");
    parts.is_some_and(|(subject, body)| {
        !subject.is_empty() && !subject.contains('\n') && (body.contains("{code}") || !coded)
    })
}

/// What the mails say if nothing else is configured.
pub(super) const VERIFY: &str = "Your account {account} on {network}\n\nThe account {account} has been registered on {network}\nwith this mail address. To complete that, say there:\n\n    /msg NickServ VERIFY {account} {code}\n\nThe code is good for {time}. If it was not you who did that, do\nnothing: the account is then forgotten.\n";
pub(super) const RESET: &str = "A new password for {account} on {network}\n\nSomebody has asked for a new password for the account {account}\non {network}. If that was you, say there:\n\n    /msg NickServ RESETPASS {account} {code} <new password>\n\nThe code is good for {time}. If it was not you, do nothing: your\npassword stays as it is.\n";
pub(super) const ADDRESS: &str = "Your mail address on {network}\n\nThe account {account} on {network} is to have this mail address.\nTo confirm that, log in there and say:\n\n    /msg NickServ VERIFYEMAIL {code}\n\nThe code is good for {time}. If it is not your account, do nothing.\n";
pub(super) const CHANGED: &str = "Another mail address for {account} on {network}\n\nThe account {account} on {network} has another mail address now,\nand nothing more is sent to this one. If it was not you who did that,\nturn to those who run {network}.\n";
pub(super) const MEMO: &str = "A memo from {sender} on {network}\n\n{sender} has left a memo for the account {account} on {network}:\n\n{memo}\n\nIt waits there as well:\n\n    /msg MemoServ READ NEW\n\nNo more are sent here after /msg NickServ SET EMAILMEMOS off.\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_anyway_is_a_letter() {
        for text in [VERIFY, RESET, ADDRESS] {
            assert!(is_letter(text, true), "{text}");
            assert!(text.lines().all(|line| line.len() < 76), "{text}");
        }
        for text in [CHANGED, MEMO] {
            assert!(is_letter(text, false) && !is_letter(text, true));
        }
        for text in ["", "one line", "\n\nno subject {code}", "two\nlines\n\n{code}"] {
            assert!(!is_letter(text, true), "{text:?}");
        }
    }
}
