//! HostServ ON, OFF and STATUS.

use super::write;
use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        oper::Priv,
        vhost::{VHOST, VHOST_OFF},
    },
    job::Answer,
    network::{UserId, note::Section},
    service::{account, logged_in, nickserv, told},
    wire::message::Args,
};

pub const ON: &[Command] = &[Command {
    name: "ON",
    params: "",
    about: "Shows the host of your account.",
    help: "It stays so whenever you log in, until you say OFF.",
    replies: &[],
    cost: 4,
    run: Run::User(on),
    ..Command::USUAL
}];

pub const OFF: &[Command] = &[Command {
    name: "OFF",
    params: "",
    about: "Shows you without the host of your account.",
    help: "It stays so until you say ON.",
    replies: &[],
    cost: 4,
    run: Run::User(off),
    ..Command::USUAL
}];

pub const STATUS: &[Command] = &[Command {
    name: "STATUS",
    params: "[<account>]",
    about: "Shows which host your account has.",
    help: "Operators with the privilege vhosts may ask about other accounts too.\nExample: STATUS alice",
    replies: &[],
    cost: 3,
    run: Run::User(status),
    ..Command::USUAL
}];

fn on(ctx: &mut Ctx<'_>, user: UserId, _args: Args<'_>) -> Outcome {
    let Some(login) = logged_in(ctx, user) else { return Ok(()) };
    nickserv::read(ctx, login.id, turned_on)
}

/// Only a host that is there can be shown.
fn turned_on(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    let Some(record) = nickserv::record(ctx, answer) else { return Ok(()) };
    let Some(user) = ctx.session().user() else { return Ok(()) };
    if record.get(VHOST).is_none() {
        ctx.notice("Your account has no host of its own. REQUEST <host> asks for one.");
        return Ok(());
    }
    write(ctx, user, record.id, &[(VHOST_OFF, None)], |ctx, answer| {
        told(ctx, &answer, "The host of your account is shown from now on.");
        Ok(())
    })
}

fn off(ctx: &mut Ctx<'_>, user: UserId, _args: Args<'_>) -> Outcome {
    let Some(login) = logged_in(ctx, user) else { return Ok(()) };
    write(ctx, user, login.id, &[(VHOST_OFF, Some("on"))], |ctx, answer| {
        told(ctx, &answer, "The host of your account is not shown any more.");
        Ok(())
    })
}

fn status(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let Some(login) = logged_in(ctx, user) else { return Ok(()) };
    let id = match args.given(0) {
        None => Some(login.id),
        Some(name) => account(ctx, name),
    };
    match id {
        Some(id) if id != login.id && !ctx.may(user, Priv::Vhosts) => {
            ctx.notice("That is for the owner of the account.");
            Ok(())
        }
        Some(id) => nickserv::read(ctx, id, found),
        None => Ok(()),
    }
}

