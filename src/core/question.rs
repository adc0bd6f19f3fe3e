//! Questions to other servers: a command that names another server is run there (see `guest`), and what it
//! answers comes back to the session that waits for it.
//!
//! A question or its answer that gets lost on the way is not sent again: the one who asked is told after
//! a while. Nobody but the server that was asked can answer, and only once.

use super::{
    ConnId, Core, answer,
    ctx::{Ctx, Outcome, Pending, Then},
    dispatch::{self, Command},
    effect::Effects,
    frame::{Body, Line, Routed},
    render,
    session::Wait,
    timer::Timer,
};
use crate::{
    config::privilege,
    job::JobId,
    network::UserId,
    time::{Now, Sid},
    wire::{encode::Msg, framing::BODY_MAX, mask, message::Args, reply},
};
use std::{collections::BTreeMap, time::Duration};

/// Which of a command's parameters names the server that it asks.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Asks {
    /// None does: this server answers.
    Here,
    /// The one at this place.
    At(usize),
    /// The first one, if there are at least two.
    FirstOfTwo,
}

/// How long another server has to answer.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// What a question to another server costs at the flood gate, besides what the command costs.
const COST: u32 = 3;

/// How many questions wait for other servers at once.
const OPEN_MAX: usize = 1000;

/// How long an answer may be: in lines, and in bytes.
pub const LINES_MAX: usize = 600;
const BYTES_MAX: usize = 64 << 10;

/// How often a question or an answer is passed on: it goes in a circle if the servers differ for a
/// moment about who is linked with whom.
const HOPS_MAX: u8 = 32;

/// The questions to other servers.
#[derive(Debug, Default)]
pub struct Questions {
    /// What goes to other servers at the end of this turn: questions, and answers to theirs.
    pub outbox: Vec<Routed>,
    last: u64,
    open: BTreeMap<u64, JobId>,
}

impl Questions {
    /// How many wait for their answers.
    pub fn waiting(&self) -> usize {
        self.open.len()
    }
}

/// The other server that a command asks, if it does not ask this one.
pub fn elsewhere(
    ctx: &Ctx<'_>,
    command: &Command,
    args: &Args<'_>,
) -> Result<Option<Sid>, reply::Reply> {
    let target = match command.asks {
        Asks::Here => None,
        Asks::At(place) => args.given(place),
        Asks::FirstOfTwo => args.given(1).and_then(|_| args.given(0)),
    };
    let Some(target) = target else { return Ok(None) };
    let (network, here) = (ctx.network(), ctx.core.sid());
    let casemap = network.casemap();
    let services = || target.eq_ignore_ascii_case(&ctx.core.config.server.services());
    if mask::matches(target, ctx.core.name(), casemap) || services() {
        return Ok(None);
    }
    let home = ctx.find_user(target).map(|user| network.user(user).uid.server);
    let named = || {
        let mut servers = network.servers().filter(|(_, server)| !server.hidden);
        servers.find(|(_, server)| mask::matches(target, &server.info.name, casemap))
    };
    let found = home.or_else(|| named().map(|(sid, _)| sid));
    match found {
        Some(sid) if sid == here => Ok(None),
        Some(sid) if network.reach(here).contains(&sid) => Ok(Some(sid)),
        Some(_) | None => Err(reply::no_such_server(target)),
    }
}

/// Has another server answer, and holds the session's next lines until it has.
pub fn ask(
    ctx: &mut Ctx<'_>,
    user: UserId,
    to: Sid,
    command: &Command,
    args: &Args<'_>,
) -> Outcome {
    dispatch::pay(ctx.core, ctx.conn, COST, ctx.now);
    if ctx.core.questions.open.len() >= OPEN_MAX {
        return Err(reply::try_again(command.name).into());
    }
    let mut line = command.name.to_owned();
    for (place, arg) in args.iter().enumerate() {
        line += if place + 1 == args.len() { " :" } else { " " };
        line += arg;
    }
    let privileges = privilege::ALL.iter().map(|row| row.0).filter(|one| ctx.may(user, *one));
    let privileges = privileges.collect();
    let by = ctx.whois(user).uid;
    let core = &mut *ctx.core;
    core.questions.last += 1;
    let number = core.questions.last;
    let then = Then::Question { conn: ctx.conn, to, number };
    let id = core.pending.insert(Pending::of(then));
    core.pending[id].timer = core.timers.set(ctx.now.mono + PATIENCE, Timer::Job(id));
    core.questions.open.insert(number, id);
    let body = Body::Question { by, privileges, line: line.into() };
    core.send(to, number, body);
    ctx.session_mut().wait = Wait::Job;
    Ok(())
}

