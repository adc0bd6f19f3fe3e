//! REGISTER (`ircv3: account-registration`).

use crate::{
    config::Secret,
    core::{
        account::{self, Failure},
        bans,
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
    },
    wire::{fail, message::Message, name::Nick, reply},
};

pub const COMMANDS: &[Command] = &[Command {
    name: "REGISTER",
    params: "<account> <email> <password>",
    about: "Registers an account under your nick.",
    help: "The account has the name of your nick; * means just that. Where no mail address is asked for, * stands for none. From then on you are logged in, and the nick is yours.",
    replies: &[reply::LOGGED_IN],
    cost: 4,
    run: Run::Any(register),
}];

fn register(ctx: &mut Ctx<'_>, message: &Message<'_>) -> Outcome {
    let (name, mail, password) = (message.args[0], message.args[1], message.args[2]);
    if let Some(account) = account::of_session(ctx) {
        return Err(fail::register_already_authenticated(&account).into());
    }
    let Some(nick) = own_nick(ctx) else { return Err(fail::register_need_nick("*").into()) };
    let casemap = ctx.network().casemap();
    if name != "*" && Nick::lookup(name, casemap).as_ref() != Some(&nick) {
        return Err(fail::register_account_name_must_be_nick(name).into());
    }
    let shut = !ctx.core.config.accounts.registration || ctx.network().defcon() <= 4;
    // Whoever may not come in without an account is not to make one for that.
    if shut || ctx.session().user().is_none() && bans::refusal(ctx).is_some() {
        return Err(fail::register_temporarily_unavailable(nick.as_str()).into());
    }
    if password.len() < ctx.core.config.accounts.password_min {
        return Err(fail::register_weak_password(nick.as_str()).into());
    }
    if password.len() > PASSWORD_MAX {
        return Err(fail::register_unacceptable_password(nick.as_str()).into());
    }
    let mail = (mail != "*").then(|| mail.into());
    account::register(ctx, nick, mail, Secret::new(password), registered)
}

fn registered(ctx: &mut Ctx<'_>, name: &Nick, how: Result<(), Failure>) -> Outcome {
    match how {
        Ok(()) => {
            let done = "Account successfully registered";
            ctx.line("REGISTER", &["SUCCESS", name.as_str()], Some(done));
            Ok(())
        }
        Err(Failure::Taken) => Err(fail::register_account_exists(name.as_str()).into()),
        Err(_) => Err(fail::register_temporarily_unavailable(name.as_str()).into()),
    }
}

/// The nick that is worn or asked for.
fn own_nick(ctx: &mut Ctx<'_>) -> Option<Nick> {
    match ctx.session().user() {
        Some(user) => Some(ctx.whois(user).nick().clone()),
        None => ctx.session_mut().registration()?.nick.clone(),
    }
}

/// The longest password, in bytes: more than fits in a line.
const PASSWORD_MAX: usize = 300;

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn an_account_is_registered_and_known_everywhere() {
        check(
            r"
            servers 2
            bob@2   > CAP REQ :account-notify
            alice@1 > JOIN #a
            bob     > JOIN #a
            alice > REGISTER * * sesame-open
            alice < :s1.test 900 alice alice!~alice@alice.test alice :You are now logged in as alice
            alice < :s1.test REGISTER SUCCESS alice :Account successfully registered
            bob   < :alice!~alice@alice.test ACCOUNT alice
            bob > WHOIS alice
            bob <~ :s2.test 330 bob alice alice :is logged in as*
            carol@2 > NICK carol2
            alice > REGISTER * * sesame-open
            alice < :s1.test FAIL REGISTER ALREADY_AUTHENTICATED alice :You are logged in to an account already.
            same
            ",
        );
    }

    #[test]
    fn of_one_name_on_two_sides_of_a_split_the_earlier_registration_keeps_it() {
        check(
            r"
            servers 3
            alice@1 > JOIN #a
            carol@3 > JOIN #a
            split 1 3 | 2
            al@2    > NICK bob
            al      > REGISTER * * sesame-open
            al      < :s2.test 900 bob bob!~al@al.test bob :You are now logged in as bob
            wait 5
            bob@1   > JOIN #a
            bob     > REGISTER * * open-sesame
            bob     < :s1.test 900 bob bob!~bob@bob.test bob :You are now logged in as bob
            heal
            same
            alice   > WHOIS bob
            alice   < :s1.test 330 alice bob bob :is logged in as
            bob     <~ :s1.test NOTICE 20VAAAAAC :Your account is called bob-*, since *
            ",
        );
    }
}