fn found(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    let Some(record) = nickserv::record(ctx, answer) else { return Ok(()) };
    let name = record.name().unwrap_or_default();
    let host = match (record.get(VHOST), record.get(VHOST_OFF)) {
        (None, _) => format!("{name} has no host of its own."),
        (Some(host), None) => format!("{name} has the host {host}, which is shown."),
        (Some(host), Some(_)) => format!("{name} has the host {host}, which is switched off."),
    };
    ctx.notice(&host);
    let pending = ctx.network().notes().get(Section::Request, &record.id.to_string());
    if let Some(host) = pending.map(|note| note.value.clone()) {
        ctx.notice(&format!("{name} has asked for the host {host}; operators will answer."));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn the_host_of_an_account_is_shown_wherever_one_logs_in() {
        check(
            r"
            servers 2
            account alice password=sesame vhost=alice.example
            bob@2   > CAP REQ chghost
            bob     > JOIN #a
            carol@2 > JOIN #a
            alice@1 > JOIN #a
            alice   > HS STATUS
            alice   < :HostServ!services@services.test NOTICE alice :You are not logged in. /msg NickServ IDENTIFY <account> <password> logs you in.
            alice   > NS IDENTIFY alice sesame
            alice   < :s1.test 396 alice alice.example :is now your displayed host
            bob     < :alice!~alice@alice.test CHGHOST ~alice alice.example
            carol   < :alice!~alice@alice.test QUIT :Changing host
            carol   < :alice!~alice@alice.example JOIN #a
            alice   > HS STATUS
            alice   < :HostServ!services@services.test NOTICE alice :alice has the host alice.example, which is shown.
            alice   > MODE alice +x
            alice   > MODE alice -x
            bob     <! CHGHOST
            alice   > HS OFF
            alice   < :HostServ!services@services.test NOTICE alice :The host of your account is not shown any more.
            bob     < :alice!~alice@alice.example CHGHOST ~alice alice.test
            alice   > HS STATUS alice
            alice   < :HostServ!services@services.test NOTICE alice :alice has the host alice.example, which is switched off.
            alice   > NS LOGOUT
            alice   > NS IDENTIFY alice sesame
            bob     <! CHGHOST
            alice   > HOSTSERV ON
            alice   < :HostServ!services@services.test NOTICE alice :The host of your account is shown from now on.
            bob     < :alice!~alice@alice.test CHGHOST ~alice alice.example
            alice   > NS LOGOUT
            bob     < :alice!~alice@alice.example CHGHOST ~alice alice.test
            raw d
            d > CAP REQ sasl
            d > AUTHENTICATE PLAIN
            d > AUTHENTICATE AGFsaWNlAHNlc2FtZQ==
            d > NICK dee
            d > USER dee 0 * :Dee
            d > CAP END
            d < :s1.test 001 dee :Welcome to the Test IRC network, dee!~dee@alice.example
            d < :s1.test 396 dee alice.example :is now your displayed host
            bob     > WHOIS dee
            bob     < :s2.test 311 bob dee ~dee alice.example * :Dee
            d > NS LOGOUT
            d < :s1.test 396 dee d.test :is now your displayed host
            same
            ",
        );
    }

    #[test]
    fn who_has_no_host_is_told() {
        check(
            r"
            account alice password=sesame
            account bob password=sesame
            alice > NS IDENTIFY alice sesame
            alice > HS ON
            alice < :HostServ!services@services.test NOTICE alice :Your account has no host of its own. REQUEST <host> asks for one.
            alice > HS STATUS
            alice < :HostServ!services@services.test NOTICE alice :alice has no host of its own.
            alice > HS STATUS bob
            alice < :HostServ!services@services.test NOTICE alice :That is for the owner of the account.
            alice > HS STATUS nobody
            alice < :HostServ!services@services.test NOTICE alice :nobody is not registered.
            ",
        );
    }

    #[test]
    fn a_ban_on_a_cloak_finds_who_shows_another_host() {
        check(
            r"
            servers 2
            config cloak.enabled true
            config oper root sesame
            account alice password=sesame vhost=alice.example
            op@2    > JOIN #a
            op      > MODE #a +n
            alice@1 > JOIN #b
            op      > MODE #a +b *!*@*.ip
            alice   > NS IDENTIFY alice sesame
            alice   < :s1.test 396 alice alice.example :is now your displayed host
            alice   > JOIN #a
            alice   < :s1.test 474 alice #a :Cannot join channel (+b)
            op      > MODE #a -b+b *!*@*.ip *!*@alice.example
            alice   > JOIN #a
            alice   < :s1.test 474 alice #a :Cannot join channel (+b)
            op      > MODE #a -b *!*@alice.example
            alice   > JOIN #a
            alice   < :alice!~alice@alice.example JOIN #a
            op      > MODE #a +b m:*!*@*.ip
            alice   > PRIVMSG #a :hi
            alice   <~ :s1.test 404 alice #a *
            raw d
            d > CAP REQ sasl
            d > AUTHENTICATE PLAIN
            d > AUTHENTICATE AGFsaWNlAHNlc2FtZQ==
            d > NICK dee
            d > USER dee 0 * :Dee
            d > CAP END
            op      > MODE #a +b *!*@*.ip
            d > JOIN #a
            d < :s1.test 474 dee #a :Cannot join channel (+b)
            op      > OPER root sesame
            op      > GLINE *@*.example out
            d < ERROR :Closing link: Banned (G-line): out
            same
            ",
        );
    }
}
