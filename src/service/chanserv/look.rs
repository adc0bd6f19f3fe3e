//! ChanServ STATUS, WHY and CLONE.

use super::grant::ACCESS_MAX;
use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        oper::Priv,
        registered::{access, kept::Fields, record},
    },
    network::UserId,
    wire::message::Args,
};

pub const STATUS: &[Command] = &[Command {
    name: "STATUS",
    params: "<channel>",
    about: "Tells which access you have to a channel.",
    help: "Example: STATUS #dev",
    replies: &[],
    cost: 2,
    run: Run::User(status),
    ..Command::USUAL
}];

pub const WHY: &[Command] = &[Command {
    name: "WHY",
    params: "<channel> <nick>",
    about: "Tells by which account somebody has access to a channel.",
    help: "It takes the flag A.\nExample: WHY #dev alice",
    replies: &[],
    cost: 2,
    run: Run::User(why),
    ..Command::USUAL
}];

pub const CLONE: &[Command] = &[Command {
    name: "CLONE",
    params: "<channel> <channel>",
    about: "Gives everybody who has access to one of your channels the same to another.",
    help: "You must be founder of both. Who has access to the second channel only keeps it.\nExample: CLONE #dev #dev-help",
    replies: &[],
    cost: 4,
    run: Run::User(clone),
    ..Command::USUAL
}];

fn status(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let Some(name) = super::registered(ctx, args[0]) else { return Ok(()) };
    let flags = super::flags(ctx, user, &name);
    ctx.notice(&match flags.is_empty() {
        true => format!("You have no access to {name}."),
        false => format!("You have access flags {flags} on {name}."),
    });
    Ok(())
}

fn why(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let Some(name) = super::registered(ctx, args[0]) else { return Ok(()) };
    if !super::flags(ctx, user, &name).has('A') && !ctx.may(user, Priv::See) {
        super::refused(ctx);
        return Ok(());
    }
    let Some(target) = ctx.find_user(args[1]) else {
        ctx.notice(&format!("{} is not there.", args[1]));
        return Ok(());
    };
    let Some(known) = super::registration(ctx, &name) else { return Ok(()) };
    let flags = access::flags(ctx.core, target, known);
    let account = ctx.whois(target).account().filter(|_| !flags.is_empty());
    ctx.notice(&match account {
        Some(account) => {
            format!("{} has flags {flags} in {name}, by the account {account}.", args[1])
        }
        None => format!("{} has no access to {name}.", args[1]),
    });
    Ok(())
}

fn clone(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let Some(from) = super::allowed(ctx, user, args[0], "F") else { return Ok(()) };
    let Some(to) = super::allowed(ctx, user, args[1], "F") else { return Ok(()) };
    let both = super::registration(ctx, &from).zip(super::registration(ctx, &to));
    let Some((source, target)) = both.filter(|_| from != to) else { return Ok(()) };
    let founders = [source.founder, target.founder];
    let given = source.access.iter().filter(|(id, _)| !founders.contains(&Some(**id)));
    let fields: Fields = given
        .map(|(id, flags)| (record::access(*id), Some(flags.letters().collect::<String>().into())))
        .collect();
    if fields.is_empty() {
        ctx.notice(&format!("Nobody else has access to {from}."));
        return Ok(());
    }
    let new = source.access.keys().filter(|id| !target.access.contains_key(id)).count();
    if target.access.len() + new > ACCESS_MAX {
        ctx.notice(&format!(
            "{to} would have more than {ACCESS_MAX} entries of access. Take some away first."
        ));
        return Ok(());
    }
    let done = format!("The access list of {from} has been copied to {to}.");
    super::grant::give(ctx, user, (&to, "F"), fields, done)
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn who_has_which_access_and_why() {
        check(
            r"
            account alice password=sesame
            account bob password=sesame
            alice > NS IDENTIFY alice sesame
            alice > JOIN #a,#b
            alice > CS REGISTER #a
            alice > CS REGISTER #b
            alice > CS CLONE #a #b
            alice < :ChanServ!services@services.test NOTICE alice :Nobody else has access to #a.
            alice > CS AOP #a ADD bob
            alice > CS CLONE #a #b
            alice < :ChanServ!services@services.test NOTICE alice :The access list of #a has been copied to #b.
            bob   > CS STATUS #b
            bob   < :ChanServ!services@services.test NOTICE bob :You have no access to #b.
            bob   > NS IDENTIFY bob sesame
            bob   > CS STATUS #b
            bob   < :ChanServ!services@services.test NOTICE bob :You have access flags +AOehiortv on #b.
            bob   > CS WHY #b alice
            bob   <~ :ChanServ!services@services.test NOTICE bob :alice has flags * in #b, by the account alice.
            bob   > CS WHY #b carol
            bob   < :ChanServ!services@services.test NOTICE bob :carol is not there.
            carol > CS WHY #b alice
            carol < :ChanServ!services@services.test NOTICE carol :You are not authorized to perform this operation.
            bob   > CS WHY #b carol
            bob   < :ChanServ!services@services.test NOTICE bob :carol has no access to #b.
            ",
        );
    }
}
