//! Services: users that are none. What is said to them in private is a command of theirs.
//!
//! A service is a table of commands like the clients' own, with another voice: what a command answers is
//! a notice of the service's. They are on every server, and act for the users of that server alone.

pub mod chanserv;
pub mod hostserv;
pub mod memoserv;
pub mod nickserv;
pub mod operserv;

use crate::{
    core::{
        ctx::{Again, Ctx, Outcome, asked, asks},
        dispatch::{self, Command, Run, Table},
        registered,
    },
    job::Answer,
    network::UserId,
    registry::{Login, RecordId},
    store::Rows,
    wire::{casemap::Casemap, message::Args, name::Nick, precis, reply},
};

/// A service: all that is known about it, in one place.
#[derive(Debug)]
pub struct Service {
    /// Its nick.
    pub name: &'static str,
    /// The short command that speaks to it, besides its name.
    pub alias: &'static str,
    /// What it is for, which is its real name too.
    pub about: &'static str,
    /// What can be said to it.
    pub table: Table,
}

/// Every service.
pub const SERVICES: &[&Service] = &[
    &chanserv::SERVICE,
    &hostserv::SERVICE,
    &memoserv::SERVICE,
    &nickserv::SERVICE,
    &operserv::SERVICE,
];

/// The service of that nick, in whatever case.
pub fn find(nick: &str) -> Option<&'static Service> {
    SERVICES.iter().copied().find(|service| service.name.eq_ignore_ascii_case(nick))
}

/// Whether a nick is a service's, or people would take it for one.
pub fn is_reserved(nick: &str, casemap: Casemap) -> bool {
    let alike = |service: &&Service| {
        casemap == Casemap::Precis && precis::skeleton(nick) == precis::skeleton(service.name)
    };
    find(nick).is_some() || SERVICES.iter().any(alike)
}

/// A user says something to a service.
pub fn hear(ctx: &mut Ctx<'_>, user: UserId, service: &'static Service, text: &str) -> Outcome {
    let text = text.trim();
    ctx.session_mut().voice = Some(service.name);
    if text.contains(['\n', '\r']) {
        ctx.notice("That has several lines. Send one command at a time, in one line.");
        return Ok(());
    }
    let (verb, rest) = text.split_once(' ').unwrap_or((text, ""));
    if verb.eq_ignore_ascii_case("HELP") {
        dispatch::pay(ctx.core, ctx.conn, HELP_COST, ctx.now);
        return help(ctx, service, rest.trim());
    }
    let Some(command) = service.table.find(verb) else {
        let shown: String = verb.chars().take(SHOWN_MAX).collect();
        ctx.notice(&format!(
            "There is no command {shown}. /msg {} HELP lists those that there are.",
            service.name
        ));
        return Ok(());
    };
    dispatch::pay(ctx.core, ctx.conn, command.cost, ctx.now);
    ctx.declared = command.replies;
    ctx.session_mut().declared = command.replies;
    let args = Args::words(rest, command.params.matches('<').count());
    if args.len() < command.required() {
        ctx.notice(&format!(
            "Not enough parameters for {}. Syntax: {}",
            command.name,
            syntax(command)
        ));
        return Ok(());
    }
    // What is registered of the channels that it speaks of is known before it runs.
    let again = || Again {
        words: vec![service.name.to_owned(), text.to_owned()],
        then: |ctx, user, words| {
            let text = words.get(1).map_or("", String::as_str);
            words
                .first()
                .and_then(|name| find(name))
                .map_or(Ok(()), |service| run(ctx, user, service, text))
        },
    };
    if registered::load(ctx, args.iter().filter(|word| word.starts_with('#')), again) {
        return Ok(());
    }
    run(ctx, user, service, text)
}

/// What has been said in a channel alone may be a command of ChanServ's, where the channel is so set: `!op
/// bob`. Words that are none may be meant for others.
pub fn obey(ctx: &mut Ctx<'_>, user: UserId, target: &str, text: &str) -> Outcome {
    let known = ctx.channel_name(target).and_then(|name| ctx.core.registration(&name));
    let Some(known) = known.filter(|known| known.is_on("FANTASY")) else { return Ok(()) };
    let prefix = known.setting("PREFIX").unwrap_or("!");
    let Some(said) = text.strip_prefix(prefix).filter(|said| !said.contains('\n')) else {
        return Ok(());
    };
    let (verb, rest) = said.split_once(' ').unwrap_or((said, ""));
    let command = chanserv::SERVICE.table.find(verb).filter(|command| {
        command.params.starts_with("<channel>") && matches!(command.run, Run::User(_))
    });
    match command {
        Some(command) => {
            let text = format!("{} {} {rest}", command.name, known.name());
            hear(ctx, user, &chanserv::SERVICE, &text)
        }
        None => Ok(()),
    }
}

