//! 2FA (`ircv3: account-2fa`, a draft; see [`step_up`](crate::core::second::step_up) for what is followed of
//! it): the second factor of one's own account, as clients show it. People can say it to NickServ, and so come
//! by recovery codes, of which the draft does not know.

use crate::{
    config::Secret,
    core::{
        account,
        ctx::{Ctx, Outcome, Reject},
        dispatch::{Command, Run},
        second::request::{Done, Refusal, Request, carry_out, show_codes},
    },
    network::UserId,
    wire::{
        fail::{self, Standard},
        message::Args,
        reply, totp,
    },
};

pub const COMMANDS: &[Command] = &[Command {
    name: "2FA",
    params: "<subcommand> [<type> [<name>] [<code>]]",
    about: "Shows and changes the apps of which logging in to your account takes codes.",
    help: "Clients that know of it do it for you. STATUS says whether logging in takes a code besides the password, LIST shows your apps. CHALLENGE totp gives you a secret for an app, ADD totp <name> <code> has the app count, REMOVE <id> ends that.\nENABLE has logging in take a code from then on, and gives you recovery codes, each good once, for when your apps are lost; DISABLE totp <code> turns it off. /msg NickServ HELP 2FA says how the code is given.\nExample: 2FA ADD totp phone 123456",
    replies: &[],
    cost: 4,
    run: Run::User(two_factors),
    ..Command::USUAL
}];

/// The only kind of second factor.
const TYPE: &str = "totp";

/// The longest name of an app, in bytes.
const NAME_MAX: usize = 64;

fn two_factors(ctx: &mut Ctx<'_>, _user: UserId, args: Args<'_>) -> Outcome {
    if account::id_of_session(ctx).is_none() {
        return Err(fail::second_not_authenticated().into());
    }
    let need = |place| args.given(place).ok_or_else(|| reply::need_more_params("2FA"));
    let typed = || match need(1)? {
        kind if kind.eq_ignore_ascii_case(TYPE) => Ok(()),
        kind => Err(Reject::from(fail::second_invalid_type(kind))),
    };
    match args[0].to_ascii_uppercase().as_str() {
        "STATUS" => carry_out(ctx, Request::Show, status),
        "LIST" => carry_out(ctx, Request::Show, list),
        "CHALLENGE" => {
            typed()?;
            carry_out(ctx, Request::Prepare, challenge)
        }
        "ADD" => {
            typed()?;
            let (name, code) = (need(2)?, Secret::new(need(3)?));
            if name.len() > NAME_MAX || name.chars().any(char::is_control) {
                return Err(fail::second_invalid_name(name).into());
            }
            carry_out(ctx, Request::Add { name: name.into(), code, on: false }, added)
        }
        "REMOVE" => carry_out(ctx, Request::Remove(need(1)?.into()), removed),
        "ENABLE" => carry_out(ctx, Request::Enable, enabled),
        "DISABLE" => {
            typed()?;
            carry_out(ctx, Request::Disable(Secret::new(need(2)?)), disabled)
        }
        _ => Err(fail::second_invalid_type(args[0]).into()),
    }
}

fn status(ctx: &mut Ctx<'_>, how: Result<Done, Refusal>) -> Outcome {
    let on = how.map_err(refused)?.on;
    ctx.standard(&if on { fail::second_enabled() } else { fail::second_disabled() });
    Ok(())
}

fn list(ctx: &mut Ctx<'_>, how: Result<Done, Refusal>) -> Outcome {
    let done = how.map_err(refused)?;
    if done.apps.is_empty() {
        ctx.standard(&fail::second_no_credentials());
    }
    for app in &done.apps {
        ctx.standard(&fail::second_credential(&app.id, TYPE, &app.name, &app.added));
    }
    Ok(())
}

fn challenge(ctx: &mut Ctx<'_>, how: Result<Done, Refusal>) -> Outcome {
    let done = how.map_err(refused)?;
    let secret = done.secret.unwrap_or_default();
    let challenge = totp::challenge(&ctx.core.config.server.network, &done.account, &secret);
    ctx.standard(&fail::second_challenge(TYPE, &challenge));
    Ok(())
}

fn added(ctx: &mut Ctx<'_>, how: Result<Done, Refusal>) -> Outcome {
    let done = match how {
        Err(Refusal::WrongCode) => return Err(fail::second_invalid_data().into()),
        how => how.map_err(refused)?,
    };
    let text = match done.on {
        true => "Codes of this app count from now on.",
        false => "The app is added; 2FA ENABLE has logging in take its codes.",
    };
    ctx.line("2FA", &["ADD", SUCCESS, TYPE, &done.id], Some(text));
    Ok(())
}

