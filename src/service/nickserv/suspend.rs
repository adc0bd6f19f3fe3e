//! NickServ SUSPEND.

use super::list;
use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        oper::Priv,
        suspension::{self, SUSPENDED, UNTIL},
    },
    job::Answer,
    network::UserId,
    registry::What,
    store::Rows,
    time::parse_span,
    wire::message::Args,
};

pub const COMMANDS: &[Command] = &[Command {
    name: "SUSPEND",
    params: "<subcommand> [<account>] [<duration>] [<reason>]",
    about: "Keeps everybody out of an account, for a while or until it is lifted.",
    help: "SUSPEND ADD <account> [<duration>] [<reason>], the duration as 90m, 2h or 1w2d; SUSPEND DEL <account> lifts it, SUSPEND LIST shows all. Whoever is logged in to the account is logged out, on every server. The account keeps its nicks. Whoever tries to log in with its password is told the reason.\nExample: SUSPEND ADD alice 2h spam",
    replies: &[],
    cost: 3,
    run: Run::Oper(Priv::Accounts, suspend),
    ..Command::USUAL
}];

fn suspend(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let subcommand = args[0].to_ascii_uppercase();
    let account = match (subcommand.as_str(), args.given(1)) {
        ("LIST", _) => {
            list::show(ctx, "*", SUSPENDED);
            return Ok(());
        }
        ("ADD" | "DEL", Some(name)) => super::named(ctx, name),
        _ => {
            ctx.notice(
                "SUSPEND knows ADD <account> [<duration>] [<reason>], DEL <account> and LIST.",
            );
            return Ok(());
        }
    };
    let Some(account) = account else { return Ok(()) };
    let (reason, until) = if subcommand == "ADD" { terms(ctx, &args) } else { (None, None) };
    let verb = if reason.is_some() { "suspends" } else { "lifts the suspension of" };
    super::announce(
        ctx,
        user,
        &format!("{verb} the account {}", args.given(1).unwrap_or_default()),
    );
    let fields = vec![(SUSPENDED.into(), reason), (UNTIL.into(), until)];
    super::write(ctx, user, account, What::Write(fields), changed)
}

/// The reason and the end, in seconds since 1970, as they are stored.
fn terms(ctx: &Ctx<'_>, args: &Args<'_>) -> (Option<Box<str>>, Option<Box<str>>) {
    let span = args.given(2).and_then(parse_span);
    let until = span.map(|span| ctx.now.wall.secs().saturating_add(span.as_secs()));
    let words = args.iter().skip(if span.is_some() { 3 } else { 2 });
    let reason = words.collect::<Vec<&str>>().join(" ");
    (Some(reason.into()), until.map(|until| until.to_string().into()))
}

fn changed(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    let name = super::edited_name(&answer);
    let text = match &answer {
        Answer::Stored(Ok(Rows::Proposed(edited))) => {
            suspension::of(&edited.record, ctx.now.wall).map(|it| it.text())
        }
        _ => None,
    };
    let done = match text {
        Some(text) => format!("{name} is now suspended{text}"),
        None => format!("{name} is not suspended any more."),
    };
    super::told(ctx, &answer, &done);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn a_suspended_account_is_left_by_everybody_and_entered_by_nobody() {
        check(
            r"
            servers 2
            config oper root sesame
            account alice password=sesame
            root@1 > OPER root sesame
            watch@2 > OPER root sesame
            watch > MODE watch +s o
            alice@1 > NS IDENTIFY alice sesame
            phone@2 > NS IDENTIFY alice sesame
            root > NS SUSPEND ADD alice spam in #a
            root < :NickServ!services@services.test NOTICE root :alice is now suspended: spam in #a
            watch < :s1.test NOTICE watch :*** Notice -- root!~root@root.test suspends the account alice
            alice < :s1.test NOTICE alice :You are logged out: the account alice is suspended: spam in #a
            phone < :s2.test NOTICE phone :You are logged out: the account alice is suspended: spam in #a
            phone > WHOIS alice
            phone <~ * 318 phone alice *
            phone <! 330
            phone > NS IDENTIFY alice wrong
            phone < :NickServ!services@services.test NOTICE phone :Invalid password for alice.
            phone > NS IDENTIFY alice sesame
            phone < :NickServ!services@services.test NOTICE phone :The account alice is suspended: spam in #a
            phone < :NickServ!services@services.test NOTICE phone :The account is suspended; ask an operator of the network.
            root > NS SUSPEND LIST
            root <~ * NOTICE root :alice (last seen *), suspended: spam in #a
            root > NS SUSPEND DEL alice
            root < :NickServ!services@services.test NOTICE root :alice is not suspended any more.
            phone > NS IDENTIFY alice sesame
            phone < :NickServ!services@services.test NOTICE phone :You are now identified for alice.
            same
            ",
        );
    }

    #[test]
    fn a_suspension_ends_by_itself() {
        check(
            r"
            config oper root sesame
            config limits.ping_interval 5000
            config accounts.sasl PLAIN SCRAM-SHA-256 EXTERNAL
            account alice password=sesame cert:ab12=y
            root > OPER root sesame
            root > NS SUSPEND ADD alice 1h
            root <~ :NickServ!services@services.test NOTICE root :alice is now suspended until 2027-*: no reason was given
            secure bob
            bob > CAP REQ sasl
            bob > AUTHENTICATE EXTERNAL
            bob > AUTHENTICATE +
            bob <~ :s1.test NOTICE bob :The account alice is suspended until *
            bob <~ :s1.test 902 bob *
            root > NS SUSPEND LIST
            root < :NickServ!services@services.test NOTICE root :End of the list: 1 accounts.
            wait 3600
            root > NS SUSPEND LIST
            root < :NickServ!services@services.test NOTICE root :End of the list: 0 accounts.
            bob > AUTHENTICATE EXTERNAL
            bob > AUTHENTICATE +
            bob <~ :s1.test 903 bob *
            root > NS SUSPEND ADD alice 1h
            bob <~ :s1.test NOTICE bob :You are logged out: the account alice is suspended until *
            root > NS SUSPEND ADD
            root < :NickServ!services@services.test NOTICE root :SUSPEND knows ADD <account> [<duration>] [<reason>], DEL <account> and LIST.
            root > NS SUSPEND ADD nobody
            root < :NickServ!services@services.test NOTICE root :nobody is not registered.
            ",
        );
    }

    #[test]
    fn a_suspension_behind_a_split_logs_out_when_it_is_learned() {
        check(
            r"
            servers 2
            config oper root sesame
            account alice password=sesame
            root@1 > OPER root sesame
            phone@2 > NS IDENTIFY alice sesame
            split 1 | 2
            root > NS SUSPEND ADD alice spam
            phone > PING x
            phone <! suspended
            heal
            wait 10
            phone < :s2.test NOTICE phone :You are logged out: the account alice is suspended: spam
            same
            ",
        );
    }
}
