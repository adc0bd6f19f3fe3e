//! Capabilities that come and go: those who want to hear of it are told (`ircv3: cap-notify`).

use super::{ConnId, Core, account, effect::Effects, render, sasl, session::Session};
use crate::{
    config::Config,
    time::Now,
    wire::cap::{self, CapSet},
};

/// What capabilities depend on.
#[derive(Clone, Debug)]
pub struct Offer<'a> {
    /// The configuration in force.
    pub config: &'a Config,
    /// Whether anybody can log in now.
    pub log_in: bool,
}

/// Capabilities that come and go, with what makes their value; none while they are not offered.
type Changing = (&'static str, CapSet, fn(&Offer<'_>, &Session) -> Option<String>);

const CHANGING: &[Changing] = &[
    ("draft/account-2fa", cap::ACCOUNT_2FA, |offer, _| factors(offer)),
    ("draft/account-registration", cap::ACCOUNT_REGISTRATION, |offer, session| {
        account::registration(offer.config, session)
    }),
    ("sasl", cap::SASL, sasl),
];

/// What `sasl` tells a session; nothing while nobody can log in.
pub fn sasl(offer: &Offer<'_>, session: &Session) -> Option<String> {
    if offer.log_in { sasl::value(offer.config, session) } else { None }
}

/// What `draft/account-2fa` tells: the kinds of second factors that there are; nothing while nobody can log in.
pub fn factors(offer: &Offer<'_>) -> Option<String> {
    offer.log_in.then(|| "totp".to_owned())
}

impl Core {
    /// What capabilities depend on now.
    pub fn offer(&self) -> Offer<'_> {
        Offer { config: &self.config, log_in: self.logs_in() }
    }
}

/// Logging in has become possible, or is possible no more: what was until now.
pub fn tell_log_in(core: &mut Core, fx: &mut Effects, before: bool, now: Now) {
    let config = core.config.clone();
    tell(core, fx, &Offer { config: &config, log_in: before }, now);
}

/// Tells what is offered otherwise than before. What is offered no more, nobody has.
pub fn tell(core: &mut Core, fx: &mut Effects, before: &Offer<'_>, now: Now) {
    let conns: Vec<ConnId> = core.sessions.iter().map(|(conn, _)| conn).collect();
    for conn in conns {
        for (name, set, value) in CHANGING {
            let session = &core.sessions[conn];
            let new = value(&core.offer(), session);
            if new == value(before, session) {
                continue;
            }
            let (verb, text) = match new {
                Some(value) if session.cap_version >= 302 && !value.is_empty() => {
                    ("NEW", format!("{name}={value}"))
                }
                Some(_) => ("NEW", (*name).to_owned()),
                None => ("DEL", (*name).to_owned()),
            };
            let session = &mut core.sessions[conn];
            if verb == "DEL" {
                session.caps = session.caps.without(*set);
            }
            if session.caps.contains(cap::CAP_NOTIFY) {
                let target = render::addressee(core, conn).to_owned();
                let line = ("CAP", &[target.as_str(), verb][..], Some(text.as_str()));
                render::server_line(core, fx, conn, line, now);
            }
        }
    }
}
