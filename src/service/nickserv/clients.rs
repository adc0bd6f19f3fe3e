//! NickServ CLIENTS, and SESSIONS, which is the same.

use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
    },
    network::{
        UserId,
        crdt::Source,
        op::{Ask, Op},
    },
    registry::RecordId,
    wire::message::Args,
};

pub const COMMANDS: &[Command] = &[Command {
    name: "CLIENTS",
    params: "[<subcommand>] [<nick>]",
    about: "Shows or disconnects those who are logged in to your account.",
    help: "CLIENTS LIST shows them, on whichever server. CLIENTS LOGOUT <nick> disconnects one of them, CLIENTS LOGOUT ALL all but you. If you do not know one of them, change your password first (PASSWD).\nExample: CLIENTS LOGOUT ALL",
    replies: &[],
    cost: 3,
    run: Run::User(clients),
    ..Command::USUAL
}];

pub const SESSIONS: &[Command] = &[Command { name: "SESSIONS", ..COMMANDS[0] }];

fn clients(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let Some(login) = super::login(ctx, user) else { return Ok(()) };
    let subcommand = args.given(0).unwrap_or("LIST").to_ascii_uppercase();
    match (subcommand.as_str(), args.given(1)) {
        ("LIST", _) => list(ctx, login.id),
        ("LOGOUT", Some(which)) => log_out(ctx, user, (login.id, which)),
        _ => ctx.notice("CLIENTS knows LIST, LOGOUT <nick> and LOGOUT ALL."),
    }
    Ok(())
}

/// Who is logged in to an account, wherever they are.
fn of_account(ctx: &Ctx<'_>, account: RecordId) -> Vec<UserId> {
    let users = ctx.network().users();
    let own = users.filter(|(_, user)| user.login.as_ref().is_some_and(|it| it.id == account));
    own.map(|(user, _)| user).collect()
}

fn list(ctx: &mut Ctx<'_>, account: RecordId) {
    let users = of_account(ctx, account);
    for user in users.iter().take(SHOWN_MAX) {
        let who = ctx.whois(*user);
        let server = ctx.network().server(who.uid.server);
        let server = server.map_or("?", |server| &server.info.name);
        let address = who.address.map_or_else(String::new, |address| format!(" [{address}]"));
        let secure = if who.modes.contains('Z') { ", encrypted" } else { "" };
        let text =
            format!("{}!{}@{}{address} on {server}{secure}", who.nick(), who.user, who.real_host);
        ctx.notice(&text);
    }
    ctx.notice(&format!("Logged in to your account: {}.", users.len()));
}

fn log_out(ctx: &mut Ctx<'_>, user: UserId, (account, which): (RecordId, &str)) {
    let others = of_account(ctx, account).into_iter().filter(|other| *other != user);
    let targets: Vec<UserId> = match which.eq_ignore_ascii_case("ALL") {
        true => others.collect(),
        false => {
            let named = ctx.find_user(which);
            others.filter(|other| Some(*other) == named).collect()
        }
    };
    let by = Source::User(ctx.whois(user).uid);
    let reason = format!("Killed (NickServ (CLIENTS LOGOUT used by {}))", ctx.whois(user).nick());
    for target in &targets {
        let uid = ctx.whois(*target).uid;
        ctx.commit(Op::Request { by, uid, ask: Ask::Kill(reason.as_str().into()) });
    }
    match targets.len() {
        0 => ctx.notice("Nobody else of that name is logged in to your account."),
        count => ctx.notice(&format!("Disconnected: {count}.")),
    }
}

/// How many are shown.
const SHOWN_MAX: usize = 50;

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn who_is_logged_in_is_seen_and_disconnected_by_the_owner() {
        check(
            r"
            servers 2
            account alice password=sesame
            alice@1 > NS CLIENTS
            alice <~ :NickServ!services@services.test NOTICE alice :You are not logged in.*
            alice > NS IDENTIFY alice sesame
            phone@2 > NS IDENTIFY alice sesame
            other@2 > NS IDENTIFY alice sesame
            bob@2 > PING x
            alice > NS CLIENTS LIST
            alice < :NickServ!services@services.test NOTICE alice :alice!~alice@alice.test [10.0.0.1] on s1.test
            alice < :NickServ!services@services.test NOTICE alice :phone!~phone@phone.test [10.0.0.2] on s2.test
            alice < :NickServ!services@services.test NOTICE alice :other!~other@other.test [10.0.0.3] on s2.test
            alice < :NickServ!services@services.test NOTICE alice :Logged in to your account: 3.
            alice > NS CLIENTS LOGOUT bob
            alice < :NickServ!services@services.test NOTICE alice :Nobody else of that name is logged in to your account.
            alice > NS CLIENTS LOGOUT phone
            alice < :NickServ!services@services.test NOTICE alice :Disconnected: 1.
            phone <~ ERROR :*CLIENTS LOGOUT used by alice*
            alice > NS SESSIONS LOGOUT ALL
            other <~ ERROR :*CLIENTS LOGOUT used by alice*
            alice > NS SESSIONS LOGOUT
            alice < :NickServ!services@services.test NOTICE alice :CLIENTS knows LIST, LOGOUT <nick> and LOGOUT ALL.
            alice > NS SESSIONS
            alice < :NickServ!services@services.test NOTICE alice :Logged in to your account: 1.
            same
            ",
        );
    }
}