/// Runs a command that is one, and has been paid for.
fn run(ctx: &mut Ctx<'_>, user: UserId, service: &'static Service, text: &str) -> Outcome {
    let (verb, rest) = text.split_once(' ').unwrap_or((text, ""));
    let Some(command) = service.table.find(verb) else { return Ok(()) };
    let args = Args::words(rest, command.params.matches('<').count());
    match command.run {
        Run::User(run) => run(ctx, user, args),
        Run::Oper(privilege, run) => {
            if !ctx.may(user, privilege) {
                return Err(reply::no_privileges().into());
            }
            let words: Vec<&str> = args.iter().collect();
            let verb = format!("{} {}", service.name, command.name);
            dispatch::note(ctx, user, &verb, &(command.audited)(&words).join(" "));
            run(ctx, user, args)
        }
        // Whoever talks to a service is a user, and the tags of a line are not for it.
        Run::Any(_) | Run::New(_) | Run::Tagged(_) => Ok(()),
    }
}

/// The account that a user is logged in to; who is not is told how to be.
fn logged_in(ctx: &mut Ctx<'_>, user: UserId) -> Option<Login> {
    let login = ctx.whois(user).login.as_deref().cloned();
    if login.is_none() {
        ctx.notice(
            "You are not logged in. /msg NickServ IDENTIFY <account> <password> logs you in.",
        );
    }
    login
}

/// The account that owns a nick, or is called so; if there is none, that is told.
fn account(ctx: &mut Ctx<'_>, name: &str) -> Option<RecordId> {
    let nick = Nick::lookup(name, ctx.network().casemap());
    let found = nick.and_then(|nick| ctx.network().claims().nick(&nick));
    if found.is_none() {
        ctx.notice(&format!("{name} is not registered."));
    }
    found
}

/// Tells what has come of writing to an account: the words for its success, or why there was none. Returns
/// whether it has succeeded.
fn told(ctx: &mut Ctx<'_>, answer: &Answer, done: &str) -> bool {
    match answer {
        Answer::Stored(Ok(Rows::Proposed(_))) => ctx.notice(done),
        Answer::Stored(Ok(Rows::Taken(claim))) if claim.is_empty() => {
            ctx.notice("The account is no more.");
        }
        Answer::Stored(Ok(Rows::Taken(_))) => {
            ctx.notice("That belongs to somebody else already. Nothing has been changed.");
        }
        Answer::Stored(Ok(Rows::Full)) => ctx.notice(
            "There is no room for it: the account holds as much as it may. Nothing has been changed; remove something first.",
        ),
        _ => nickserv::unavailable(ctx),
    }
    matches!(answer, Answer::Stored(Ok(Rows::Proposed(_))))
}

fn help(ctx: &mut Ctx<'_>, service: &'static Service, topic: &str) -> Outcome {
    if topic.is_empty() {
        ctx.notice(&format!(
            "{}: {} HELP <command> explains one of these:",
            service.name, service.about
        ));
        let user = ctx.session().user();
        let may = |ctx: &Ctx<'_>, command: &Command| match command.run {
            Run::Oper(privilege, _) => user.is_some_and(|user| ctx.may(user, privilege)),
            Run::Any(_) | Run::New(_) | Run::Tagged(_) | Run::User(_) => true,
        };
        for command in service.table.iter() {
            if !may(ctx, command) {
                continue;
            }
            ctx.notice(&format!("{}: {}", command.name, command.about));
        }
        return Ok(());
    }
    let Some(command) = service.table.find(topic) else {
        let shown: String = topic.chars().take(SHOWN_MAX).collect();
        ctx.notice(&format!("There is no command {shown}. HELP lists those that there are."));
        return Ok(());
    };
    ctx.notice(&format!("Syntax: {}", syntax(command)));
    ctx.notice(command.about);
    command.help.lines().for_each(|line| ctx.notice(line));
    if let Run::Oper(privilege, _) = command.run {
        ctx.notice(&format!(
            "For operators of the network with the privilege {}.",
            privilege.name()
        ));
    }
    Ok(())
}

fn syntax(command: &Command) -> String {
    format!("{} {}", command.name, command.params).trim_end().to_owned()
}

/// What HELP takes from the flood gate's credit.
const HELP_COST: u32 = 3;

/// How much of a word that is no command is shown again.
const SHOWN_MAX: usize = 40;

#[cfg(test)]
mod tests {
    use super::SERVICES;
    use crate::{core::scene::Scene, network::crdt, sim::script::check};