/// Another server has not answered in time.
pub fn unanswered(
    core: &mut Core,
    fx: &mut Effects,
    (conn, to, number): (ConnId, Sid, u64),
    now: Now,
) {
    core.questions.open.remove(&number);
    resume(core, fx, conn, now, |core, fx| {
        let name = core.network().server(to).map_or("It", |server| &server.info.name);
        let text = format!(
            "{name} has not answered within {} seconds; it may be busy or out of reach.",
            PATIENCE.as_secs()
        );
        let nick = render::addressee(core, conn).to_owned();
        render::server_line(core, fx, conn, ("NOTICE", &[&nick], Some(&text)), now);
    });
}

/// How many of these lines an answer may have.
pub fn bounded(lines: &[Line]) -> usize {
    let mut bytes = 0;
    let fits = lines.iter().take(LINES_MAX).take_while(|line| {
        bytes += line.body.len();
        bytes <= BYTES_MAX
    });
    fits.count()
}

/// An answer has come: if it is to a question that waits, and from the one that was asked, it is told.
pub fn answered(
    core: &mut Core,
    fx: &mut Effects,
    (from, number): (Sid, u64),
    (lines, cut): (&[Line], bool),
    now: Now,
) {
    let id = core.questions.open.get(&number).copied();
    let asked = id.and_then(|id| core.pending.get(id)).map(|pending| pending.then);
    let (Some(id), Some(Then::Question { conn, to, .. })) = (id, asked) else { return };
    if to != from {
        log::warn!("{from} has answered a question that was asked of {to}");
        return;
    }
    core.questions.open.remove(&number);
    if let Some(pending) = core.pending.remove(id) {
        core.timers.cancel(pending.timer);
    }
    resume(core, fx, conn, now, |core, fx| {
        let Some(session) = core.sessions.get(conn) else { return };
        let Some(server) = core.network().server(from) else { return };
        let nick = render::addressee(core, conn);
        for Line { code, body } in lines.iter().take(bounded(lines)) {
            let known =
                session.declared.iter().chain(dispatch::COMMON).any(|known| *known == &**code);
            if !known || body.len() > BODY_MAX || body.contains(['\r', '\n', '\0']) {
                continue;
            }
            let msg = Msg::new(&server.info.name, code).time(now.wall).param(nick).rest(body);
            fx.send(&[conn], |out| msg.encode(session.caps, out));
        }
        if cut {
            let text = "There is more than one server tells another; ask there for the rest.";
            render::server_line(core, fx, conn, ("NOTICE", &[nick], Some(text)), now);
        }
    });
}

/// Goes on with a session that has waited for another server, if it is still there.
fn resume(
    core: &mut Core,
    fx: &mut Effects,
    conn: ConnId,
    now: Now,
    tell: impl FnOnce(&Core, &mut Effects),
) {
    let Some(session) = core.sessions.get_mut(conn).filter(|session| !session.closing) else {
        return;
    };
    session.wait = Wait::Nothing;
    answer::again(core, fx, conn);
    tell(core, fx);
    answer::end(core, fx, conn, now);
    dispatch::wake(core, fx, conn);
}

impl Core {
    /// Sends something to a server, by whatever way there is.
    pub(super) fn send(&mut self, to: Sid, number: u64, body: Body) {
        let from = self.sid();
        self.questions.outbox.push(Routed { from, to, number, hops: HOPS_MAX, body });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        core::scene::{Neighbour, Scene},
        server::Input,
        sim::script::check,
    };

