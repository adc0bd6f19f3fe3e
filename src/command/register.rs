//! REGISTER (`ircv3: account-registration`).

use crate::{
    config::Secret,
    core::{
        account::{self, Failure},
        ctx::{Ctx, Outcome, Reject},
        dispatch::{Command, Run},
    },
    wire::{
        fail::{self, Standard},
        message::Message,
        name::Nick,
        reply,
    },
};

pub const COMMANDS: &[Command] = &[Command {
    name: "REGISTER",
    params: "<account> <email> <password>",
    about: "Registers an account under your nick.",
    help: "The account has the name of your nick; * means just that. Where no mail address is asked for, * stands for none. From then on you are logged in, and the nick is yours.\nExample: REGISTER * alice@example.org open-sesame",
    replies: &[reply::LOGGED_IN],
    cost: 4,
    run: Run::Any(register),
    ..Command::USUAL
}];

fn register(ctx: &mut Ctx<'_>, message: &Message<'_>) -> Outcome {
    let (name, mail, password) = (message.args[0], message.args[1], message.args[2]);
    if let Some(account) = account::of_session(ctx) {
        return Err(fail::register_already_authenticated(&account).into());
    }
    if ctx.session().user().is_none() && !account::before_connect(&ctx.core.config) {
        return Err(fail::register_complete_connection(name).into());
    }
    let name = wanted(ctx, name)?;
    let mail = Some(mail).filter(|mail| *mail != "*").map(Into::into);
    account::register(ctx, name, mail, Secret::new(password), registered)
}

/// The name that the new account is to have.
fn wanted(ctx: &mut Ctx<'_>, asked: &str) -> Result<Nick, Reject> {
    let (casemap, most) = (ctx.network().casemap(), ctx.core.config.limits.nick);
    let user = ctx.session().user();
    let (own, refused) = match user {
        Some(user) => (Some(ctx.whois(user).nick().clone()), None),
        None => match ctx.session_mut().registration() {
            Some(new) => (new.nick.clone(), new.refused.clone()),
            None => (None, None),
        },
    };
    let own = match (own, refused) {
        // Somebody wears it, and it is theirs to register.
        (_, Some(refused)) if asked == "*" || refused.as_str() == asked => {
            return Err(fail::register_account_exists(refused.as_str()).into());
        }
        (Some(own), _) => own,
        (None, _) => return Err(fail::register_need_nick("*").into()),
    };
    let same = asked == "*" || Nick::lookup(asked, casemap).as_ref() == Some(&own);
    if !same && !ctx.core.config.accounts.custom_names {
        return Err(fail::register_account_name_must_be_nick(asked).into());
    }
    let asked = if same { own.as_str() } else { asked };
    Nick::new(asked, casemap, most).ok_or_else(|| fail::register_bad_account_name(asked).into())
}

fn registered(ctx: &mut Ctx<'_>, name: &Nick, how: Result<(), Failure>) -> Outcome {
    match how {
        Ok(()) => {
            let done = "Account successfully registered";
            ctx.line("REGISTER", &["SUCCESS", name.as_str()], Some(done));
            Ok(())
        }
        Err(Failure::Unverified) => {
            let next = "Account created, pending verification; a code has been sent to your mail address, VERIFY completes it";
            ctx.line("REGISTER", &["VERIFICATION_REQUIRED", name.as_str()], Some(next));
            Ok(())
        }
        Err(failure) => Err(refusal(failure)(name.as_str()).into()),
    }
}

