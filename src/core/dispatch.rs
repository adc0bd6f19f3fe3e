//! From a line to a handler. What is true of every command is checked here, once.

use super::{
    ConnId, Core, answer, audit, blocklist, class,
    ctx::{Ctx, Outcome, Then},
    effect::{Effect, Effects},
    multiline,
    oper::Priv,
    question::{self, Asks},
    registry, render,
    session::{Phase, Wait},
    timer::Timer,
};
use crate::{
    job::{Answer, JobId},
    network::UserId,
    store::Access,
    time::Now,
    wire::{
        cap, fail,
        message::{self, Args, Message},
        reply,
        tags::Tags,
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
    /// What it takes from the flood gate's credit, with one target.
    pub cost: u32,
    /// The function, and who may run it.
    pub run: Run,
    /// Which of its parameters names the server that is asked.
    pub asks: Asks,
    /// Whether a shunned user is heard with it: what keeps and ends a connection is.
    pub heard_while_shunned: bool,
    /// Which of its parameters are written down when an operator uses it, with what is secret hidden.
    pub audited: for<'a> fn(&[&'a str]) -> Vec<&'a str>,
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
    /// What most commands are, for the columns that a row does not name.
    pub const USUAL: Command = Command {
        name: "",
        params: "",
        about: "",
        help: "",
        replies: &[],
        cost: 1,
        run: Run::User(|_, _, _| Ok(())),
        asks: Asks::Here,
        heard_while_shunned: false,
        audited: |args| args.to_vec(),
    };

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

impl Command {
    /// What a line takes from the flood gate's credit: of a list of targets the first few further ones
    /// cost as much as a line each, so that nobody speaks faster by listing; then `PER_UNIT` cost one, so
    /// that who comes back to many channels need not wait for long.
    pub fn price(&self, args: &Args<'_>) -> u32 {
        let lists = self.params.split(' ').zip(args.iter()).filter(|(word, _)| word.contains("{,"));
        let further =
            lists.map(|(_, list)| list.bytes().filter(|byte| *byte == b',').count()).max();
        let further = further.map_or(0, |further| u32::try_from(further).unwrap_or(u32::MAX));
        let few = further.min(FEW);
        self.cost + few + (further - few) / PER_UNIT
    }
}

/// How many further targets cost one each.
const FEW: u32 = 4;

/// How many targets beyond those cost one together.
const PER_UNIT: u32 = 4;

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
    reply::YOU_ARE_BANNED,
    reply::LOGGED_IN,
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
        return not_utf8(core, fx, table, (conn, line), now);
    };
    // An empty line means nothing, but reading it costs as much as another.
    let Some(message) = message::parse(text) else { return pay(core, conn, 1, now) };
    let command = table.find(message.verb);
    pay(core, conn, command.map_or(1, |command| command.price(&message.args)), now);
    answer::begin(core, fx, conn, message.tags);
    core.sessions[conn].voice = None;
    let mut ctx = Ctx { core, fx, now, conn, declared: &[], forced: false };
    guarded(&mut ctx, |ctx| run(ctx, command, &message));
    answer::end(core, fx, conn, now);
}

/// Answers a line that is not UTF-8 (`ircv3: utf8-only`), under its label if that can be read.
fn not_utf8(
    core: &mut Core,
    fx: &mut Effects,
    table: &Table,
    (conn, line): (ConnId, &[u8]),
    now: Now,
) {
    let mut words = line.split(|byte| *byte == b' ').filter(|word| !word.is_empty()).peekable();
    let tags = words.next_if(|word| word.starts_with(b"@")).unwrap_or_default();
    let tags = std::str::from_utf8(tags).ok().and_then(|word| word.strip_prefix('@'));
    let verb = words.find(|word| !word.starts_with(b":")).unwrap_or_default();
    let command = std::str::from_utf8(verb).ok().and_then(|verb| table.find(verb));
    let refused = fail::invalid_utf8_in(command.map_or("*", |command| command.name));
    pay(core, conn, 1, now);
    answer::begin(core, fx, conn, tags.map(Tags::new).unwrap_or_default());
    render::standard(core, fx, conn, &refused, now);
    answer::end(core, fx, conn, now);
}