fn removed(ctx: &mut Ctx<'_>, how: Result<Done, Refusal>) -> Outcome {
    let done = how.map_err(refused)?;
    ctx.line("2FA", &["REMOVE", SUCCESS, &done.id], Some("Codes of this app count no more."));
    Ok(())
}

fn enabled(ctx: &mut Ctx<'_>, how: Result<Done, Refusal>) -> Outcome {
    let done = how.map_err(refused)?;
    let text = "Logging in takes a code besides the password from now on.";
    ctx.line("2FA", &["ENABLE", SUCCESS], Some(text));
    show_codes(ctx, &done.codes);
    Ok(())
}

fn disabled(ctx: &mut Ctx<'_>, how: Result<Done, Refusal>) -> Outcome {
    how.map_err(refused)?;
    let text = "Logging in takes the password alone from now on.";
    ctx.line("2FA", &["DISABLE", SUCCESS], Some(text));
    Ok(())
}

/// What a line says of what has been done.
const SUCCESS: &str = "SUCCESS";

fn refused(refusal: Refusal) -> Standard {
    match refusal {
        Refusal::AlreadyOn => fail::second_already_enabled(),
        Refusal::AlreadyOff => fail::second_already_disabled(),
        Refusal::NoSecret => fail::second_no_challenge(),
        Refusal::NoApp => fail::second_needs_credential(),
        Refusal::UnknownApp(id) => fail::second_unknown_credential(&id),
        Refusal::LastApp => fail::second_remove_last(),
        Refusal::Full => fail::second_limit_reached(),
        Refusal::WrongCode => fail::second_invalid_response(),
        Refusal::TooOften => fail::second_too_many(),
        Refusal::Unavailable => fail::second_temporarily_unavailable(),
    }
}

#[cfg(test)]
mod tests {
    use crate::{sim::script::check, wire::totp};
    use base64::{Engine, engine::general_purpose::STANDARD};

    /// What the simulation's clock shows at first, in seconds.
    const START: u64 = 1_800_000_000;

    /// What the simulation's workers call random.
    const RANDOM: [u8; totp::SECRET_LEN] = [7; totp::SECRET_LEN];

    /// The code of a secret so many steps after the start.
    fn code(secret: &[u8], steps: u64) -> String {
        totp::code(secret, START / totp::STEP_SECS + steps)
    }

    #[test]
    fn a_client_minds_the_apps_of_an_account() {
        let [first, second] = [0, 1].map(|steps| code(&RANDOM, steps));
        let challenge = totp::challenge("Test", "alice", &RANDOM);
        let recovery = totp::recovery_code(&[7; totp::RECOVERY_LEN]);
        let plain = STANDARD.encode(format!("\0alice\0sesame-open {second}"));
        check(&format!(
            r"
            alice > 2FA STATUS
            alice < :s1.test FAIL 2FA NOT_AUTHENTICATED :You are not logged in to an account; log in first.
            alice > NS REGISTER sesame-open
            alice > 2FA STATUS
            alice < :s1.test NOTE 2FA DISABLED :Logging in takes no code besides the password.
            alice > 2FA LIST
            alice < :s1.test NOTE 2FA NO_CREDENTIALS :Your account has no app.
            alice > 2FA ENABLE
            alice < :s1.test FAIL 2FA NO_CREDENTIALS :Add an app first: 2FA CHALLENGE totp.
            alice > 2FA ADD totp phone {first}
            alice < :s1.test FAIL 2FA NO_CHALLENGE :Say 2FA CHALLENGE totp first, which gives you a secret for your app.
            alice > 2FA CHALLENGE totp
            alice < :s1.test NOTE 2FA REGISTRATION_CHALLENGE totp {challenge} :Enter it in your app, then say 2FA ADD totp <name> <code>.
            alice > 2FA ADD totp phone 000000
            alice < :s1.test FAIL 2FA INVALID_CREDENTIAL_DATA :That is not the code of your app; try the next one, and look whether the clock is right.
            alice > 2FA ADD totp phone {first}
            alice < :s1.test 2FA ADD SUCCESS totp totp-1 :The app is added; 2FA ENABLE has logging in take its codes.
            alice > 2FA LIST
            alice <~ :s1.test NOTE 2FA CREDENTIAL totp-1 totp phone 2027-01-15T08:0?:??.???Z :An app whose codes count.
            alice > 2FA DISABLE totp {second}
            alice < :s1.test FAIL 2FA ALREADY_DISABLED :Logging in takes no code.
            alice > 2FA ENABLE
            alice < :s1.test 2FA ENABLE SUCCESS :Logging in takes a code besides the password from now on.
            alice <~ :s1.test NOTICE alice :These recovery codes are each good once*
            alice < :s1.test NOTICE alice :{recovery}
            alice > 2FA STATUS
            alice < :s1.test NOTE 2FA ENABLED :Logging in takes a code besides the password.
            alice > 2FA ENABLE
            alice < :s1.test FAIL 2FA ALREADY_ENABLED :Logging in takes a code already.
            alice > 2FA REMOVE totp-1
            alice < :s1.test FAIL 2FA REMOVE_LAST_CREDENTIAL :Logging in takes codes of this app alone. Add another first, or turn that off: 2FA DISABLE totp <code>.
            alice > 2FA REMOVE cred-1
            alice < :s1.test FAIL 2FA UNKNOWN_CREDENTIAL cred-1 :Your account has no app of that id; 2FA LIST shows those that it has.
            alice > 2FA DISABLE totp {first}
            alice < :s1.test FAIL 2FA INVALID_CHALLENGE_RESPONSE :That is not a code of your app, or it has been used already.
            bob > CAP REQ sasl
            bob > AUTHENTICATE PLAIN
            bob > AUTHENTICATE {plain}
            bob < :s1.test 903 bob :SASL authentication successful
            wait 60
            alice > 2FA DISABLE totp {recovery}
            alice < :s1.test 2FA DISABLE SUCCESS :Logging in takes the password alone from now on.
            alice > 2FA REMOVE totp-1
            alice < :s1.test 2FA REMOVE SUCCESS totp-1 :Codes of this app count no more.
            alice > 2FA LIST
            alice <~ * NOTE 2FA NO_CREDENTIALS *
            carol > NS IDENTIFY alice sesame-open
            carol <~ * NOTICE carol :You are now identified for alice.
            "
        ));
    }

