//! A client connection: its phase, its capabilities, and what it is waiting for.

use super::{
    ConnId,
    account::Errand,
    blocklist::InquiryId,
    class::{ClassId, Facts},
    effect::Effects,
    flood::Bucket,
    gateway::Claim,
    metadata::early::Early,
    multiline::Batch,
    peer::{Origin, Peer, Tls},
    sasl::Exchange,
    second::request::Task,
    timer,
};
use crate::{
    config::{Config, Listen, Secret},
    core::ctx::{Again, Next},
    network::UserId,
    registry::Login,
    time::{Mono, Now},
    wire::{cap::CapSet, name::Nick},
};

/// A client connection.
#[derive(Debug)]
pub struct Session {
    /// How far it has come.
    pub phase: Phase,
    /// The capabilities it has asked for and been given.
    pub caps: CapSet,
    /// The version of capability negotiation it speaks; 302 and above hear of changes unasked.
    pub cap_version: u16,
    /// Which of the configuration's listeners accepted it, as they are now; none if that is gone.
    pub listener: Option<u16>,
    /// The class of its connection.
    pub class: ClassId,
    /// Where it comes from.
    pub from: Origin,
    /// What is known of its encryption.
    pub tls: Option<Box<Tls>>,
    /// How fast it may go on.
    pub flood: Bucket,
    /// When something was last heard from it.
    pub heard: Mono,
    /// When it was asked whether it is still there, if it has not answered yet.
    pub pinged: Option<Mono>,
    /// The timer by which it is looked after.
    pub timer: timer::Key,
    /// What its next line has to wait for.
    pub wait: Wait,
    /// The batch that it has opened.
    pub batch: Option<Box<Batch>>,
    /// The answer to a labelled command that is not complete yet.
    pub answer: Option<Box<Answer>>,
    /// The numerics that the command at work has declared.
    pub declared: &'static [&'static str],
    /// The `[[oper]]` whose password is being checked.
    pub oper: Option<Box<str>>,
    /// How far it has come with logging in by SASL.
    pub sasl: Option<Box<Exchange>>,
    /// The service that answers the command at work, if it is not the server.
    pub voice: Option<&'static str>,
    /// What it is at that takes several steps.
    pub errand: Option<Box<Errand>>,
    /// What it asks about the second factor of its account.
    pub second: Option<Box<Task>>,
    /// What it was asked, and goes on with, when the answer comes for which the command at work waits.
    pub again: Option<Box<Again>>,
    /// The gateway that speaks for it, by WEBIRC.
    pub gateway: Option<Box<str>>,
    /// The nicks that it monitors.
    pub monitor: Vec<Nick>,
    /// The metadata keys of which it wants to hear; bounded by `[limits] metadata_subs`.
    pub keys: Vec<Box<str>>,
    /// Whether it has been told goodbye.
    pub closing: bool,
}

/// How far a session has come.
#[derive(Debug)]
pub enum Phase {
    /// It has not said who it is.
    New(Box<Registration>),
    /// It belongs to a user.
    User(UserId),
}

/// What a session has said about itself so far.
#[derive(Debug, Default)]
pub struct Registration {
    /// The nick it asks for.
    pub nick: Option<Nick>,
    /// The nick that it has asked for last and that somebody else has.
    pub refused: Option<Nick>,
    /// Its user name and its real name.
    pub user: Option<(Box<str>, Box<str>)>,
    /// The password it has given.
    pub password: Option<Secret>,
    /// Whether the password is right; asked of a worker once all else is known.
    pub admitted: bool,
    /// The away message, for a user who comes and is not there.
    pub away: Option<Box<str>>,
    /// What the user tells of themselves; bounded by `[limits] metadata_keys`.
    pub metadata: Early,
    /// Whether it is negotiating capabilities.
    pub negotiating: bool,
    /// Whether the name of its address is still being looked up.
    pub resolving: bool,
    /// What blocklists are asked about its address, as far as it waits for that.
    pub inquiries: Vec<InquiryId>,
    /// The blocklists that know its address, with their replies; each once.
    pub listed: Vec<Box<str>>,
    /// Why it has to log in to an account, if it has to.
    pub log_in: Option<Box<str>>,
    /// The name of its address.
    pub host: Option<Box<str>>,
    /// The account it has logged in to.
    pub login: Option<Box<Login>>,
    /// The host that its account has, to be shown.
    pub vhost: Option<Box<str>>,
    /// How many memos its account has that have not been read.
    pub memos: usize,
    /// What a gateway says of it, until the gateway's password has been checked.
    pub claim: Option<Box<Claim>>,
}

