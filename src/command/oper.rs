//! OPER (RFC 2812 §3.1.4).

use crate::{
    config::{Oper, Secret},
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        notes,
    },
    job::{Answer, Job},
    network::{UserId, note::Section, op::Op},
    wire::{mask, message::Args, reply},
};

pub const COMMANDS: &[Command] = &[Command {
    name: "OPER",
    params: "<name> <password>",
    about: "Makes you an operator of the network.",
    help: "Who may is said by [[oper]] in the configuration: with a password, a certificate, or from some hosts. After wrong passwords you have to wait.\nExample: OPER alice sesame",
    replies: &[reply::YOURE_OPER, reply::NO_OPER_HOST, reply::PASSWD_MISMATCH],
    cost: 5,
    run: Run::User(oper),
    ..Command::USUAL
}];

fn oper(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let (from, limits) = (ctx.session().from, &ctx.core.config.limits);
    if !ctx.core.attempts.may(from, limits.login_burst, limits.login_interval, ctx.now) {
        return Err(reply::try_again("OPER").into());
    }
    let found = ctx
        .core
        .config
        .oper
        .iter()
        .find(|oper| oper.name == args[0])
        // Who may not be it from here is told so once the password has proved right.
        .filter(|oper| oper.password.is_some() || fits(ctx, user, oper))
        .cloned();
    let name = found.as_ref().map(|oper| oper.name.clone());
    ctx.session_mut().oper = name.map(String::into_boxed_str);
    match found {
        // The certificate was proved in the handshake.
        Some(Oper { password: None, .. }) => grant(ctx, user),
        // A name that is unknown takes as long as one that is.
        found => {
            let hash = found.and_then(|oper| oper.password);
            ctx.defer(Job::Verify { hash, password: Secret::new(args[1]) }, verified);
            Ok(())
        }
    }
}

fn verified(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    let Some(user) = ctx.session().user() else { return Ok(()) };
    match answer {
        Answer::Verified(true) => grant(ctx, user),
        Answer::Verified(false) => {
            failed(ctx, user);
            Err(reply::passwd_mismatch().into())
        }
        _ => Err(reply::try_again("OPER").into()),
    }
}

/// Counts an attempt that was none of an operator's, and tells of it.
fn failed(ctx: &mut Ctx<'_>, user: UserId) {
    let (from, interval) = (ctx.session().from, ctx.core.config.limits.login_interval);
    ctx.core.attempts.failed(from, interval, ctx.now);
    // The address that is shown may be a cloak, and nobody can be kept out by that.
    let who = ctx.whois(user);
    let text = format!("Failed OPER by {}!{}@{}", who.nick(), who.user, who.real_host);
    log::warn!("{text}");
    ctx.snotice('o', &text);
}

fn grant(ctx: &mut Ctx<'_>, user: UserId) -> Outcome {
    let name = ctx.session_mut().oper.take();
    let class = ctx
        .core
        .config
        .oper
        .iter()
        .find(|oper| Some(oper.name.as_str()) == name.as_deref() && fits(ctx, user, oper))
        .map(|oper| oper.class.clone());
    let Some(class) = class else {
        failed(ctx, user);
        return Err(reply::no_oper_host().into());
    };
    let who = ctx.whois(user);
    let text = format!("{} is an operator of class {class} now", who.mask());
    let (uid, modes, host) = (who.uid, who.modes.set('o', true), who.host.clone());
    log::info!("{text}");
    ctx.snotice('o', &text);
    ctx.commit(Op::UserModes { uid, modes, host, class: Some(class.into()) });
    ctx.reply(reply::youre_oper());
    notes::news(ctx, user, Section::NewsOper);
    for text in ctx.core.store_trouble() {
        ctx.notice(&format!("*** Notice -- {text}"));
    }
    Ok(())
}

/// Whether somebody may be this operator at all: by certificate and by mask.
fn fits(ctx: &Ctx<'_>, user: UserId, oper: &Oper) -> bool {
    let shown = ctx.session().tls.as_ref().and_then(|tls| tls.fingerprint.as_deref());
    let who = ctx.whois(user);
    let casemap = ctx.network().casemap();
    let mut hosts = vec![format!("{}@{}", who.user, who.real_host)];
    hosts.extend(who.address.map(|address| format!("{}@{address}", who.user)));
    let masked = oper.masks.is_empty()
        || oper
            .masks
            .iter()
            .any(|mask| hosts.iter().any(|host| mask::matches(mask, host, casemap)));
    masked && oper.fingerprint.as_deref().is_none_or(|wanted| shown == Some(wanted))
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn who_guesses_has_to_wait() {
        check(
            r"
            config oper root sesame
            config limits.login_burst 2
            alice > OPER root wrong
            alice < :s1.test 464 alice :Password incorrect
            alice > OPER root wrong
            alice < :s1.test 464 alice :Password incorrect
            alice > OPER root sesame
            alice < :s1.test 263 alice OPER :Please wait a while and try again.
            wait 30
            alice > OPER root sesame
            alice < :s1.test 381 alice :You are now an IRC operator
            ",
        );
    }

    #[test]
    fn a_password_makes_an_operator() {
        check(
            r"
            config oper root sesame
            alice > OPER root wrong
            alice < :s1.test 464 alice :Password incorrect
            alice > OPER nobody sesame
            alice < :s1.test 464 alice :Password incorrect
            alice > OPER root sesame
            alice < :alice!~alice@alice.test MODE alice :+o
            alice < :s1.test 381 alice :You are now an IRC operator
            alice > MODE alice -o
            alice < :alice!~alice@alice.test MODE alice :-o
            ",
        );
    }

    #[test]
    fn whom_the_password_does_not_help_from_there_is_told_so() {
        check(
            r"
            config oper root sesame
            config oper.masks *@*.office.test
            watch > PING x
            alice > OPER root wrong
            alice < :s1.test 464 alice :Password incorrect
            alice > OPER root sesame
            alice < :s1.test 491 alice :No appropriate operator blocks were found for your host
            alice > MODE alice
            alice < :s1.test 221 alice +
            ",
        );
    }
}