/// Answers a line that was too long to be read.
pub fn too_long(core: &mut Core, fx: &mut Effects, conn: ConnId, now: Now) {
    let Some(session) = core.sessions.get_mut(conn) else { return };
    session.heard = now.mono;
    session.pinged = None;
    render::reply(core, fx, conn, &reply::input_too_long(), now);
    pay(core, conn, 1, now);
}

/// Goes on with whoever waited for a worker's answer.
pub fn done(core: &mut Core, fx: &mut Effects, id: JobId, answer: Answer, now: Now) {
    let cause = core.pending.get(id).and_then(|pending| match pending.then {
        Then::Command { conn, .. } => Some(conn),
        _ => None,
    });
    registry::answered(core, fx, (&answer, cause), now);
    let Some(pending) = core.pending.remove(id) else { return };
    core.timers.cancel(pending.timer);
    if let (Some(access), Answer::Stored(found)) = (pending.access, &answer) {
        if access == Access::LookUp {
            core.metrics.look_ups.observe(now.mono.since(pending.asked));
        }
        core.store_answered(fx, access, found.as_ref().err(), now);
    }
    core.metrics.busy += u64::from(matches!(answer, Answer::Busy));
    match pending.then {
        Then::Server(resume) => resume(core, fx, answer, now),
        Then::Blocklist(id) => blocklist::replied(core, fx, id, answer, now),
        Then::Question { conn, to, number } => {
            question::unanswered(core, fx, (conn, to, number), now);
        }
        Then::Peer { peer, resume } => resume(core, fx, peer, answer, now),
        // The client may have left meanwhile, or been told goodbye; the answer is then for nobody.
        Then::Aside { conn, .. } | Then::Command { conn, .. } if has_left(core, conn) => (),
        Then::Aside { conn, resume } => {
            aside(core, fx, conn, now, |ctx| resume(ctx, answer));
        }
        Then::Command { conn, resume } => {
            core.sessions[conn].wait = Wait::Nothing;
            answer::again(core, fx, conn);
            let declared = core.sessions[conn].declared;
            let mut ctx = Ctx { core, fx, now, conn, declared, forced: false };
            guarded(&mut ctx, |ctx| resume(ctx, answer));
            answer::end(core, fx, conn, now);
            wake(core, fx, conn);
        }
    }
}