fn refusal(failure: Failure) -> fn(&str) -> Standard {
    match failure {
        Failure::Taken => fail::register_account_exists,
        Failure::TooOften => fail::register_too_many,
        Failure::BadName => fail::register_bad_account_name,
        Failure::BadMail => fail::register_invalid_email,
        Failure::ForbiddenMail => fail::register_unacceptable_email,
        Failure::ForbiddenPassword => fail::register_forbidden_password,
        Failure::WeakPassword => fail::register_weak_password,
        Failure::LongPassword => fail::register_unacceptable_password,
        Failure::CodeWanted
        | Failure::NoMail
        | Failure::NoPlaceForCode
        | Failure::Shut
        | Failure::Suspended
        | Failure::Unavailable
        | Failure::Unverified
        | Failure::Wrong
        | Failure::WrongCode => fail::register_temporarily_unavailable,
    }
}

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

    #[test]
    fn the_capability_tells_how_accounts_are_registered() {
        check(
            r"
            raw a
            a > CAP LS
            a <~ * CAP * LS :* draft/account-registration *
            a > CAP LS 302
            a <~ * CAP * LS * draft/account-registration=before-connect *
            a > CAP REQ draft/account-registration
            a < :s1.test CAP * ACK :draft/account-registration
            a > REGISTER * * open-sesame
            a < :s1.test FAIL REGISTER NEED_NICK * :Choose a nick first (NICK).
            a > NICK al
            a > REGISTER * * open-sesame
            a < :s1.test 900 al al!*@* al :You are now logged in as al
            a < :s1.test REGISTER SUCCESS al :Account successfully registered
            a > USER al 0 * :Al
            a > CAP END
            a < :s1.test 001 al :Welcome to the Test IRC network, al!~al@a.test
            ",
        );
        check(
            r"
            config accounts.custom_names true
            config accounts.email_required true
            config accounts.registration_before_connect false
            raw a
            a > CAP LS 302
            a <~ * CAP * LS * draft/account-registration=email-required,custom-account-name *
            a > NICK al
            a > REGISTER * a@b.example open-sesame
            a < :s1.test FAIL REGISTER COMPLETE_CONNECTION_REQUIRED * :Complete your connection before you register an account.
            ",
        );
        check(
            r"
            config accounts.registration false
            raw a
            a > CAP LS 302
            a <! draft/account-registration
            a > NICK al
            a > REGISTER * * open-sesame
            a < :s1.test FAIL REGISTER TEMPORARILY_UNAVAILABLE al :No account can be registered now; try again later.
            ",
        );
        check(
            r"
            config server.password sesame
            raw a
            a > CAP LS 302
            a <~ * CAP * LS * draft/account-registration draft/*
            ",
        );
    }

    #[test]
    fn not_every_name_can_be_registered() {
        check(
            r"
            account evan password=sesame
            config accounts.custom_names true
            config accounts.reserved root*
            alice > REGISTER bob * open-sesame
            alice < :s1.test REGISTER SUCCESS bob :Account successfully registered
            carol > REGISTER nickserv * open-sesame
            carol < :s1.test FAIL REGISTER BAD_ACCOUNT_NAME nickserv :No account can have this name; choose another nick.
            carol > REGISTER Root7 * open-sesame
            carol < :s1.test FAIL REGISTER BAD_ACCOUNT_NAME Root7 :No account can have this name; choose another nick.
            carol > REGISTER 7up * open-sesame
            carol < :s1.test FAIL REGISTER BAD_ACCOUNT_NAME 7up :No account can have this name; choose another nick.
            carol > REGISTER ALICE * open-sesame
            carol < :s1.test FAIL REGISTER ACCOUNT_EXISTS ALICE :There is an account of that name already, or the nick belongs to one.
            carol > REGISTER Evan * open-sesame
            carol < :s1.test FAIL REGISTER ACCOUNT_EXISTS Evan :There is an account of that name already, or the nick belongs to one.
            raw d
            d > NICK alice
            d > REGISTER * * open-sesame
            d < :s1.test FAIL REGISTER ACCOUNT_EXISTS alice :There is an account of that name already, or the nick belongs to one.
            ",
        );
        check(
            r"
            alice > REGISTER bob * open-sesame
            alice < :s1.test FAIL REGISTER ACCOUNT_NAME_MUST_BE_NICK bob :An account is registered under the nick that you have; take that nick first.
            ",
        );
    }

    #[test]
    fn what_looks_like_the_nick_of_an_account_is_its_owners() {
        check(
            r"
            servers 2
            config server.casemapping precis
            config accounts.custom_names true
            evan@1 > REGISTER * * open-sesame
            evan < :s1.test REGISTER SUCCESS evan :Account successfully registered
            evan > NICK ivan
            bob@2 > REGISTER еvan * open-sesame
            bob <~ :s2.test FAIL REGISTER ACCOUNT_EXISTS еvan *
            same
            ",
        );
        check(
            r"
            servers 3
            config server.casemapping precis
            split 1 3 | 2
            al@2 > NICK еvan
            al > REGISTER * * open-sesame
            al <~ * REGISTER SUCCESS *
            wait 5
            evan@1 > REGISTER * * open-sesame
            evan <~ * REGISTER SUCCESS *
            heal
            wait 2
            same
            evan <~ * NOTICE evan :Your account is called evan-*
            ",
        );
    }

    #[test]
    fn what_is_wrong_with_a_registration_is_told() {
        let long = "x".repeat(301);
        check(&format!(
            r"
            config accounts.email_required true
            config limits.register_burst 1
            config oper root sesame
            alice > REGISTER alice
            alice < :s1.test 461 alice REGISTER :Not enough parameters
            alice > REGISTER * * open-sesame
            alice < :s1.test FAIL REGISTER INVALID_EMAIL alice :Give a mail address, as alice@example.org.
            alice > REGISTER * example.org open-sesame
            alice < :s1.test FAIL REGISTER INVALID_EMAIL alice :Give a mail address, as alice@example.org.
            alice > REGISTER * a@example.org sesame
            alice < :s1.test FAIL REGISTER WEAK_PASSWORD alice :The password is too short.
            alice > REGISTER * a@example.org {long}
            alice < :s1.test FAIL REGISTER UNACCEPTABLE_PASSWORD alice :The password is too long.
            alice > OPER root sesame
            alice > DEFCON 4
            alice > REGISTER * a@example.org open-sesame
            alice < :s1.test FAIL REGISTER TEMPORARILY_UNAVAILABLE alice :No account can be registered now; try again later.
            alice > DEFCON 5
            alice > REGISTER * a@example.org open-sesame
            alice < :s1.test REGISTER SUCCESS alice :Account successfully registered
            "
        ));
    }
}
