//! What a handler may touch, and the verbs it speaks.

use super::{
    ConnId, Core, audience,
    blocklist::InquiryId,
    effect::{Effect, Effects},
    frame::PeerId,
    local::Local,
    oper::Priv,
    policy, render,
    session::{Session, Wait},
    snotice, timer,
};
use crate::{
    job::{Answer, Job},
    network::{ChannelId, Network, User, UserId, op::Op},
    store::{Access, Find},
    time::{Mono, Now, Sid, Stamp},
    wire::{
        encode::Msg,
        fail::Standard,
        name::{ChannelName, Nick},
        reply::{self, Reply},
    },
};
use std::time::Duration;

/// How long a command waits for a worker before it goes on without.
pub const JOB_TIMEOUT: Duration = Duration::from_secs(15);

/// How much later than it should a worker may answer that it has found nothing.
pub const JOB_GRACE: Duration = Duration::from_secs(1);

/// Why a command was refused.
#[derive(Debug)]
pub enum Reject {
    /// With a numeric.
    Reply(Reply),
    /// With a standard reply (`ircv3: standard-replies`).
    Standard(Standard),
    /// With the end of the connection, for this reason.
    Quit(String),
}

impl From<Reply> for Reject {
    fn from(reply: Reply) -> Reject {
        Reject::Reply(reply)
    }
}

impl From<Standard> for Reject {
    fn from(standard: Standard) -> Reject {
        Reject::Standard(standard)
    }
}

/// How a command went.
pub type Outcome = Result<(), Reject>;