/// Goes on with a session that does not wait for it.
pub fn aside(
    core: &mut Core,
    fx: &mut Effects,
    conn: ConnId,
    now: Now,
    goes_on: impl FnOnce(&mut Ctx<'_>) -> Outcome,
) {
    if !has_left(core, conn) {
        let mut ctx = Ctx { core, fx, now, conn, declared: &[], forced: false };
        guarded(&mut ctx, goes_on);
    }
}

fn has_left(core: &Core, conn: ConnId) -> bool {
    core.sessions.get(conn).is_none_or(|session| session.closing)
}

/// Goes on with a long answer whose reader has caught up.
pub fn drained(core: &mut Core, fx: &mut Effects, conn: ConnId, now: Now) {
    let Some(session) = core.sessions.get_mut(conn).filter(|session| !session.closing) else {
        return;
    };
    let Wait::Stream(next) = std::mem::take(&mut session.wait) else { return };
    // Who reads is there.
    session.heard = now.mono;
    answer::again(core, fx, conn);
    let declared = core.sessions[conn].declared;
    let mut ctx = Ctx { core, fx, now, conn, declared, forced: false };
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
pub fn guarded(ctx: &mut Ctx<'_>, handler: impl FnOnce(&mut Ctx<'_>) -> Outcome) {
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
    let shunned = user.and_then(|user| ctx.local(user)).is_some_and(|local| local.shunned);
    if shunned && !command.heard_while_shunned {
        return Ok(());
    }
    if let (Some(reference), Some(_)) = (message.tags.get("batch"), user) {
        let session = ctx.session();
        if session.batch.is_some() || session.caps.contains(cap::MULTILINE_BATCH) {
            return multiline::line(ctx, message, &reference);
        }
    }
    if message.args.len() < command.required() {
        return Err(reply::need_more_params(command.name).into());
    }
    if let Some((user, to)) = user.zip(question::elsewhere(ctx, command, &message.args)?) {
        return question::ask(ctx, user, to, command, &message.args);
    }
    match (command.run, user) {
        (Run::Any(run), _) => run(ctx, message),
        (Run::New(run), None) => run(ctx, message.args.clone()),
        (Run::New(_), Some(_)) => Err(reply::already_registered().into()),
        (Run::User(run), Some(user)) => run(ctx, user, message.args.clone()),
        (Run::Tagged(run), Some(user)) => run(ctx, user, message),
        (Run::Oper(privilege, run), Some(user)) => {
            if !ctx.may(user, privilege) {
                return Err(reply::no_privileges().into());
            }
            audit(ctx, user, command, message.args.iter());
            run(ctx, user, message.args.clone())
        }
        (Run::User(_) | Run::Tagged(_) | Run::Oper(..), None) => {
            Err(reply::not_registered().into())
        }
    }
}

/// Writes down what an operator does with a privilege, before it is done.
pub fn audit<'a>(
    ctx: &mut Ctx<'_>,
    user: UserId,
    command: &Command,
    args: impl Iterator<Item = &'a str>,
) {
    let args: Vec<&str> = args.collect();
    note(ctx, user, command.name, &(command.audited)(&args).join(" "));
}

/// Writes down what an operator does with a privilege.
pub fn note(ctx: &mut Ctx<'_>, user: UserId, verb: &str, rest: &str) {
    let who = ctx.network().user(user);
    let class = who.class.as_deref().unwrap_or_default();
    let (who, what) = (format!("{} ({class})", who.mask()), format!("{verb} {rest}"));
    log::info!(target: "audit", "{who}: {what}");
    audit::record(ctx.core, ctx.fx, (&who, what.trim_end()), ctx.now);
}

