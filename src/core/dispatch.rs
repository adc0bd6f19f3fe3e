//! From a line to a handler. What is true of every command is checked here, once.

use super::{
    ConnId, Core, answer,
    ctx::{Ctx, Outcome, Then},
    effect::{Effect, Effects},
    oper::{self, Priv},
    render,
    session::{Phase, Wait},
    timer::Timer,
};
use crate::{
    job::{Answer, JobId},
    network::UserId,
    time::Now,
    wire::{
        fail,
        message::{self, Args, Message},
        reply,
    },
};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A command: all that is known about it, in one place.
#[derive(Debug)]
pub struct Command {
    /// Its verb, in capitals.
    pub name: &'static str,
    /// `<required>` and `[<optional>]`, as HELP and the manual print it.
    pub params: &'static str,
    /// What it does, in one sentence.
    pub about: &'static str,
    /// What else there is to know.
    pub help: &'static str,
    /// The numerics it may answer with. Asserted in debug builds, printed in the manual.
    pub replies: &'static [&'static str],
    /// What it takes from the flood gate's credit.
    pub cost: u32,
    /// The function, and who may run it.
    pub run: Run,
}

/// Who may run a command, which is also what it is given.
#[derive(Clone, Copy, Debug)]
pub enum Run {
    /// Anyone, registered or not.
    Any(fn(&mut Ctx<'_>, &Message<'_>) -> Outcome),
    /// Only before registration is complete.
    New(fn(&mut Ctx<'_>, Args<'_>) -> Outcome),
    /// Users.
    User(fn(&mut Ctx<'_>, UserId, Args<'_>) -> Outcome),
    /// Users, who are also given the tags of the line.
    Tagged(fn(&mut Ctx<'_>, UserId, &Message<'_>) -> Outcome),
    /// Operators with a privilege.
    Oper(Priv, fn(&mut Ctx<'_>, UserId, Args<'_>) -> Outcome),
}

impl Command {
    /// How many parameters `params` requires: those outside of `[…]` and `{…}`.
    pub fn required(&self) -> usize {
        let mut depth = 0_usize;
        let mut count = 0;
        for byte in self.params.bytes() {
            match byte {
                b'[' | b'{' => depth += 1,
                b']' | b'}' => depth = depth.saturating_sub(1),
                b'<' if depth == 0 => count += 1,
                _ => (),
            }
        }
        count
    }
}

/// A set of commands, sorted by name.
#[derive(Debug)]
pub struct Table {
    /// One slice for each file.
    pub commands: &'static [&'static [Command]],
}

impl Table {
    /// The command of that name, in whatever case.
    pub fn find(&self, name: &str) -> Option<&'static Command> {
        let order = |command: &Command| {
            let (known, asked) =
                (command.name.bytes(), name.bytes().map(|byte| byte.to_ascii_uppercase()));
            known.cmp(asked)
        };
        let place = self
            .commands
            .binary_search_by(|commands| commands.first().map_or(std::cmp::Ordering::Less, order));
        place.ok().and_then(|place| self.commands.get(place)).and_then(|commands| commands.first())
    }

    /// Every command, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = &'static Command> {
        self.commands.iter().copied().flatten()
    }
}

/// What the dispatcher itself, and completing registration, may answer to any command.
pub const COMMON: &[&str] = &[
    reply::UNKNOWN_COMMAND,
    reply::NOT_REGISTERED,
    reply::NEED_MORE_PARAMS,
    reply::ALREADY_REGISTERED,
    reply::INPUT_TOO_LONG,
    reply::NO_PRIVILEGES,
    reply::NICKNAME_IN_USE,
    reply::PASSWD_MISMATCH,
    reply::NO_MOTD,
    reply::TRY_AGAIN,
];

/// Handles one line of a session that is ready for it.
pub fn line(core: &mut Core, fx: &mut Effects, table: &Table, conn: ConnId, line: &[u8], now: Now) {
    let Some(session) = core.sessions.get_mut(conn) else { return };
    if !session.ready() {
        return;
    }
    session.heard = now.mono;
    session.pinged = None;
    core.metrics.lines_in += 1;
    let Ok(text) = std::str::from_utf8(line) else {
        // ircv3: utf8-only
        render::standard(core, fx, conn, &fail::invalid_utf8(), now);
        return pay(core, conn, 1, now);
    };
    let Some(message) = message::parse(text) else { return };
    let command = table.find(message.verb);
    pay(core, conn, command.map_or(1, |command| command.cost), now);
    answer::begin(core, fx, conn, &message);
    let mut ctx = Ctx { core, fx, now, conn, declared: &[] };
    guarded(&mut ctx, |ctx| run(ctx, command, &message));
    answer::end(core, fx, conn, now);
}

