//! What clients do with accounts in random histories: they make them, log in, change and end them, and
//! operators do so to those of others. More of it than of other phrases, since most comes to nothing.
//!
//! `{account}` stands for an account that somebody is logged in to, or one that may be there, `{record}` for
//! its id, `{code}` for what an app shows; the rest is as in `phrases`.

use super::Workload;
use crate::{
    sim::Sim,
    wire::{casemap::Casemap, name::Nick, sasl, totp},
};

impl Workload {
    /// Something that a client says about accounts.
    pub(super) fn account(&mut self, about: (&str, &str, &str)) -> Option<String> {
        let list = if self.dice.one_in(3) { PRIVILEGED } else { OWNED };
        let phrase = self.phrase(list, about)?;
        let mut known = accounts(&self.sim);
        known.push(format!("n{}", self.dice.below(6)));
        let account = known.swap_remove(self.dice.below(known.len()));
        let record = record(&self.sim, &account).unwrap_or_default();
        let phrase = phrase.replace("{account}", &account).replace("{record}", &record);
        Some(phrase.replace("{code}", &self.code()))
    }

    /// What every app shows now, since of what is random all secrets are alike here.
    fn code(&self) -> String {
        totp::code(&[7; totp::SECRET_LEN], self.sim.at().as_secs() / totp::STEP_SECS)
    }

    /// What logs in to an account of that name, if there is one and it has that password; some give a code with
    /// it, whether they are asked for one or not.
    pub(super) fn log_in(&mut self, name: &str) -> Vec<String> {
        let password = if self.owned { 0 } else { self.dice.below(2) };
        let mut messages = vec![("PLAIN", format!("\0{name}\0password{password}"))];
        if self.dice.one_in(4) {
            messages.push(("TOTP", self.code()));
        }
        let lines = messages.iter().flat_map(|(mechanism, message)| {
            let message = sasl::pieces(message.as_bytes());
            [(*mechanism).to_owned()].into_iter().chain(message)
        });
        lines.map(|word| format!("AUTHENTICATE {word}")).collect()
    }
}

/// The accounts that somebody is logged in to, as each server knows of its own users.
fn accounts(sim: &Sim) -> Vec<String> {
    let users = sim.servers().flat_map(|(_, server)| {
        let core = server.core();
        core.locals.iter().filter_map(|(user, _)| core.network().user(user).account())
    });
    users.map(str::to_owned).collect()
}

/// The account that owns a nick, as some server knows it.
fn record(sim: &Sim, nick: &str) -> Option<String> {
    let nick = Nick::lookup(nick, Casemap::Ascii)?;
    let mut servers = sim.servers();
    servers.find_map(|(_, server)| Some(server.core().network().claims().nick(&nick)?.to_string()))
}

/// What owners say, and those who would be.
const OWNED: &[&str] = &[
    "2FA ADD totp app{n} {code}",
    "2FA CHALLENGE totp",
    "2FA DISABLE totp {code}",
    "2FA ENABLE",
    "2FA LIST",
    "2FA REMOVE totp-1",
    "2FA STATUS",
    "HS OFF",
    "HS ON",
    "METADATA * CLEAR",
    "METADATA * SET k{n}",
    "METADATA * SET k{n} :by {me}",
    "METADATA * SET k{n} :of {account}",
    "REGISTER * * password0",
    "REGISTER * * password1",
    "MS SEND {account} hello",
    "NS 2FA TOTP ADD",
    "NS 2FA TOTP ADD {code}",
    "NS 2FA TOTP DEL {code}",
    "NS 2FA TOTP DEL {code}",
    "NS AJOIN ADD {channel}",
    "NS AJOIN DEL {channel}",
    "NS CLIENTS LOGOUT ALL",
    "NS EXPORT",
    "NS GET",
    "NS GROUP",
    "NS IDENTIFY {account} password0",
    "NS IDENTIFY {account} password0",
    "NS IDENTIFY {account} password1",
    "NS LOGOUT",
    "NS PASSWD password0 password1",
    "NS PASSWD password1 password0",
    "NS REGAIN {account}",
    "NS RELEASE {account}",
    "NS SESSIONS",
    "NS SET ACCOUNTNAME {me}",
    "NS SET EMAILMEMOS off",
    "NS SET EMAILMEMOS on",
    "NS SET ENFORCE {n}s",
    "NS SET ENFORCE off",
    "NS SET PRIVATE on",
    "NS UNGROUP n{n}",
];

/// What operators say, who become so for it.
const PRIVILEGED: &[&str] = &[
    "OPER root sesame\nHS DEL {account}",
    "OPER root sesame\nMETADATA {other} CLEAR",
    "OPER root sesame\nMETADATA {other} SET k{n} :by an operator",
    "OPER root sesame\nHS SET {account} v{n}.example",
    "OPER root sesame\nHS SET {account} w{n}.example",
    "OPER root sesame\nNS HOLD {account} ON",
    "OPER root sesame\nNS LIST",
    "OPER root sesame\nNS MARK {account} ON odd",
    "OPER root sesame\nNS RENAME {account} m{n}",
    "OPER root sesame\nNS RENAME {account} {me}",
    "OPER root sesame\nNS SADROP {account} {record}",
    "OPER root sesame\nNS SAREGISTER n{n} password0",
    "OPER root sesame\nNS SASET {account} NOOP on",
    "OPER root sesame\nNS SETPASS {account} password1",
    "OPER root sesame\nNS SUSPEND ADD {account} 20s spam",
    "OPER root sesame\nNS SUSPEND ADD {account} spam",
    "OPER root sesame\nNS SUSPEND DEL {account}",
    "OPER root sesame\nNS SUSPEND DEL n{n}",
];