    #[test]
    fn another_server_is_asked_by_its_name_a_mask_or_a_nick_on_it() {
        check(
            r"
            servers 2
            config server.motd Hello {nick}.
            config server.rules Be kind.
            config server.admin_name Ada
            alice@1 > PING x
            bob@2   > PING x
            alice > VERSION s2.test
            alice <~ :s2.test 351 alice slircd-* s2.test :*
            alice <! 005
            alice > VERSION s2.*
            alice <~ :s2.test 351 alice *
            alice > VERSION BOB
            alice <~ :s2.test 351 alice *
            alice > VERSION
            alice <~ :s1.test 351 alice *
            alice > VERSION alice
            alice <~ :s1.test 351 alice *
            alice > TIME s2.test
            alice <~ :s2.test 391 alice s2.test *
            alice > ADMIN s2.test
            alice < :s2.test 258 alice :Ada
            alice > INFO s2.test
            alice < :s2.test 374 alice :End of INFO list
            alice > MOTD s2.test
            alice < :s2.test 372 alice :- Hello alice.
            alice < :s2.test 376 alice :End of /MOTD command
            alice > RULES s2.test
            alice < :s2.test 232 alice :- Be kind.
            alice > LUSERS * s2.test
            alice < :s2.test 255 alice :I have 1 clients and 1 servers
            alice > STATS u s2.test
            alice <~ :s2.test 242 alice :Server Up *
            alice < :s2.test 219 alice u :End of /STATS report
            alice > LINKS s2.test s2.*
            alice < :s2.test 364 alice s2.test s2.test :0 An slircd server
            alice < :s2.test 365 alice s2.* :End of /LINKS list
            alice > USERS s2.test
            alice < :s2.test 446 alice :USERS has been disabled
            alice > SUMMON x s2.test
            alice < :s2.test 445 alice :SUMMON has been disabled
            alice > VERSION nowhere
            alice < :s1.test 402 alice nowhere :No such server
            alice > WHOIS nowhere bob
            alice < :s1.test 402 alice nowhere :No such server
            alice > MOTD s3.*
            alice < :s1.test 402 alice s3.* :No such server
            ",
        );
    }

    #[test]
    fn a_users_own_server_knows_for_how_long_they_have_said_nothing() {
        check(
            r"
            servers 2
            alice@1 > PING x
            bob@2   > PRIVMSG alice :hi
            wait 40
            alice > WHOIS bob
            alice < :s1.test 318 alice bob :End of /WHOIS list
            alice <! 317
            alice > WHOIS bob bob
            alice < :s2.test 311 alice bob ~bob bob.test * :Real bob
            alice <~ :s2.test 317 alice bob 4? 1800000* :seconds idle, signon time
            alice < :s2.test 318 alice bob :End of /WHOIS list
            alice > WHOIS s2.test alice
            alice < :s2.test 311 alice alice ~alice alice.test * :Real alice
            alice <~ :s2.test 338 alice alice *
            alice > WHOIS s2.test nobody
            alice < :s2.test 401 alice nobody :No such nick/channel
            ",
        );
    }

    #[test]
    fn what_an_operator_may_know_they_may_know_everywhere_and_others_nowhere() {
        check(
            r"
            servers 2
            config oper root sesame
            root@1  > OPER root sesame
            alice@1 > STATS l s2.test
            alice < :s2.test 481 alice :Permission Denied - You're not an IRC operator with that privilege
            bob@2   > PING x
            root  > STATS l s2.test
            root  <~ :s2.test 211 root bob 10.0.0.3 *
            root  < :s2.test 219 root l :End of /STATS report
            root  <! 211 root root
            root  > TRACE s2.test
            root  <~ :s2.test 205 root User default bob *
            root  <~ :s2.test 262 root s2.test *
            root  <! User users root
            alice > TRACE s2.test
            alice <~ :s2.test 262 alice s2.test *
            alice <! bob
            ",
        );
    }

    #[test]
    fn an_answer_comes_in_its_place_and_under_its_label() {
        check(
            r"
            servers 2
            alice > CAP REQ :labeled-response batch
            alice > @label=one STATS u s2.test
            alice < @label=one :s1.test BATCH +b1 labeled-response
            alice <~ @batch=b1 :s2.test 242 alice *
            alice < @batch=b1 :s2.test 219 alice u :End of /STATS report
            alice < :s1.test BATCH -b1
            alice > @label=two TIME s2.test
            alice <~ @label=two :s2.test 391 alice *
            ",
        );
    }

    #[test]
    fn a_chain_of_servers_passes_questions_and_answers_on() {
        check(
            r"
            servers 4
            links 1-2 2-3 3-4
            alice > TIME s4.test
            alice <~ :s4.test 391 alice s4.test *
            cut 2-3
            wait 1
            alice > TIME s4.test
            alice < :s1.test 402 alice s4.test :No such server
            ",
        );
    }

