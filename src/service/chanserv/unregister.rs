//! ChanServ UNREGISTER, and DROP, which is the same.

use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        registered::record::SUSPENDED,
    },
    network::UserId,
    registry::What,
    wire::message::Args,
};

pub const COMMANDS: &[Command] = &[Command {
    name: "UNREGISTER",
    params: "<channel> [<code>]",
    about: "Ends the registration of your channel.",
    help: "The channel goes on as one that nobody owns. So that it does not happen by mistake, you are told a code that has to follow.",
    replies: &[],
    cost: 3,
    run: Run::User(unregister),
    ..Command::USUAL
}];

pub const DROP: &[Command] = &[Command { name: "DROP", ..COMMANDS[0] }];

fn unregister(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let Some(name) = super::allowed(ctx, user, args[0], "F") else { return Ok(()) };
    let Some(known) = super::registration(ctx, &name) else { return Ok(()) };
    let id = known.id;
    // Otherwise it could be registered anew, and would be open.
    if known.record.get(SUSPENDED).is_some() {
        ctx.notice(&format!(
            "{name} is suspended. It stays registered until operators of the network have opened it."
        ));
        return Ok(());
    }
    // Made from what is the channel's own: it is to be typed, and need not be secret.
    let code = id.to_string();
    if args.given(1) != Some(&code) {
        ctx.notice(&format!(
            "This ends the registration of {name}, with its access list and settings, for good. If you mean it: UNREGISTER {name} {code}"
        ));
        return Ok(());
    }
    let done = super::say(format!("{name} is not registered any more."));
    super::write(ctx, user, &name, What::End, done)
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn a_channel_goes_on_without_its_registration() {
        check(
            r"
            servers 2
            account alice password=sesame
            alice@1 > NS IDENTIFY alice sesame
            alice > JOIN #a
            alice > CS REGISTER #a
            bob@2 > JOIN #a
            bob   > CS UNREGISTER #a
            bob   < :ChanServ!services@services.test NOTICE bob :You are not authorized to perform this operation.
            alice > CS DROP #b
            alice < :ChanServ!services@services.test NOTICE alice :#b is not registered.
            alice > CS DROP #a
            alice <~ :ChanServ!services@services.test NOTICE alice :This ends the registration of #a*
            alice > CS DROP #a 1a3185c501a0000-20v
            alice <~ :ChanServ!services@services.test NOTICE alice :This ends*
            same
            ",
        );
    }

    #[test]
    fn a_channel_that_is_suspended_stays_so_whatever_its_founder_does() {
        check(
            r"
            config oper root sesame
            account alice password=sesame
            alice > NS IDENTIFY alice sesame
            root  > OPER root sesame
            alice > JOIN #a
            alice > CS REGISTER #a
            root  > CS SUSPEND #a spam
            alice > CS UNREGISTER #a
            alice < :ChanServ!services@services.test NOTICE alice :#a is suspended. It stays registered until operators of the network have opened it.
            alice > NS UNREGISTER alice
            alice <~ :NickServ!services@services.test NOTICE alice :*UNREGISTER alice *
            alice > NS UNREGISTER alice $record
            wait 10
            alice > JOIN #a
            alice < :s1.test 477 alice #a :The channel is suspended: spam
            root  > CS UNSUSPEND #a
            root  < :ChanServ!services@services.test NOTICE root :#a is not suspended any more, and not registered either: the account of its founder is no more.
            alice > JOIN #a
            alice < :alice!~alice@alice.test JOIN #a
            same
            ",
        );
    }
}
