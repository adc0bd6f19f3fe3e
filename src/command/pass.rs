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
    help: "Clients do this by themselves; the password is the one of the server.\nExample: PASS sesame",
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
}