    #[test]
    fn who_asks_a_server_that_does_not_answer_is_told_and_goes_on() {
        check(
            r"
            servers 2
            alice > CAP REQ :labeled-response batch
            stall 1 2
            alice > @label=x TIME s2.test
            alice > PING after
            wait 9
            alice <! PONG
            wait 2
            alice < @label=x :s1.test NOTICE alice :s2.test has not answered within 10 seconds; it may be busy or out of reach.
            alice < :s1.test PONG s1.test :after
            calm
            alice > TIME s2.test
            alice <~ :s2.test 391 alice s2.test *
            split 1 | 2
            alice > TIME s2.test
            alice < :s1.test 402 alice s2.test :No such server
            ",
        );
    }

    /// What alice asks of another server, and she.
    fn asked(scene: &mut Scene, line: &str) -> (Neighbour, ConnId, Routed) {
        let alice = scene.user("alice");
        let other = scene.peer();
        let effects = scene.line(alice, line);
        (other, alice, Scene::routed(&effects).unwrap())
    }

    /// Its answer.
    fn answer(question: &Routed, lines: Vec<Line>, cut: bool) -> Routed {
        let (from, to, number) = (question.to, question.from, question.number);
        Routed { from, to, number, hops: 1, body: Body::Answer { lines, cut } }
    }

    fn line(code: &str, body: &str) -> Line {
        Line { code: code.into(), body: body.into() }
    }

    #[test]
    fn only_the_one_that_was_asked_answers_and_only_once() {
        let mut scene = Scene::new();
        let (other, alice, question) = asked(&mut scene, "TIME two.test");
        assert!(!scene.server.ready(alice));
        let right = answer(&question, vec![line("391", "two.test 1 0 :now")], false);
        for wrong in [
            Routed { number: 99, ..right.clone() },
            Routed { from: question.from, ..right.clone() },
            Routed { from: Sid::from_number(1), ..right.clone() },
            Routed { to: Sid::from_number(1), ..right.clone() },
        ] {
            let (effects, _) = scene.hear(other.peer, wrong);
            assert!(effects.is_empty(), "{effects:?}");
        }
        let (effects, _) = scene.hear(other.peer, right.clone());
        assert_eq!(scene.said(&effects), [":two.test 391 alice two.test 1 0 :now"]);
        assert!(scene.server.ready(alice));
        let (effects, _) = scene.hear(other.peer, right);
        assert!(effects.is_empty(), "{effects:?}");
        assert_eq!(scene.server.core().questions.waiting(), 0);
    }

    #[test]
    fn an_answer_that_is_none_or_has_no_end_does_no_harm() {
        let mut scene = Scene::new();
        let (other, _, question) = asked(&mut scene, "TIME two.test");
        let mut lines = vec![
            line("001", ":Welcome"),
            line("PRIVMSG", ":psst"),
            line("391", "two.test :now\r\n:root KILL alice"),
            line("391", &"x".repeat(BODY_MAX + 1)),
        ];
        lines.extend((0..2 * LINES_MAX).map(|_| line("391", "two.test 1 0 :now")));
        let (effects, _) = scene.hear(other.peer, answer(&question, lines, true));
        let mut said = scene.said(&effects);
        let last = said.pop().unwrap();
        assert!(last.contains(" NOTICE alice :There is more"), "{last}");
        assert_eq!(said.len(), LINES_MAX - 4);
        assert!(said.iter().all(|line| line == ":two.test 391 alice two.test 1 0 :now"));
    }

    #[test]
    fn a_question_that_comes_back_is_not_sent_round_for_ever() {
        let mut scene = Scene::new();
        let (other, _, question) = asked(&mut scene, "TIME two.test");
        let (_, passed) = scene.hear(other.peer, question.clone());
        assert_eq!(passed.map(|passed| passed.hops), Some(question.hops - 1));
        let (_, passed) = scene.hear(other.peer, Routed { hops: 0, ..question });
        assert!(passed.is_none());
    }

    #[test]
    fn so_many_may_wait_and_no_more() {
        let mut config = crate::config::Config::default();
        config.limits.clients_per_address = 0;
        let mut scene = Scene::with(config);
        scene.peer();
        for number in 0..OPEN_MAX {
            let conn = scene.user(&format!("u{number}"));
            scene.line(conn, "TIME two.test");
        }
        let late = scene.user("late");
        let effects = scene.line(late, "TIME two.test");
        let tried = ":irc.localhost 263 late TIME :Please wait a while and try again.";
        assert_eq!(scene.said(&effects), [tried]);
        scene.now.mono = scene.now.mono + PATIENCE;
        scene.input(Input::Tick);
        assert_eq!(scene.server.core().questions.waiting(), 0);
        assert!(scene.server.ready(late));
    }
}