/// What a session's next line has to wait for.
#[derive(Debug, Default)]
pub enum Wait {
    /// Nothing.
    #[default]
    Nothing,
    /// The answer of a worker.
    Job,
    /// The end of a TLS handshake.
    Handshake,
    /// The rest of a long answer, which goes on when the output has drained.
    Stream(Box<Next>),
}

/// The answer to a labelled command, while it is not complete.
#[derive(Debug, Default)]
pub struct Answer {
    /// The label.
    pub label: Box<str>,
    /// The batch that has been opened for it.
    pub batch: Option<Box<str>>,
    /// The lines that have not been sent.
    pub lines: Vec<u8>,
    /// How many.
    pub count: usize,
}

impl Session {
    /// A connection that has just been opened.
    pub fn new(peer: Peer, now: Now) -> Session {
        Session {
            phase: Phase::New(Box::default()),
            caps: CapSet::EMPTY,
            cap_version: 0,
            listener: u16::try_from(peer.listener).ok(),
            class: ClassId::default(),
            from: peer.from,
            tls: peer.tls.map(Box::new),
            flood: Bucket::full(now.mono),
            heard: now.mono,
            pinged: None,
            timer: timer::Key::default(),
            wait: Wait::Nothing,
            batch: None,
            answer: None,
            declared: &[],
            oper: None,
            sasl: None,
            voice: None,
            errand: None,
            second: None,
            again: None,
            gateway: None,
            monitor: Vec::new(),
            keys: Vec::new(),
            closing: false,
        }
    }

    /// The user, once it has one.
    pub fn user(&self) -> Option<UserId> {
        match self.phase {
            Phase::User(user) => Some(user),
            Phase::New(_) => None,
        }
    }

    /// What it has said about itself, until it has a user.
    pub fn registration(&mut self) -> Option<&mut Registration> {
        match &mut self.phase {
            Phase::New(registration) => Some(registration),
            Phase::User(_) => None,
        }
    }

    /// The listener that accepted it, unless that is gone.
    pub fn listen<'a>(&self, config: &'a Config) -> Option<&'a Listen> {
        config.listen.get(usize::from(self.listener?))
    }

    /// What is known of it for choosing its class.
    pub fn facts(&self) -> Facts<'_> {
        Facts {
            from: self.from,
            listener: self.listener.map(usize::from),
            gateway: self.gateway.as_deref(),
            account: self.login().map(|login| &*login.name),
            certified: self.tls.as_ref().is_some_and(|tls| tls.fingerprint.is_some()),
        }
    }

    /// The account that it has logged in to before it has a user.
    pub fn login(&self) -> Option<&Login> {
        match &self.phase {
            Phase::New(registration) => registration.login.as_deref(),
            Phase::User(_) => None,
        }
    }

    /// Whether its next line may be handled.
    pub fn ready(&self) -> bool {
        !self.closing && matches!(self.wait, Wait::Nothing) && !self.flood.is_closed()
    }
}

/// Sends one line to one connection.
pub fn send(fx: &mut Effects, conn: ConnId, encode: impl FnOnce(&mut Vec<u8>)) {
    fx.send(&[conn], |out| {
        encode(out);
        true
    });
}