/// Answers a line that was too long to be read.
pub fn too_long(core: &mut Core, fx: &mut Effects, conn: ConnId, now: Now) {
    let Some(session) = core.sessions.get_mut(conn) else { return };
    session.heard = now.mono;
    render::reply(core, fx, conn, &reply::input_too_long(), now);
    pay(core, conn, 1, now);
}

/// Goes on with whoever waited for a worker's answer.
pub fn done(core: &mut Core, fx: &mut Effects, id: JobId, answer: Answer, now: Now) {
    let Some(pending) = core.pending.remove(id) else { return };
    // The client may have left meanwhile, or been told goodbye: then the answer is for nobody.
    let here = |conn| core.sessions.get(conn).is_some_and(|session| !session.closing);
    match pending.then {
        Then::Server(resume) => resume(core, fx, answer, now),
        Then::Aside { conn, resume } if here(conn) => {
            let mut ctx = Ctx { core, fx, now, conn, declared: &[] };
            guarded(&mut ctx, |ctx| resume(ctx, answer));
        }
        Then::Command { conn, resume } if here(conn) => {
            core.sessions[conn].wait = Wait::Nothing;
            answer::again(core, fx, conn);
            let declared = core.sessions[conn].declared;
            let mut ctx = Ctx { core, fx, now, conn, declared };
            guarded(&mut ctx, |ctx| resume(ctx, answer));
            answer::end(core, fx, conn, now);
            wake(core, fx, conn);
        }
        Then::Aside { .. } | Then::Command { .. } => (),
    }
}

/// Goes on with a long answer whose reader has caught up.
pub fn drained(core: &mut Core, fx: &mut Effects, conn: ConnId, now: Now) {
    let Some(session) = core.sessions.get_mut(conn) else { return };
    let Wait::Stream(next) = std::mem::take(&mut session.wait) else { return };
    answer::again(core, fx, conn);
    let declared = core.sessions[conn].declared;
    let mut ctx = Ctx { core, fx, now, conn, declared };
    guarded(&mut ctx, |ctx| {
        ctx.stream(next.cursor, next.step);
        Ok(())
    });
    answer::end(core, fx, conn, now);
    wake(core, fx, conn);
}

/// Says that a session is ready again, if it is.
pub fn wake(core: &Core, fx: &mut Effects, conn: ConnId) {
    if core.sessions.get(conn).is_some_and(super::session::Session::ready) {
        fx.push(Effect::Ready { conn });
    }
}

/// Runs a handler, so that a panic in it costs its client and nobody else: handlers only read and
/// propose, and the network is as it was.
fn guarded(ctx: &mut Ctx<'_>, handler: impl FnOnce(&mut Ctx<'_>) -> Outcome) {
    match catch_unwind(AssertUnwindSafe(|| handler(ctx))) {
        Ok(Ok(())) => (),
        Ok(Err(reject)) => ctx.refuse(reject),
        Err(_) => {
            ctx.core.metrics.panics += 1;
            log::error!(
                "a command has failed by a fault of this program; its client is disconnected, please report this"
            );
            ctx.close("Internal error");
        }
    }
}

fn run(ctx: &mut Ctx<'_>, command: Option<&'static Command>, message: &Message<'_>) -> Outcome {
    let user = match &ctx.session().phase {
        Phase::User(user) => Some(*user),
        Phase::New(_) => None,
    };
    let Some(command) = command else {
        return Err(match user {
            Some(_) => reply::unknown_command(message.verb).into(),
            None => reply::not_registered().into(),
        });
    };
    ctx.declared = command.replies;
    ctx.session_mut().declared = command.replies;
    if user.is_none() && !matches!(command.run, Run::Any(_) | Run::New(_)) {
        return Err(reply::not_registered().into());
    }
    if message.args.len() < command.required() {
        return Err(reply::need_more_params(command.name).into());
    }
    match (command.run, user) {
        (Run::Any(run), _) => run(ctx, message),
        (Run::New(run), None) => run(ctx, message.args.clone()),
        (Run::New(_), Some(_)) => Err(reply::already_registered().into()),
        (Run::User(run), Some(user)) => run(ctx, user, message.args.clone()),
        (Run::Tagged(run), Some(user)) => run(ctx, user, message),
        (Run::Oper(privilege, run), Some(user)) => {
            if !oper::may(ctx.network().user(user).class.as_deref(), privilege) {
                return Err(reply::no_privileges().into());
            }
            run(ctx, user, message.args.clone())
        }
        (Run::User(_) | Run::Tagged(_) | Run::Oper(..), None) => {
            Err(reply::not_registered().into())
        }
    }
}

/// Takes a command's cost from the session's credit.
fn pay(core: &mut Core, conn: ConnId, cost: u32, now: Now) {
    let limits = &core.config.limits;
    let Some(session) = core.sessions.get_mut(conn) else { return };
    if let Some(opens) =
        session.flood.pay(cost, limits.flood_burst, limits.flood_interval, now.mono)
    {
        core.timers.set(opens, Timer::Gate(conn));
    }
}