    #[test]
    fn what_is_asked_costs_what_its_row_says() {
        for line in ["NS GLIST", "PRIVMSG NickServ GLIST", "NS HELP"] {
            let mut scene = Scene::new();
            let alice = scene.user("alice");
            let said = (0..1000).take_while(|_| {
                scene.line(alice, line);
                scene.server.ready(alice)
            });
            let (said, credit) = (said.count(), 1000);
            assert!((credit / 5..=credit / 4).contains(&said), "{said} times {line}");
        }
    }

    #[test]
    fn whatever_takes_words_has_an_example() {
        let rows = SERVICES.iter().flat_map(|service| service.table.iter());
        let without = rows.filter(|command| {
            let last = command.help.lines().last().unwrap_or_default();
            command.required() > 0 && !last.starts_with("Example: ")
        });
        let without: Vec<&str> = without.map(|command| command.name).collect();
        assert!(without.is_empty(), "{without:?}");
    }

    #[test]
    fn every_service_may_be_the_source_of_what_happens() {
        let names: Vec<&str> = SERVICES.iter().map(|service| service.name).collect();
        assert_eq!(names, crdt::SPEAKERS);
    }

    #[test]
    fn a_service_hears_one_line() {
        check(
            r"
            alice > CAP REQ :batch message-tags draft/multiline
            alice > BATCH +1 draft/multiline NickServ
            alice > @batch=1 PRIVMSG NickServ :REGISTER sesame-open
            alice > @batch=1 PRIVMSG NickServ :alice@example.org
            alice > BATCH -1
            alice < :NickServ!services@services.test NOTICE alice :That has several lines. Send one command at a time, in one line.
            alice > BATCH +2 draft/multiline NickServ
            alice > @batch=2 PRIVMSG NickServ :REGISTER sesame-open
            alice > BATCH -2
            alice <~ :s1.test 900 alice * alice :*
            ",
        );
    }

    #[test]
    fn a_service_explains_itself_and_is_nobody_s_nick() {
        check(
            r"
            alice > PRIVMSG NickServ HELP
            alice <~ :NickServ!services@services.test NOTICE alice :NickServ: Accounts, and the nicks*
            alice <~ :NickServ!services@services.test NOTICE alice :IDENTIFY: *
            alice > PRIVMSG nickserv :help identify
            alice < :NickServ!services@services.test NOTICE alice :Syntax: IDENTIFY [<account>] <password> [<code>]
            alice > NS FROB
            alice < :NickServ!services@services.test NOTICE alice :There is no command FROB. /msg NickServ HELP lists those that there are.
            alice > NS GHOST
            alice < :NickServ!services@services.test NOTICE alice :Not enough parameters for GHOST. Syntax: GHOST <nick>
            alice > NS HELP FROB
            alice < :NickServ!services@services.test NOTICE alice :There is no command FROB. HELP lists those that there are.
            alice > NICK NickServ
            alice < :s1.test 433 alice NickServ :Nickname is already in use
            alice > WHOIS nickserv
            alice < :s1.test 311 alice NickServ services services.test * :Accounts, and the nicks that belong to them.
            alice < :s1.test 312 alice NickServ services.test :Services
            alice < :s1.test 320 alice NickServ :is a network service
            alice < :s1.test 318 alice nickserv :End of /WHOIS list
            alice > NOTICE NickServ :HELP
            alice > NOTICE NickServ,nickserv :HELP
            alice > PING x
            alice < :s1.test PONG s1.test :x
            ",
        );
    }

    #[test]
    fn a_service_is_asked_one_thing_at_a_time() {
        check(
            r"
            alice > NS REGISTER sesame-open
            mallory > NS REGISTER mallorys-own
            mallory > NS LOGOUT
            mallory > JOIN #a
            alice   > JOIN #a
            mallory > PRIVMSG #a,NickServ,nickserv,alice :IDENTIFY mallory mallorys-own
            mallory < :s1.test 407 mallory NickServ :Too many targets; this one and those after it were left out
            alice   < :mallory!~mallory@mallory.test PRIVMSG #a :IDENTIFY mallory mallorys-own
            alice   <! PRIVMSG
            mallory <! 900
            mallory > PRIVMSG NickServ :IDENTIFY mallory mallorys-own
            mallory <~ :s1.test 900 mallory * mallory :*
            ",
        );
    }

    #[test]
    fn who_hears_their_own_words_hears_these() {
        check(
            r"
            alice > CAP REQ :echo-message
            alice > PRIVMSG NickServ :LOGOUT
            alice < :alice!~alice@alice.test PRIVMSG NickServ :LOGOUT
            alice <~ :NickServ!services@services.test NOTICE alice :You are not logged in.*
            ",
        );
    }
}
