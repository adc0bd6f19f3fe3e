//! PASS (RFC 2812 §3.1.1).

use crate::{
    config::Secret,
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
    },
    wire::message::Args,
};

pub const COMMANDS: &[Command] = &[Command {
    name: "PASS",
    params: "<password>",
    about: "Gives the server's password, before NICK and USER.",
    help: "Clients do this by themselves; the password is the one of the server. Where the server asks for none, PASS account:password logs in to an account, for clients without SASL.\nExample: PASS sesame",
    replies: &[],
    cost: 1,
    run: Run::New(pass),
    ..Command::USUAL
}];

fn pass(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let password = Secret::new(args[0]);
    if let Some(registration) = ctx.session_mut().registration() {
        registration.password = Some(password);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn a_server_with_a_password_lets_nobody_in_without() {
        check(
            r"
            config server.password sesame
            raw a
            a > NICK al
            a > USER al 0 * :Al
            a < :s1.test 464 al :Password incorrect
            a < ERROR :Closing link: Password required
            raw b
            b > PASS wrong
            b > NICK bo
            b > USER bo 0 * :Bo
            b < :s1.test 464 bo :Password incorrect
            b < ERROR :Closing link: Password incorrect
            raw c
            c > PASS sesame
            c > NICK cy
            c > USER cy 0 * :Cy
            c < :s1.test 001 cy :Welcome to the Test IRC network, cy!~cy@c.test
            c > PASS sesame
            c < :s1.test 462 cy :You may not reregister
            ",
        );
    }

    #[test]
    fn an_account_and_its_password_log_in() {
        check(
            r"
            account jilles password=sesame
            raw a
            a > PASS Jilles:sesame
            a > NICK al
            a > USER al 0 * :Al
            a < :s1.test 900 al al!*@* jilles :You are now logged in as jilles
            a < :s1.test 001 al :Welcome to the Test IRC network, al!~al@a.test
            raw b
            b > PASS jilles:millet
            b > NICK bo
            b > USER bo 0 * :Bo
            b < :s1.test NOTICE bo :*** You are not logged in by the password that you gave with PASS: wrong account or password
            b < :s1.test 001 bo :Welcome to the Test IRC network, bo!~bo@b.test
            raw c
            c > PASS jilles
            c > NICK cy
            c > USER cy 0 * :Cy
            c < :s1.test 001 cy :Welcome to the Test IRC network, cy!~cy@c.test
            c <! NOTICE
            ",
        );
    }

    #[test]
    fn where_the_server_has_a_password_it_is_that_and_nothing_else() {
        check(
            r"
            config server.password jilles:sesame
            account jilles password=sesame
            raw a
            a > PASS jilles:sesame
            a > NICK al
            a > USER al 0 * :Al
            a <! 900
            a < :s1.test 001 al :Welcome to the Test IRC network, al!~al@a.test
            ",
        );
    }
}
