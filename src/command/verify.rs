//! VERIFY (`ircv3: account-registration`).

use crate::{
    core::{
        account,
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
    },
    wire::{fail, message::Message},
};

pub const COMMANDS: &[Command] = &[Command {
    name: "VERIFY",
    params: "<account> <code>",
    about: "Completes the registration of an account with the code that was sent by mail.",
    help: "This server sends no codes: an account is complete once REGISTER says so.\nExample: VERIFY alice 39gvcdg4myvn",
    replies: &[],
    cost: 4,
    run: Run::Any(verify),
    ..Command::USUAL
}];

fn verify(ctx: &mut Ctx<'_>, message: &Message<'_>) -> Outcome {
    Err(match account::of_session(ctx) {
        Some(account) => fail::verify_already_authenticated(&account).into(),
        // No code can be right, since none has been sent.
        None => fail::verify_invalid_code(message.args[0]).into(),
    })
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn no_code_is_right() {
        check(
            r"
            account alice password=sesame
            raw a
            a > VERIFY alice
            a < :s1.test 461 * VERIFY :Not enough parameters
            a > VERIFY alice 123
            a < :s1.test FAIL VERIFY INVALID_CODE alice :No account waits for this code.
            bob > REGISTER * * open-sesame
            bob > VERIFY bob 123
            bob < :s1.test FAIL VERIFY ALREADY_AUTHENTICATED bob :You are logged in to an account already.
            ",
        );
    }
}