/// Takes a command's cost from the session's credit.
pub fn pay(core: &mut Core, conn: ConnId, cost: u32, now: Now) {
    let Core { sessions, config, .. } = core;
    let Some(session) = sessions.get_mut(conn) else { return };
    let terms = class::terms(config, session.class);
    if terms.exempt() {
        return;
    }
    let (burst, interval) = (terms.flood_burst(), terms.flood_interval());
    if let Some(opens) = session.flood.pay(cost, burst, interval, now.mono) {
        core.timers.set(opens, Timer::Gate(conn));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        config::{Config, Secret},
        core::{
            peer::{Origin, Peer},
            scene::Scene,
        },
        server::Input,
    };
    use std::time::Duration;

    #[test]
    fn an_answer_for_somebody_who_has_just_been_killed_is_for_nobody() {
        for right in [true, false] {
            let mut scene = Scene::new();
            let (alice, bob) = (scene.user("alice"), scene.user("bob"));
            scene.oper(alice);
            let id = Scene::asked(&scene.line(bob, "OPER root sesame"));
            scene.line(alice, "KILL bob :enough");
            let effects = scene.input(Input::Done { id, answer: Answer::Verified(right) });
            assert!(effects.is_empty(), "{effects:?}");
            assert_eq!(scene.server.core().metrics.panics, 0);
        }
    }

    #[test]
    fn who_has_left_before_a_look_up_ends_never_becomes_a_user() {
        let mut scene = Scene::new();
        let from = Origin::Ip([192, 0, 2, 1].into());
        let peer = Peer { from, listener: 0, tls: None };
        let conn = scene.server.open(peer, scene.now, &mut scene.fx);
        let id = Scene::asked(&scene.fx.take());
        for line in ["NICK carol", "USER carol 0 * :Carol", "QUIT"] {
            scene.line(conn, line);
        }
        let effects = scene.input(Input::Done { id, answer: Answer::Resolved(None) });
        assert!(effects.is_empty(), "{effects:?}");
        assert!(matches!(scene.server.core().sessions[conn].phase, Phase::New(_)));
    }

    #[test]
    fn a_password_that_nobody_had_time_to_check_is_not_called_wrong() {
        let mut config = Config::default();
        config.server.password = Some(Secret::new("sesame"));
        let mut scene = Scene::with(config);
        let peer = Peer { from: Origin::Local, listener: 0, tls: None };
        let conn = scene.server.open(peer, scene.now, &mut scene.fx);
        scene.line(conn, "PASS sesame");
        scene.line(conn, "NICK carol");
        let id = Scene::asked(&scene.line(conn, "USER carol 0 * :Carol"));
        let effects = scene.input(Input::Done { id, answer: Answer::Busy });
        let Some(Effect::Send { line, .. }) = effects.first() else { panic!("{effects:?}") };
        let text = String::from_utf8_lossy(scene.fx.line(*line)).into_owned();
        assert_eq!(text, "ERROR :Closing link: The server is busy, try again later\r\n");
    }

    #[test]
    fn a_long_answer_for_somebody_who_has_just_been_killed_ends() {
        let mut scene = Scene::new();
        let (alice, bob) = (scene.user("alice"), scene.user("bob"));
        scene.oper(alice);
        for number in 0..80 {
            scene.line(alice, &format!("JOIN #a{number}"));
            scene.line(bob, &format!("JOIN #b{number}"));
        }
        let effects = scene.line(bob, "LIST");
        assert!(effects.iter().any(|effect| matches!(effect, Effect::Drain { .. })));
        scene.line(alice, "KILL bob :enough");
        let effects = scene.input(Input::Drained { conn: bob });
        assert!(effects.is_empty(), "{effects:?}");
        assert_eq!(scene.server.core().metrics.panics, 0);
    }

    #[test]
    fn who_never_reads_a_long_answer_is_dropped_and_who_reads_is_not() {
        for reads in [true, false] {
            let mut scene = Scene::new();
            let bob = scene.user("bob");
            for number in 0..90 {
                scene.line(bob, &format!("JOIN #b{number}"));
            }
            let alice = scene.user("alice");
            for number in 0..90 {
                scene.line(alice, &format!("JOIN #a{number}"));
            }
            scene.line(bob, "LIST");
            for _ in 0..3 {
                scene.line(alice, "PING x");
                scene.now.mono = scene.now.mono + Duration::from_secs(60);
                if reads {
                    scene.input(Input::Drained { conn: bob });
                    if scene.server.ready(bob) {
                        scene.line(bob, "LIST");
                    }
                }
                scene.input(Input::Tick);
            }
            let closing = scene.server.core().sessions[bob].closing;
            assert_eq!(closing, !reads);
        }
    }

    #[test]
    fn no_timer_outlives_what_it_is_for() {
        let mut scene = Scene::new();
        let first = scene.server.core().timers.count();
        for _ in 0..100 {
            let alice = scene.user("alice");
            scene.oper(alice);
            scene.input(Input::Closed { conn: alice, why: crate::core::peer::Gone::Eof });
        }
        assert_eq!(scene.server.core().timers.count(), first);
    }

    #[test]
    fn an_empty_line_is_not_free() {
        let mut scene = Scene::new();
        let alice = scene.user("alice");
        for _ in 0..1000 {
            if !scene.server.ready(alice) {
                return;
            }
            scene.line(alice, "");
        }
        panic!("the gate never shuts");
    }
}
