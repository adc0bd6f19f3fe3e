//! NickServ LOGOUT.

use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        login,
    },
    network::UserId,
    wire::{message::Args, reply},
};

pub const COMMANDS: &[Command] = &[Command {
    name: "LOGOUT",
    params: "",
    about: "Logs you out of your account.",
    help: "",
    replies: &[reply::LOGGED_OUT],
    cost: 2,
    run: Run::User(logout),
    ..Command::USUAL
}];

fn logout(ctx: &mut Ctx<'_>, user: UserId, _args: Args<'_>) -> Outcome {
    if super::login(ctx, user).is_some() {
        login::leave(ctx, user);
        ctx.notice("You have been logged out.");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn who_logs_out_is_seen_to() {
        check(
            r"
            bob   > CAP REQ account-notify
            alice > JOIN #a
            bob   > JOIN #a
            alice > NS LOGOUT
            alice <~ :NickServ!services@services.test NOTICE alice :You are not logged in.*
            alice > NS REGISTER sesame-open
            alice > NS LOGOUT
            bob   < :alice!~alice@alice.test ACCOUNT *
            alice < :s1.test 901 alice alice!~alice@alice.test :You are now logged out
            alice < :NickServ!services@services.test NOTICE alice :You have been logged out.
            ",
        );
    }
}
