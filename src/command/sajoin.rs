//! SAJOIN: has a user enter channels.

use super::request::request;
use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        notes,
        oper::Priv,
        refuse_each,
    },
    network::{UserId, op::Ask},
    wire::{message::Args, reply},
};

pub const COMMANDS: &[Command] = &[Command {
    name: "SAJOIN",
    params: "<nick> <channel>{,<channel>}",
    about: "Has a user enter channels, whatever keeps others out.",
    help: "Nobody enters a channel that is purged (ChanServ PURGE).\nExample: SAJOIN bob #dev",
    replies: &[
        reply::NO_SUCH_NICK,
        reply::NO_SUCH_CHANNEL,
        reply::USER_ON_CHANNEL,
        reply::FORBIDDEN_CHANNEL,
    ],
    cost: 1,
    run: Run::Oper(Priv::Force, sajoin),
    ..Command::USUAL
}];

fn sajoin(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let target = ctx.user(args[0])?;
    refuse_each(ctx, args.list(1), |ctx, text| {
        let Some(name) = ctx.channel_name(text) else {
            return Err(reply::no_such_channel(text).into());
        };
        if let Some(note) = notes::purged(ctx.network(), &name) {
            return Err(reply::forbidden_channel(text, &format!("purged: {}", note.text)).into());
        }
        let channel = ctx.network().record(&name);
        if channel.is_some_and(|channel| ctx.network().status(channel, target).is_some()) {
            return Err(reply::user_on_channel(args[0], text).into());
        }
        request(ctx, user, target, Ask::Join(name));
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn a_user_enters_on_any_server() {
        check(
            r"
            servers 2
            config oper root sesame
            alice@1 > OPER root sesame
            alice > JOIN #a
            alice > MODE #a +ik x
            bob@2   > PING x
            alice > SAJOIN bob #a,#new,bad
            alice < :s1.test 403 alice bad :No such channel
            bob   < :bob!~bob@bob.test JOIN #a
            bob   < :bob!~bob@bob.test JOIN #new
            bob   < :s2.test 353 bob = #new :@bob
            alice > SAJOIN bob #a
            alice < :s1.test 443 alice bob #a :is already on channel
            alice > SAJOIN nobody #a
            alice < :s1.test 401 alice nobody :No such nick/channel
            alice > CS PURGE ADD #old against the rules
            alice > SAJOIN bob #old
            alice < :s1.test 479 alice #old :Cannot join channel (it is purged: against the rules)
            bob   > PING old
            bob   <! JOIN #old
            bob   > SAJOIN alice #b
            bob   < :s2.test 481 bob :Permission Denied - You're not an IRC operator with that privilege
            same
            ",
        );
    }
}