/// What runs when a worker has answered: a function in the same file as the command that asked.
pub type Resume = fn(&mut Ctx<'_>, Answer) -> Outcome;

/// A question that waits for its answer.
#[derive(Debug)]
pub struct Pending {
    /// Who goes on with the answer.
    pub then: Then,
    /// After which it is not waited for any more.
    pub timer: timer::Key,
    /// When it was asked.
    pub asked: Mono,
    /// What is to be answered without a worker, as soon as the timer says.
    pub soon: Option<Soon>,
    /// What is asked of the store, if that is asked.
    pub access: Option<Access>,
}

impl Pending {
    /// A question of which nothing but this is known.
    pub fn of(then: Then) -> Pending {
        let (timer, asked) = (timer::Key::default(), Mono::default());
        Pending { then, timer, asked, soon: None, access: None }
    }
}

/// How a question is answered without a worker.
#[derive(Debug)]
pub enum Soon {
    /// With what is remembered then: it may have changed since it was asked for.
    Remembered(Find),
    /// Not at all, since the store fails.
    Refused,
}

/// Who goes on with an answer.
#[derive(Clone, Copy, Debug)]
pub enum Then {
    /// The command of a session, whose next lines wait.
    Command {
        /// Which session.
        conn: ConnId,
        /// How.
        resume: Resume,
    },
    /// A session that goes on meanwhile.
    Aside {
        /// Which session.
        conn: ConnId,
        /// How.
        resume: Resume,
    },
    /// Whoever has come from an address that a blocklist is asked about.
    Blocklist(InquiryId),
    /// The session that has asked another server, and waits.
    Question {
        /// Which session.
        conn: ConnId,
        /// The server that is to answer.
        to: Sid,
        /// Which of the questions of this server it is.
        number: u64,
    },
    /// The server itself.
    Server(fn(&mut Core, &mut Effects, Answer, Now)),
    /// What is said to a linked server.
    Peer {
        /// Which.
        peer: PeerId,
        /// How.
        resume: fn(&mut Core, &mut Effects, PeerId, Answer, Now),
    },
}

/// Where a long answer goes on, as far as its command knows it: a slot, or nothing yet.
#[derive(Clone, Debug, Default)]
pub struct Cursor {
    /// The slot of the next thing to look at.
    pub slot: u32,
    /// How many more may be shown.
    pub left: usize,
    /// What was asked for, for the command to read again.
    pub asked: Vec<String>,
    /// Which user was shown last.
    pub after: Option<UserId>,
}

/// The rest of a long answer.
#[derive(Clone, Debug)]
pub struct Next {
    /// What shows the next piece, and says where to go on.
    pub step: fn(&mut Ctx<'_>, Cursor) -> Option<Cursor>,
    /// Where.
    pub cursor: Cursor,
}

/// What a session goes on with when an answer comes.
#[derive(Debug)]
pub struct Again {
    /// What was said, or else has to be known then.
    pub words: Vec<String>,
    /// What runs then, if the command at work does not know.
    pub then: fn(&mut Ctx<'_>, UserId, &[String]) -> Outcome,
}

/// Notes what was asked, for when the answer comes that it takes.
pub fn asks<T: AsRef<str>>(ctx: &mut Ctx<'_>, words: &[T]) {
    let words = words.iter().map(|word| word.as_ref().to_owned()).collect();
    ctx.session_mut().again = Some(Box::new(Again { words, then: |_, _, _| Ok(()) }));
}

/// What was asked.
pub fn asked(ctx: &mut Ctx<'_>) -> Vec<String> {
    ctx.session_mut().again.take().map(|again| again.words).unwrap_or_default()
}

/// How many things a long answer shows before it looks whether its reader keeps up.
pub const STREAM_PIECE: usize = 100;

/// A command at work.
#[derive(Debug)]
pub struct Ctx<'a> {
    /// This server.
    pub core: &'a mut Core,
    /// What is to be done.
    pub fx: &'a mut Effects,
    /// The time.
    pub now: Now,
    /// The session that asked.
    pub conn: ConnId,
    /// The numerics that the running command has declared.
    pub declared: &'static [&'static str],
    /// Whether the command acts by the powers of an operator of the network, and not of a member.
    pub forced: bool,
}

impl Ctx<'_> {
    /// The network, to read.
    pub fn network(&self) -> &Network {
        self.core.network()
    }

    /// The session that asked.
    pub fn session(&self) -> &Session {
        &self.core.sessions[self.conn]
    }

    /// The session that asked.
    pub fn session_mut(&mut self) -> &mut Session {
        &mut self.core.sessions[self.conn]
    }

    /// What this server knows of a user at home here.
    pub fn local(&self, user: UserId) -> Option<&Local> {
        self.core.locals.get(user)
    }

    /// Answers whoever asked, with a numeric.
    pub fn reply(&mut self, reply: Reply) {
        debug_assert!(
            self.declared.contains(&reply.code) || super::dispatch::COMMON.contains(&reply.code),
            "undeclared numeric {}",
            reply.code
        );
        render::reply(self.core, self.fx, self.conn, &reply, self.now);
    }

    /// Answers whoever asked, who must know batches, with numerics in a batch of a type.
    pub fn batch(&mut self, kind: &str, replies: &[Reply]) {
        let batch = self.core.new_batch();
        self.line("BATCH", &[&format!("+{batch}"), kind], None);
        for reply in replies {
            render::batched(self.core, self.fx, self.conn, (reply, &batch), self.now);
        }
        self.line("BATCH", &[&format!("-{batch}")], None);
    }

    /// Answers whoever asked, with a numeric that stands in a batch if one has been opened.
    pub fn reply_in(&mut self, batch: Option<&str>, reply: Reply) {
        debug_assert!(self.declared.contains(&reply.code), "undeclared numeric {}", reply.code);
        match batch {
            Some(batch) => {
                render::batched(self.core, self.fx, self.conn, (&reply, batch), self.now);
            }
            None => self.reply(reply),
        }
    }

    /// Answers whoever asked, with a standard reply that stands in a batch if one has been opened.
    pub fn standard_in(&mut self, batch: Option<&str>, standard: &Standard) {
        match batch {
            Some(batch) => {
                let said = (standard, batch);
                render::batched_standard(self.core, self.fx, self.conn, said, self.now);
            }
            None => self.standard(standard),
        }
    }

    /// Answers whoever asked, with a standard reply.
    pub fn standard(&mut self, standard: &Standard) {
        render::standard(self.core, self.fx, self.conn, standard, self.now);
    }

    /// Answers whoever asked, with a line of the server's own.
    pub fn line(&mut self, verb: &str, params: &[&str], text: Option<&str>) {
        render::server_line(self.core, self.fx, self.conn, (verb, params, text), self.now);
    }

    /// Tells whoever asked, in a notice of the server's, or of the service's to which it was said.
    pub fn notice(&mut self, text: &str) {
        let nick = render::addressee(self.core, self.conn).to_owned();
        match self.session().voice {
            Some(service) => {
                let source = self.core.service_mask(service);
                self.raw_as(&source, "NOTICE", &[&nick], text);
            }
            None => self.line("NOTICE", &[&nick], Some(text)),
        }
    }

    /// Tells whoever asked many lines, a piece at a time: the next when they have read the one before. How many
    /// there are at most is known to what makes them.
    pub fn notices(&mut self, lines: Vec<String>) {
        self.stream(Cursor { asked: lines, ..Cursor::default() }, |ctx, mut cursor| {
            let begin = cursor.slot as usize;
            let piece = cursor.asked.iter().skip(begin).take(STREAM_PIECE);
            piece.for_each(|line| ctx.notice(line));
            cursor.slot = cursor.slot.saturating_add(STREAM_PIECE as u32);
            ((cursor.slot as usize) < cursor.asked.len()).then_some(cursor)
        });
    }

    /// Makes something happen on the network: the only way in which a command changes it.
    pub fn commit(&mut self, op: Op) -> Stamp {
        self.core.commit(self.fx, op, Some(self.conn), self.now)
    }

    /// Asks a worker, and holds this session's next lines until it has answered. One question at a time.
    pub fn defer(&mut self, job: Job, resume: Resume) {
        debug_assert!(matches!(self.session().wait, Wait::Nothing), "a second question at once");
        self.core.ask(self.fx, job, Then::Command { conn: self.conn, resume }, self.now);
        self.session_mut().wait = Wait::Job;
    }

    /// Asks a worker while this session goes on.
    pub fn aside(&mut self, job: Job, resume: Resume) {
        self.core.ask(self.fx, job, Then::Aside { conn: self.conn, resume }, self.now);
    }

    /// Gives a long answer piece by piece, no faster than its reader reads it.
    pub fn stream(&mut self, cursor: Cursor, step: fn(&mut Ctx<'_>, Cursor) -> Option<Cursor>) {
        if let Some(cursor) = step(self, cursor) {
            self.session_mut().wait = Wait::Stream(Box::new(Next { step, cursor }));
            self.fx.push(Effect::Drain { conn: self.conn });
        }
    }

    /// A channel that somebody is in, by name. One of which whoever asks may not know is none: a refusal
    /// must not tell it from one that does not exist.
    pub fn channel(&self, name: &str) -> Result<ChannelId, Reject> {
        let known = |channel: &ChannelId| {
            let user = self.session().user();
            self.forced || user.is_some_and(|user| policy::sees(self, user, *channel))
        };
        let found = self.find_channel(name).filter(known);
        found.ok_or_else(|| reply::no_such_channel(name).into())
    }

    /// A channel that somebody is in, by name, be it hidden from whoever asks.
    pub fn find_channel(&self, name: &str) -> Option<ChannelId> {
        self.channel_name(name).and_then(|name| self.network().name(&name))
    }

    /// A user in sight, by nick.
    pub fn user(&self, nick: &str) -> Result<UserId, Reject> {
        self.find_user(nick).ok_or_else(|| reply::no_such_nick(nick).into())
    }

    /// A user in sight, by nick.
    pub fn find_user(&self, nick: &str) -> Option<UserId> {
        // Not bounded as a new nick is: a nick of another server, or one that shows an identity.
        Nick::lookup(nick, self.network().casemap()).and_then(|nick| self.network().nick(&nick))
    }

    /// A channel's name, if it is one.
    pub fn channel_name(&self, name: &str) -> Option<ChannelName> {
        ChannelName::new(name, self.network().casemap(), self.core.config.limits.channel)
    }

    /// Whether a user may use a privilege.
    pub fn may(&self, user: UserId, privilege: Priv) -> bool {
        self.core.may(user, privilege)
    }

    /// A user as the network knows them.
    pub fn whois(&self, user: UserId) -> &User {
        self.network().user(user)
    }

    /// Notes that a user has done something that people do, and not only their clients.
    pub fn touch(&mut self, user: UserId) {
        let now = self.now.mono;
        if let Some(local) = self.core.locals.get_mut(user) {
            local.active = now;
        }
    }

    /// Refuses something without giving up the rest of the command.
    pub fn refuse(&mut self, reject: Reject) {
        self.core.metrics.rejects += 1;
        match reject {
            // A service speaks in sentences.
            Reject::Reply(reply) if self.session().voice.is_some() => self.notice(reply.text()),
            Reject::Reply(reply) => self.reply(reply),
            Reject::Standard(standard) => self.standard(&standard),
            Reject::Quit(reason) => self.close(&reason),
        }
    }

    /// Tells operators of all servers who want to know of such things.
    pub fn snotice(&mut self, letter: char, text: &str) {
        snotice::everywhere(self.core, self.fx, letter, text, self.now);
    }

    /// Ends the connection with a reason.
    pub fn close(&mut self, reason: &str) {
        render::goodbye(self.core, self.fx, self.conn, reason);
    }

    /// Tells this session alone of something that somebody did.
    pub fn raw_as(&mut self, source: &str, verb: &str, params: &[&str], text: &str) {
        let msg = params.iter().fold(Msg::new(source, verb), |msg, param| msg.param(param));
        let msg = msg.text(text).time(self.now.wall);
        audience::send(self.core, self.fx, &msg, [self.conn]);
    }
}
