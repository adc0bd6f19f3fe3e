//! USER (RFC 2812 §3.1.3).

use crate::{
    core::{
        ctx::{Ctx, Outcome, Reject},
        dispatch::{Command, Run},
        registration,
    },
    wire::{encode, message::Args, name, reply},
};

pub const COMMANDS: &[Command] = &[Command {
    name: "USER",
    params: "<user> <mode> <unused> <realname>",
    about: "Says who you are, once, when connecting.",
    help: "Clients do this by themselves. The user name is shown behind a ~; mode and unused mean nothing.\nExample: USER alice 0 * :Alice A.",
    replies: &[reply::INVALID_USERNAME],
    cost: 1,
    run: Run::New(user),
    ..Command::USUAL
}];

fn user(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let limits = &ctx.core.config.limits;
    if args[3].is_empty() {
        return Err(reply::need_more_params("USER").into());
    }
    let realname = encode::head(args[3], limits.realname).into();
    // One byte is for the `~`.
    let Some(user) = name::username(args[0], limits.user.saturating_sub(1)) else {
        ctx.reply(reply::invalid_username());
        return Err(Reject::Quit("Invalid username".into()));
    };
    if let Some(registration) = ctx.session_mut().registration() {
        registration.user = Some((user, realname));
    }
    registration::progress(ctx)
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn registration_takes_nick_and_user_in_either_order() {
        check(
            r"
            raw a
            a > USER al 0 * :Al
            a > NICK al
            a < :s1.test 001 al :Welcome to the Test IRC network, al!~al@a.test
            a > USER al 0 * :Al
            a < :s1.test 462 al :You may not reregister
            ",
        );
    }

    #[test]
    fn one_begins_with_the_modes_that_are_configured() {
        check(
            r"
            config server.user_modes +iZow
            alice < :alice!~alice@alice.test MODE alice :+iw
            ",
        );
    }

    #[test]
    fn a_user_name_must_have_something_in_it() {
        check(
            r"
            raw a
            a > USER @ 0 * :Al
            a < :s1.test 468 * :Your username is not valid
            a < ERROR :Closing link: Invalid username
            raw b
            b > USER al 0 *
            b < :s1.test 461 * USER :Not enough parameters
            b > USER al 0 * :
            b < :s1.test 461 * USER :Not enough parameters
            ",
        );
    }
}
