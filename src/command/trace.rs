//! TRACE (RFC 2812 §3.4.8).

use crate::{
    arena::Id,
    core::{
        class,
        ctx::{Ctx, Cursor, Outcome, STREAM_PIECE},
        dispatch::{Command, Run},
        oper::Priv,
        policy,
        question::Asks,
        registration, welcome,
    },
    network::UserId,
    wire::{message::Args, reply},
};

pub const COMMANDS: &[Command] = &[Command {
    name: "TRACE",
    params: "[<server or nick>]",
    about: "Shows the connections of the server: your own and those of operators, to operators all.",
    help: "Each line names the class of the connection. Operators who may see everything are also told how many connections each class has.",
    replies: &[
        reply::TRACE_UNKNOWN,
        reply::TRACE_OPERATOR,
        reply::TRACE_USER,
        reply::TRACE_CLASS,
        reply::TRACE_END,
        reply::NO_SUCH_SERVER,
    ],
    cost: 4,
    run: Run::User(trace),
    asks: Asks::At(0),
    ..Command::USUAL
}];

fn trace(ctx: &mut Ctx<'_>, _user: UserId, args: Args<'_>) -> Outcome {
    // A nick asks for one user, a server for all.
    let nick = args.given(0).filter(|target| ctx.find_user(target).is_some());
    let asked = nick.map(str::to_owned).into_iter().collect();
    ctx.stream(Cursor { asked, ..Cursor::default() }, piece);
    Ok(())
}

fn piece(ctx: &mut Ctx<'_>, mut cursor: Cursor) -> Option<Cursor> {
    let user = ctx.session().user()?;
    let only = cursor.asked.first().and_then(|nick| ctx.find_user(nick));
    let all = ctx.may(user, Priv::See);
    for _ in 0..STREAM_PIECE {
        let Some((conn, session)) = ctx.core.sessions.from_slot(cursor.slot) else {
            if all && only.is_none() {
                classes(ctx);
            }
            let name = ctx.core.name().to_owned();
            ctx.reply(reply::trace_end(&name, welcome::VERSION));
            return None;
        };
        cursor.slot = conn.index() + 1;
        if ctx.core.guests.has(conn) {
            continue;
        }
        let silent = ctx.now.mono.since(session.heard).as_secs();
        let line = match session.user() {
            Some(other) => {
                let who = ctx.whois(other);
                let wanted = only.is_none_or(|only| only == other);
                let oper = policy::sees_oper(ctx, user, other);
                if !wanted || !(all || oper || other == user) {
                    continue;
                }
                let (nick, host) = (who.nick().as_str(), format!("{}@{}", who.user, who.host));
                match (class::of(who), oper) {
                    (class, true) => reply::trace_operator(class, nick, &host, silent),
                    (class, false) => reply::trace_user(class, nick, &host, silent),
                }
            }
            None if all && only.is_none() && !session.closing => {
                let class = ctx.core.terms(session).name();
                reply::trace_unknown(class, &registration::origin_text(session.from))
            }
            None => continue,
        };
        ctx.reply(line);
    }
    Some(cursor)
}

/// How many connections each class has.
fn classes(ctx: &mut Ctx<'_>) {
    let core = &ctx.core;
    let rows: Vec<reply::Reply> = class::all(&core.config)
        .map(|id| (class::terms(&core.config, id).name(), core.classes.count(id)))
        .filter(|(_, count)| *count > 0)
        .map(|(name, count)| reply::trace_class(name, count))
        .collect();
    for row in rows {
        ctx.reply(row);
    }
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn connections_are_shown_to_those_who_may_see_them() {
        check(
            r"
            config oper root sesame
            alice > OPER root sesame
            bob   > PING x
            raw c
            bob   > TRACE
            bob   < :s1.test 204 bob Oper default alice :~alice@alice.test has been silent for 0 seconds
            bob   < :s1.test 205 bob User default bob :~bob@bob.test has been silent for 0 seconds
            bob   <~ :s1.test 262 bob s1.test slircd-* :End of TRACE
            carol > PING x
            bob   > TRACE
            bob   <! carol
            bob   <~ :s1.test 262 bob *
            alice > MODE alice +H
            bob   > TRACE
            bob   <! alice
            bob   <~ :s1.test 262 bob *
            alice > TRACE s1.test
            alice < :s1.test 204 alice Oper default alice :~alice@alice.test has been silent for 0 seconds
            alice < :s1.test 203 alice ???? default 10.0.0.3
            alice < :s1.test 209 alice Class default 4
            alice <~ :s1.test 262 alice *
            alice > TRACE bob
            alice < :s1.test 205 alice User default bob :~bob@bob.test has been silent for 0 seconds
            alice > TRACE nowhere
            alice < :s1.test 402 alice nowhere :No such server
            ",
        );
    }
}
