//! REPORT: tells operators of what is wrong.

use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        oper::Priv,
        welcome,
    },
    network::{UserId, crdt::Source, op::Op},
    wire::{encode::head, message::Args, reply},
};
use std::time::Duration;

pub const COMMANDS: &[Command] = &[Command {
    name: "REPORT",
    params: "<nick or channel> [<reason>]",
    about: "Tells the operators of the network of somebody, or of a channel.",
    help: "Once a minute. Operators see what is open with REPORT LIST, and close it with REPORT CLOSE <number>.\nExample: REPORT bob :sends advertising to everybody",
    replies: &[
        reply::TRY_AGAIN,
        reply::NO_SUCH_NICK,
        reply::NO_SUCH_CHANNEL,
        reply::NEED_MORE_PARAMS,
        reply::NO_PRIVILEGES,
    ],
    cost: 3,
    run: Run::User(report),
    ..Command::USUAL
}];

/// How long a user waits between reports.
const EVERY: Duration = Duration::from_secs(60);

fn report(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let (about, rest) = (args[0], args.given(1));
    match (about.to_ascii_uppercase().as_str(), rest) {
        ("LIST", None) => {
            handles(ctx, user)?;
            list(ctx);
            Ok(())
        }
        ("CLOSE", Some(number)) if number.bytes().all(|byte| byte.is_ascii_digit()) => {
            handles(ctx, user)?;
            close(ctx, user, number);
            Ok(())
        }
        (_, None) => Err(reply::need_more_params("REPORT").into()),
        (_, Some(reason)) => file(ctx, user, about, reason),
    }
}

fn handles(ctx: &Ctx<'_>, user: UserId) -> Outcome {
    if ctx.may(user, Priv::Reports) { Ok(()) } else { Err(reply::no_privileges().into()) }
}

fn file(ctx: &mut Ctx<'_>, user: UserId, about: &str, reason: &str) -> Outcome {
    let about = if about.starts_with('#') {
        let channel = ctx.channel(about)?;
        ctx.network().channel(channel).name.to_string()
    } else {
        // With the host: a nick is changed before an operator looks.
        let other = ctx.user(about)?;
        ctx.whois(other).mask()
    };
    let now = ctx.now.mono;
    let reported = ctx.local(user).and_then(|local| local.seldom().reported);
    if reported.is_some_and(|then| now < then + EVERY) {
        return Err(reply::try_again("REPORT").into());
    }
    if let Some(local) = ctx.core.locals.get_mut(user) {
        local.seldom_mut().reported = Some(now);
    }
    let reason = head(reason, ctx.core.config.limits.kick).into();
    let by = ctx.whois(user).uid;
    ctx.commit(Op::Report { by, about: about.into(), reason });
    ctx.notice("Your report has been passed on to the operators. Thank you.");
    Ok(())
}

fn list(ctx: &mut Ctx<'_>) {
    let lines: Vec<String> = ctx
        .core
        .reports
        .iter()
        .map(|report| {
            let when = welcome::date_text(report.at.wall());
            format!(
                "{} ({when}) {} about {}: {}",
                report.number, report.by, report.about, report.reason
            )
        })
        .collect();
    for line in &lines {
        ctx.notice(line);
    }
    ctx.notice(&format!("Open reports: {}. REPORT CLOSE <number> closes one.", lines.len()));
}

fn close(ctx: &mut Ctx<'_>, user: UserId, number: &str) {
    let found = ctx.core.reports.iter().find(|report| number.parse() == Ok(report.number));
    let Some(report) = found.map(|report| report.at) else {
        return ctx.notice(&format!(
            "There is no open report {number}; REPORT LIST shows those there are."
        ));
    };
    let by = Source::User(ctx.whois(user).uid);
    ctx.commit(Op::ReportClosed { by, report });
    ctx.notice(&format!("Report {number} is closed."));
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn operators_of_every_server_hear_list_and_close_reports() {
        check(
            r"
            servers 2
            config oper root sesame
            root@2  > OPER root sesame
            root    > MODE root +s a
            mallory@1 > JOIN #spam
            alice@1 > REPORT mallory :sends spam
            alice   < :s1.test NOTICE alice :Your report has been passed on to the operators. Thank you.
            root    < :s1.test NOTICE root :*** Notice -- Report 1: alice!~alice@alice.test about mallory!~mallory@mallory.test: sends spam
            alice   > REPORT #SPAM :it is all there
            alice   < :s1.test 263 alice REPORT :Please wait a while and try again.
            wait 61
            alice   > REPORT #SPAM :it is all there
            root    < :s1.test NOTICE root :*** Notice -- Report 2: alice!~alice@alice.test about #spam: it is all there
            root    > REPORT LIST
            root    <~ :s2.test NOTICE root :1 (*) alice!~alice@alice.test about mallory!~mallory@mallory.test: sends spam
            root    <~ :s2.test NOTICE root :2 (*) alice!~alice@alice.test about #spam: it is all there
            root    < :s2.test NOTICE root :Open reports: 2. REPORT CLOSE <number> closes one.
            root    > REPORT CLOSE 1
            root    < :s2.test NOTICE root :*** Notice -- Report 1 about mallory!~mallory@mallory.test closed by root!~root@root.test
            root    < :s2.test NOTICE root :Report 1 is closed.
            root    > REPORT CLOSE 1
            root    < :s2.test NOTICE root :There is no open report 1; REPORT LIST shows those there are.
            root    > REPORT LIST
            root    < :s2.test NOTICE root :Open reports: 1. REPORT CLOSE <number> closes one.
            ",
        );
    }

    #[test]
    fn what_is_refused() {
        check(
            r"
            alice > REPORT
            alice < :s1.test 461 alice REPORT :Not enough parameters
            alice > REPORT bob
            alice < :s1.test 461 alice REPORT :Not enough parameters
            alice > REPORT nobody :x
            alice < :s1.test 401 alice nobody :No such nick/channel
            alice > REPORT #none :x
            alice < :s1.test 403 alice #none :No such channel
            bob   > JOIN #secret
            bob   > MODE #secret +s
            alice > REPORT #secret :x
            alice < :s1.test 403 alice #secret :No such channel
            alice > REPORT LIST
            alice < :s1.test 481 alice :Permission Denied - You're not an IRC operator with that privilege
            alice > REPORT CLOSE 1
            alice < :s1.test 481 alice :Permission Denied - You're not an IRC operator with that privilege
            ",
        );
    }

    #[test]
    fn so_many_are_kept_and_no_more() {
        check(
            r"
            config oper root sesame
            config limits.reports 1
            root  > OPER root sesame
            alice > REPORT root :one
            bob   > REPORT root :two
            root  > REPORT LIST
            root  <~ :s1.test NOTICE root :2 (*) bob!~bob@bob.test about root!~root@root.test: two
            root  < :s1.test NOTICE root :Open reports: 1. REPORT CLOSE <number> closes one.
            ",
        );
    }
}
