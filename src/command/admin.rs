//! ADMIN (RFC 2812 §3.4.9).

use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        question::Asks,
    },
    network::UserId,
    wire::{message::Args, reply},
};

pub const COMMANDS: &[Command] = &[Command {
    name: "ADMIN",
    params: "[<server>]",
    about: "Shows who runs the server.",
    help: "",
    replies: &[
        reply::ADMIN_ME,
        reply::ADMIN_LOC1,
        reply::ADMIN_LOC2,
        reply::ADMIN_EMAIL,
        reply::NO_ADMIN_INFO,
        reply::NO_SUCH_SERVER,
    ],
    cost: 2,
    run: Run::User(admin),
    asks: Asks::At(0),
    ..Command::USUAL
}];

fn admin(ctx: &mut Ctx<'_>, _user: UserId, _args: Args<'_>) -> Outcome {
    let name = ctx.core.name().to_owned();
    let server = &ctx.core.config.server;
    let told = [&server.admin_place, &server.admin_name, &server.admin_email];
    let told = told.map(|text| text.clone().unwrap_or_default());
    if told.iter().all(String::is_empty) {
        return Err(reply::no_admin_info(&name).into());
    }
    let [place, who, email] = told;
    ctx.reply(reply::admin_me(&name));
    ctx.reply(reply::admin_loc1(&place));
    ctx.reply(reply::admin_loc2(&who));
    ctx.reply(reply::admin_email(&email));
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn who_runs_the_server_is_told() {
        check(
            r"
            config server.admin_name Ada
            config server.admin_email ada@example.org
            alice > ADMIN
            alice < :s1.test 256 alice s1.test :Administrative info
            alice < :s1.test 257 alice :
            alice < :s1.test 258 alice :Ada
            alice < :s1.test 259 alice :ada@example.org
            alice > ADMIN other.test
            alice < :s1.test 402 alice other.test :No such server
            ",
        );
    }

    #[test]
    fn nobody_may_have_said_who_it_is() {
        check(
            r"
            alice > ADMIN s1.*
            alice < :s1.test 423 alice s1.test :No administrative info available
            ",
        );
    }
}
