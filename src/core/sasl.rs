//! Logging in by SASL (`ircv3: sasl`): which ways are offered to whom, and how far a session has come.

use super::{
    ConnId, Core,
    account::Errand,
    ctx::{Ctx, Outcome, Reject},
    effect::Effects,
    render,
    session::Session,
    timer::{Key, Timer},
};
use crate::{
    config::Config,
    registry::RecordId,
    time::{Now, Stamp},
    wire::{
        fail,
        name::Nick,
        reply,
        sasl::{MECHANISMS, Mechanism, Pieces},
        scram,
    },
};
use std::time::Duration;

/// A session that is logging in.
#[derive(Debug)]
pub struct Exchange {
    /// In which way.
    pub mechanism: Mechanism,
    /// The message that is coming in.
    pub pieces: Pieces,
    /// What has been said so far.
    pub step: Step,
    /// When it is given up.
    timer: Key,
}

/// How far an exchange has come.
#[derive(Debug, Default)]
pub enum Step {
    /// The client says who it is.
    #[default]
    First,
    /// The account that has the client's certificate is looked for; as whom the client wants to act.
    Certified(Option<Nick>),
    /// The account of this name is looked for, for its verifier.
    Named(Box<scram::First>, Nick),
    /// The client has been given a challenge.
    Challenged {
        /// What its answer is judged by.
        exchange: Box<scram::Exchange>,
        /// The account, if there is one.
        proof: Option<Proof>,
        /// By which name it was asked for.
        name: Nick,
    },
    /// The client knows the password, and has been shown that this server knows its verifier.
    Proven {
        /// The account.
        proof: Proof,
        /// By which name it was asked for.
        name: Nick,
    },
    /// The client is to choose how it gives the code that the account takes too; what goes on with it.
    CodeWanted(Box<Errand>),
    /// The code comes.
    CodeComes(Box<Errand>),
}

/// An account whose password somebody knows, as it was stored then.
#[derive(Clone, Copy, Debug)]
pub struct Proof {
    /// Which.
    pub account: RecordId,
    /// When what it was checked by was stored.
    pub at: Stamp,
}

/// The ways to log in that are offered to a session.
pub fn offered<'a>(
    config: &'a Config,
    session: &'a Session,
) -> impl Iterator<Item = Mechanism> + 'a {
    let all = MECHANISMS.iter().map(|row| row.0);
    all.filter(|mechanism| config.accounts.sasl.contains(mechanism)).filter(|mechanism| {
        // Without TLS there is no certificate.
        *mechanism != Mechanism::External || session.tls.is_some()
    })
}

/// Their names, with commas between them; none if there are none.
pub fn value(config: &Config, session: &Session) -> Option<String> {
    let names: Vec<&str> = offered(config, session).map(Mechanism::name).collect();
    (!names.is_empty()).then(|| names.join(","))
}

/// Whether a mechanism could have that name (RFC 4422 §3.1), in capitals or not.
pub fn is_name(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (1..=NAME_LEN_MAX).contains(&text.len()) && text.bytes().all(allowed)
}

/// The longest name of a mechanism.
const NAME_LEN_MAX: usize = 20;

/// Whether verifiers for SCRAM are kept.
pub fn keeps_verifiers(config: &Config) -> bool {
    config.accounts.sasl.contains(&Mechanism::ScramSha256)
}

/// Does not let in who is not logged in to an account, and tells their client that it takes one.
pub fn require(ctx: &mut Ctx<'_>, why: &str) -> Outcome {
    ctx.standard(&fail::account_required());
    ctx.reply(reply::you_are_banned(why));
    Err(Reject::Quit(why.into()))
}

/// What a session has said so far, to go on from.
pub fn take_step(session: &mut Session) -> Step {
    session.sasl.as_mut().map(|exchange| std::mem::take(&mut exchange.step)).unwrap_or_default()
}

impl Core {
    /// A session begins to log in; it has as long for that as for its registration.
    pub fn begin_exchange(&mut self, conn: ConnId, mechanism: Mechanism, now: Now) {
        self.end_exchange(conn);
        let due = now.mono + self.config.limits.registration_timeout;
        let timer = self.timers.set(due, Timer::Sasl(conn));
        let (pieces, step) = (Pieces::default(), Step::First);
        if let Some(session) = self.sessions.get_mut(conn) {
            session.sasl = Some(Box::new(Exchange { mechanism, pieces, step, timer }));
        }
    }

    /// A session that logs in has so long for what is missing, and its registration has as well.
    pub fn prolong_exchange(&mut self, conn: ConnId, span: Duration, now: Now) {
        let due = now.mono + span;
        let timer = self.timers.set(due, Timer::Sasl(conn));
        let Some(session) = self.sessions.get_mut(conn) else { return };
        let registers = session.user().is_none();
        if let Some(exchange) = &mut session.sasl {
            self.timers.cancel(std::mem::replace(&mut exchange.timer, timer));
        }
        if registers {
            let latest = due + self.config.limits.registration_timeout;
            self.look_after(conn, latest, Timer::Registration(conn));
        }
    }

    /// A session logs in no more, whether or not it has; returns whether it did.
    pub fn end_exchange(&mut self, conn: ConnId) -> bool {
        let exchange = self.sessions.get_mut(conn).and_then(|session| session.sasl.take());
        let Some(exchange) = exchange else { return false };
        self.timers.cancel(exchange.timer);
        true
    }
}

/// A session that is logging in does not go on with it, and is told so.
pub fn abort(core: &mut Core, fx: &mut Effects, conn: ConnId, now: Now) {
    if core.end_exchange(conn) {
        render::reply(core, fx, conn, &reply::sasl_aborted(), now);
    }
}