    #[test]
    fn an_app_is_added_beside_another_and_takes_the_place_of_one_that_is_gone() {
        let [first, second] = [0, 1].map(|steps| code(&RANDOM, steps));
        check(&format!(
            r"
            account alice password=sesame totp:1=GEZDGNBVGY3TQOJQ:phone totp:2=GEZDGNBVGY3TQOJQ:tablet
            alice > NS IDENTIFY alice sesame
            alice > 2FA REMOVE totp-1
            alice < :s1.test 2FA REMOVE SUCCESS totp-1 :Codes of this app count no more.
            alice > 2FA ENABLE
            alice > 2FA CHALLENGE TOTP
            alice > 2FA ADD totp watch {first}
            alice < :s1.test 2FA ADD SUCCESS totp totp-1 :Codes of this app count from now on.
            alice > 2FA REMOVE totp-2
            alice < :s1.test 2FA REMOVE SUCCESS totp-2 :Codes of this app count no more.
            alice > 2FA LIST
            alice <~ * NOTE 2FA CREDENTIAL totp-1 totp watch *
            alice > 2FA DISABLE totp {second}
            alice <~ * 2FA DISABLE SUCCESS *
            "
        ));
    }

    #[test]
    fn what_cannot_be_done_is_refused() {
        let name = "n".repeat(65);
        check(&format!(
            r"
            config limits.login_burst 2
            account alice password=sesame totp:1=GEZDGNBVGY3TQOJQ:phone
            alice > NS IDENTIFY alice sesame
            alice > 2FA
            alice < :s1.test 461 alice 2FA :Not enough parameters
            alice > 2FA CHALLENGE
            alice < :s1.test 461 alice 2FA :Not enough parameters
            alice > 2FA ADD totp phone
            alice < :s1.test 461 alice 2FA :Not enough parameters
            alice > 2FA SING
            alice < :s1.test FAIL 2FA INVALID_TYPE SING :The subcommands are STATUS, LIST, CHALLENGE, ADD, REMOVE, ENABLE and DISABLE; the only type is totp.
            alice > 2FA CHALLENGE webauthn
            alice <~ * FAIL 2FA INVALID_TYPE webauthn *
            alice > 2FA ADD totp {name} 123456
            alice < :s1.test FAIL 2FA INVALID_NAME {name} :A name has at most 64 bytes, and no control character.
            alice > 2FA ENABLE
            alice > 2FA DISABLE totp 000000
            alice > 2FA DISABLE totp 000001
            alice > 2FA DISABLE totp 000002
            alice < :s1.test FAIL 2FA TEMPORARILY_UNAVAILABLE :Too many wrong codes; wait a minute and try again.
            disk 1 broken
            alice > 2FA CHALLENGE totp
            alice < :s1.test FAIL 2FA TEMPORARILY_UNAVAILABLE :Accounts cannot be reached now. Nothing has been changed; try again later.
            "
        ));
    }
}
