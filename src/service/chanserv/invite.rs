//! ChanServ INVITE and GETKEY: ways into a channel.

use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
    },
    network::{UserId, op::Op},
    wire::message::Args,
};

pub const INVITE: &[Command] = &[Command {
    name: "INVITE",
    params: "<channel> [<nick>]",
    about: "Invites you, or somebody else, to a channel, whatever keeps others out.",
    help: "It takes the flag i. Somebody else is told that it is you who invites them, and cannot be invited where nobody can be (+V).\nExample: INVITE #dev alice",
    replies: &[],
    cost: 2,
    run: Run::User(invite),
    ..Command::USUAL
}];

pub const GETKEY: &[Command] = &[Command {
    name: "GETKEY",
    params: "<channel>",
    about: "Tells you the key of a channel.",
    help: "It takes the flag i.\nExample: GETKEY #dev",
    replies: &[],
    cost: 2,
    run: Run::User(key),
    ..Command::USUAL
}];

fn invite(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let Some((name, channel)) = super::there(ctx, user, args[0], "i") else { return Ok(()) };
    let target = args.given(1).map_or(Some(user), |nick| ctx.find_user(nick));
    let Some(target) = target else {
        ctx.notice(&format!("{} is not there.", args.given(1).unwrap_or_default()));
        return Ok(());
    };
    let nick = ctx.whois(target).nick().to_string();
    let inside = ctx.network().status(channel, target).is_some();
    if target == user {
        if inside {
            ctx.notice(&format!("You are in {name} already."));
            return Ok(());
        }
        if let Some(local) = ctx.core.locals.get_mut(user) {
            local.invite(&name);
        }
        let source = ctx.core.service_mask(super::SERVICE.name);
        ctx.raw_as(&source, "INVITE", &[&nick], name.as_str());
        return Ok(());
    }
    if inside {
        ctx.notice(&format!("{nick} is in {name} already."));
        return Ok(());
    }
    if ctx.network().channel(channel).has('V') {
        ctx.notice(&format!("Nobody can be invited to {name} (+V)."));
        return Ok(());
    }
    ctx.notice(&format!("{nick} is invited to {name}."));
    let (by, uid) = (ctx.whois(user).uid, ctx.whois(target).uid);
    ctx.commit(Op::Invite { by, uid, name, access: true });
    Ok(())
}

fn key(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let Some((name, channel)) = super::there(ctx, user, args[0], "i") else { return Ok(()) };
    let text = match ctx.network().channel(channel).value('k') {
        Some(key) => format!("The key of {name} is: {key}"),
        None => format!("{name} has no key."),
    };
    ctx.notice(&text);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn whoever_has_the_flag_has_a_way_in_and_opens_one_for_others() {
        check(
            r"
            servers 3
            account alice password=sesame
            account bob password=sesame
            alice@1 > NS IDENTIFY alice sesame
            bob@2   > NS IDENTIFY bob sesame
            carol@3 > PING x
            alice > JOIN #a
            alice > CS REGISTER #a
            alice > CS FLAGS #a bob +i
            bob   > CS GETKEY #a
            bob   < :ChanServ!services@services.test NOTICE bob :#a has no key.
            alice > MODE #a +ik sesame
            bob   > CS GETKEY #a
            bob   < :ChanServ!services@services.test NOTICE bob :The key of #a is: sesame
            bob   > CS INVITE #a
            bob   < :ChanServ!services@services.test INVITE bob :#a
            bob   > JOIN #a
            bob   < :bob!~bob@bob.test JOIN #a
            bob   > CS INVITE #a
            bob   < :ChanServ!services@services.test NOTICE bob :You are in #a already.
            bob   > INVITE carol #a
            bob   < :s2.test 482 bob #a :You're not channel operator
            bob   > CS INVITE #a carol
            bob   < :ChanServ!services@services.test NOTICE bob :carol is invited to #a.
            carol < :bob!~bob@bob.test INVITE carol #a
            carol > JOIN #a
            carol < :carol!~carol@carol.test JOIN #a
            bob   > CS INVITE #a carol
            bob   < :ChanServ!services@services.test NOTICE bob :carol is in #a already.
            bob   > CS INVITE #a nobody
            bob   < :ChanServ!services@services.test NOTICE bob :nobody is not there.
            carol > CS INVITE #a carol
            carol < :ChanServ!services@services.test NOTICE carol :You are not authorized to perform this operation.
            carol > PART #a
            alice > MODE #a +V
            bob   > CS INVITE #a carol
            bob   < :ChanServ!services@services.test NOTICE bob :Nobody can be invited to #a (+V).
            carol > JOIN #a
            carol < :s3.test 473 carol #a :Cannot join channel (+i)
            same
            ",
        );
    }

    #[test]
    fn whom_somebody_does_not_want_to_hear_cannot_reach_them_through_an_invitation() {
        check(
            r"
            account bob password=sesame
            bob   > NS IDENTIFY bob sesame
            bob   > JOIN #a
            bob   > CS REGISTER #a
            carol > SILENCE +bob!*@*
            bob   > CS INVITE #a carol
            carol > PING x
            carol <! INVITE
            ",
        );
    }
}
