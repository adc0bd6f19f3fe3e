//! NickServ 2FA: codes of an app, and recovery codes, that logging in takes besides the password.

use crate::{
    config::Secret,
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        second::{
            APPS_MAX,
            request::{Done, Refusal, Request, Then, carry_out, show_codes},
        },
    },
    network::UserId,
    wire::{
        message::Args,
        totp::{self, base32},
    },
};

pub const COMMANDS: &[Command] = &[Command {
    name: "2FA",
    params: "<TOTP> <subcommand> [<code>]",
    about: "Has logging in take a code of an app besides the password.",
    help: "2FA TOTP ADD gives you a secret for your app; 2FA TOTP ADD <code> then turns it on and shows recovery codes, each good once, for when the app is lost. Said again it adds another app, of 5 at most.\n2FA TOTP CODES <code> gives you new recovery codes, 2FA TOTP DEL <code> turns it off and forgets all apps.\nFrom then on the code goes behind the password, after a space: in IDENTIFY <account> <password> <code>, in PASS, and as the password of SASL PLAIN. SCRAM has no place for it. Clients with the capability draft/account-2fa ask you for it, after SCRAM too, and show your apps (/HELP 2FA). A certificate (CERT) logs in without.\nExample: 2FA TOTP ADD 123456",
    replies: &[],
    cost: 4,
    run: Run::User(two_factors),
    ..Command::USUAL
}];

/// What an app is called whose owner says it here, where there is no name.
const APP: &str = "app";

fn two_factors(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    if super::login(ctx, user).is_none() {
        return Ok(());
    }
    let (kind, subcommand) = (args[0].to_ascii_uppercase(), args[1].to_ascii_uppercase());
    let asked: Option<(Request, Then)> = match (subcommand.as_str(), args.given(2).map(Secret::new))
    {
        ("ADD", None) => Some((Request::Prepare, prepared)),
        ("ADD", Some(code)) => Some((Request::Add { name: APP.into(), code, on: true }, added)),
        ("CODES", Some(code)) => Some((Request::Codes(code), renewed)),
        ("DEL", Some(code)) => Some((Request::End(code), ended)),
        _ => None,
    };
    let Some((request, then)) = asked.filter(|_| kind == "TOTP") else {
        ctx.notice("2FA knows TOTP ADD, TOTP ADD <code>, TOTP CODES <code> and TOTP DEL <code>.");
        return Ok(());
    };
    carry_out(ctx, request, then)
}

/// The secret is stored, and counts once a code of it has been given.
fn prepared(ctx: &mut Ctx<'_>, how: Result<Done, Refusal>) -> Outcome {
    let Some(done) = told(ctx, how) else { return Ok(()) };
    let secret = done.secret.unwrap_or_default();
    let uri = totp::uri(&ctx.core.config.server.network, &done.account, &secret);
    ctx.notice(&format!("The secret for your app is {}", base32(&secret)));
    ctx.notice(&format!("or, as a link: {uri}"));
    ctx.notice(
        "Enter it there, and then say 2FA TOTP ADD <code> with the code that the app shows.",
    );
    Ok(())
}

fn added(ctx: &mut Ctx<'_>, how: Result<Done, Refusal>) -> Outcome {
    let Some(done) = told(ctx, how) else { return Ok(()) };
    if done.codes.is_empty() {
        ctx.notice("Codes of this app count from now on, besides those of the others.");
        return Ok(());
    }
    ctx.notice("From now on logging in takes a code behind the password, after a space, or by itself where your client asks you for it.");
    show_codes(ctx, &done.codes);
    Ok(())
}

fn renewed(ctx: &mut Ctx<'_>, how: Result<Done, Refusal>) -> Outcome {
    let Some(done) = told(ctx, how) else { return Ok(()) };
    show_codes(ctx, &done.codes);
    Ok(())
}

fn ended(ctx: &mut Ctx<'_>, how: Result<Done, Refusal>) -> Outcome {
    if told(ctx, how).is_some() {
        ctx.notice("Logging in takes the password alone from now on.");
    }
    Ok(())
}

/// What has been done; if nothing has, it is told why.
fn told(ctx: &mut Ctx<'_>, how: Result<Done, Refusal>) -> Option<Done> {
    let refusal = match how {
        Ok(done) => return Some(done),
        Err(refusal) => refusal,
    };
    match refusal {
        Refusal::NoSecret => ctx.notice("Say 2FA TOTP ADD first, which gives you a secret for your app."),
        Refusal::Full => ctx.notice(&format!(
            "Your account has {APPS_MAX} apps already, or holds as much as it may. Nothing has been changed; 2FA TOTP DEL <code> forgets them all."
        )),
        Refusal::WrongCode => {
            ctx.notice("That is not a code of your app, or it has been used already.");
        }
        Refusal::TooOften => ctx.notice("Too many wrong codes. Wait a minute and try again."),
        Refusal::AlreadyOff => {
            ctx.notice("Logging in takes no code. 2FA TOTP ADD is the way to begin.");
        }
        Refusal::AlreadyOn
        | Refusal::LastApp
        | Refusal::NoApp
        | Refusal::Unavailable
        | Refusal::UnknownApp(_) => super::unavailable(ctx),
    }
    None
}

#[cfg(test)]
mod tests {
    use crate::{sim::script::check, wire::totp};
    use base64::{Engine, engine::general_purpose::STANDARD};

    /// What the simulation's clock shows at first, in seconds.
    const START: u64 = 1_800_000_000;

    /// The code of a secret so many steps after the start.
    fn code(secret: &[u8], steps: u64) -> String {
        totp::code(secret, START / totp::STEP_SECS + steps)
    }

    /// What the simulation's workers call random.
    const RANDOM: [u8; totp::SECRET_LEN] = [7; totp::SECRET_LEN];

    /// The fields of an account with an app.
    const APP: &str = "2fa=on totp:1=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ:phone";

    fn plain(password: &str) -> String {
        STANDARD.encode(format!("\0alice\0{password}"))
    }

    #[test]
    fn a_second_factor_is_turned_on_and_off() {
        let (first, second, third) = (code(&RANDOM, 0), code(&RANDOM, 1), code(&RANDOM, 4));
        let recovery = totp::recovery_code(&[7; totp::RECOVERY_LEN]);
        let secret = totp::base32(&RANDOM);
        check(&format!(
            r"
            servers 2
            alice@1 > NS 2FA TOTP ADD
            alice <~ :NickServ!services@services.test NOTICE alice :You are not logged in.*
            alice > NS REGISTER sesame-open
            alice > NS 2FA TOTP ADD {first}
            alice < :NickServ!services@services.test NOTICE alice :Say 2FA TOTP ADD first, which gives you a secret for your app.
            alice > NS 2FA TOTP CODES {first}
            alice < :NickServ!services@services.test NOTICE alice :Logging in takes no code. 2FA TOTP ADD is the way to begin.
            alice > NS 2FA TOTP DEL {first}
            alice < :NickServ!services@services.test NOTICE alice :Logging in takes no code. 2FA TOTP ADD is the way to begin.
            alice > NS 2FA TOTP ADD
            alice < :NickServ!services@services.test NOTICE alice :The secret for your app is {secret}
            alice < :NickServ!services@services.test NOTICE alice :or, as a link: otpauth://totp/Test:alice?secret={secret}&issuer=Test
            alice <~ :NickServ!services@services.test NOTICE alice :Enter it there*
            alice > NS 2FA TOTP ADD 123456
            alice <~ * NOTICE alice :That is not a code of your app*
            alice > NS 2FA TOTP ADD {first}
            alice <~ * NOTICE alice :From now on logging in takes a code*
            alice < :NickServ!services@services.test NOTICE alice :{recovery}
            bob@2 > NS IDENTIFY alice sesame-open
            bob < :NickServ!services@services.test NOTICE bob :alice is not entered: the account takes a code too; give it behind the password, after a space.
            bob > NS IDENTIFY alice sesame-open {first}
            bob < :NickServ!services@services.test NOTICE bob :alice is not entered: the code is wrong, or has been used already.
            bob > NS IDENTIFY alice wrong-one {second}
            bob < :NickServ!services@services.test NOTICE bob :Invalid password for alice.
            bob > NS IDENTIFY alice sesame-open {second}
            bob < :NickServ!services@services.test NOTICE bob :You are now identified for alice.
            wait 120
            alice > NS 2FA TOTP CODES {second}
            alice <~ * NOTICE alice :That is not a code of your app*
            alice > NS 2FA TOTP CODES {third}
            alice < :NickServ!services@services.test NOTICE alice :{recovery}
            alice > NS 2FA TOTP DEL {third}
            alice <~ * NOTICE alice :That is not a code of your app*
            alice > NS 2FA TOTP DEL {recovery}
            alice < :NickServ!services@services.test NOTICE alice :Logging in takes the password alone from now on.
            bob > NS LOGOUT
            bob > NS IDENTIFY alice sesame-open
            bob < :NickServ!services@services.test NOTICE bob :You are now identified for alice.
            alice > NS 2FA TOTP DEL
            alice < :NickServ!services@services.test NOTICE alice :2FA knows TOTP ADD, TOTP ADD <code>, TOTP CODES <code> and TOTP DEL <code>.
            same
            "
        ));
    }

    #[test]
    fn any_app_of_several_gives_codes() {
        let codes = [0, 1].map(|steps| code(&RANDOM, steps));
        let [second, third] = [0, 2].map(|steps| code(b"12345678901234567890", steps));
        check(&format!(
            r"
            account alice password=sesame {APP}
            alice > NS IDENTIFY alice sesame {second}
            alice > NS 2FA TOTP ADD
            alice > NS 2FA TOTP ADD {}
            alice < :NickServ!services@services.test NOTICE alice :Codes of this app count from now on, besides those of the others.
            alice > 2FA LIST
            alice <~ * NOTE 2FA CREDENTIAL totp-1 totp phone *
            alice <~ * NOTE 2FA CREDENTIAL totp-2 totp app *
            bob > NS IDENTIFY alice sesame {}
            bob < :NickServ!services@services.test NOTICE bob :You are now identified for alice.
            wait 60
            carol > NS IDENTIFY alice sesame {third}
            carol < :NickServ!services@services.test NOTICE carol :You are now identified for alice.
            ",
            codes[0], codes[1],
        ));
        let more: Vec<String> =
            (2..=5).map(|number| format!("totp:{number}=GEZDGNBVGY3TQOJQ:more")).collect();
        check(&format!(
            r"
            account alice password=sesame {APP} {}
            alice > NS IDENTIFY alice sesame {second}
            alice > NS 2FA TOTP ADD
            alice > NS 2FA TOTP ADD {}
            alice <~ * NOTICE alice :Your account has 5 apps already*
            alice > 2FA ADD totp sixth {}
            alice < :s1.test FAIL 2FA LIMIT_REACHED :Your account has as many apps as it may, or holds as much as it may; remove one first.
            ",
            more.join(" "),
            codes[0],
            codes[0],
        ));
    }

    #[test]
    fn a_code_goes_behind_the_password_wherever_that_is() {
        let secret = b"12345678901234567890";
        let [first, second] = [0, 1].map(|steps| code(secret, steps));
        let recovery = "GAYT-EMZU-GU3D-OOBZ";
        let digest = totp::recovery_digest(recovery).unwrap();
        let verifier = crate::wire::scram::Verifier::new("sesame", b"salt", 4).to_string();
        check(&format!(
            r"
            account alice password=sesame scram={verifier} {APP} totp-recovery:3={digest}
            bob > CAP REQ sasl
            bob > AUTHENTICATE PLAIN
            bob > AUTHENTICATE {}
            bob < :s1.test 904 bob :SASL authentication failed: the account takes a code too; give it behind the password, after a space
            bob > AUTHENTICATE PLAIN
            bob > AUTHENTICATE {}
            bob < :s1.test 903 bob :SASL authentication successful
            bob > AUTHENTICATE PLAIN
            bob > AUTHENTICATE {}
            bob < :s1.test 904 bob :SASL authentication failed: the code is wrong, or has been used already
            raw a
            a > PASS :alice:sesame {second}
            a > NICK al
            a > USER al 0 * :Al
            a <~ :s1.test 900 al * alice :You are now logged in as alice
            carol > NS IDENTIFY alice sesame {recovery}
            carol < :NickServ!services@services.test NOTICE carol :You are now identified for alice.
            carol > NS IDENTIFY alice sesame {recovery}
            carol <~ * NOTICE carol :alice is not entered: the code is wrong*
            ",
            plain("sesame"),
            plain(&format!("sesame {first}")),
            plain(&format!("sesame {first}")),
        ));
    }

    #[test]
    fn who_guesses_codes_has_to_wait() {
        check(&format!(
            r"
            config limits.login_burst 2
            account alice password=sesame {APP}
            bob > NS IDENTIFY alice sesame 000000
            bob <~ * NOTICE bob :alice is not entered: the code is wrong*
            bob > NS IDENTIFY alice sesame 000001
            bob <~ * NOTICE bob :alice is not entered: the code is wrong*
            bob > NS IDENTIFY alice sesame 000002
            bob <~ * NOTICE bob :Too many wrong passwords*
            carol > NS REGISTER sesame-open
            carol > NS 2FA TOTP ADD
            carol > NS 2FA TOTP ADD 000000
            carol > NS 2FA TOTP ADD 000001
            carol > NS 2FA TOTP ADD 000002
            carol < :NickServ!services@services.test NOTICE carol :Too many wrong codes. Wait a minute and try again.
            "
        ));
    }

    #[test]
    fn of_two_who_give_one_code_at_once_one_is_let_in() {
        let first = code(b"12345678901234567890", 0);
        check(&format!(
            r"
            account alice password=sesame {APP}
            bob > PING x
            carol > PING x
            bob,carol > NS IDENTIFY alice sesame {first}
            bob <~ :s1.test 900 bob *
            carol <~ * NOTICE carol :alice is not entered: the code is wrong*
            "
        ));
    }

    #[test]
    fn an_operator_ends_a_second_factor_whose_app_is_lost() {
        check(&format!(
            r"
            config oper root sesame
            account alice password=sesame {APP}
            root > OPER root sesame
            root > NS SAGET alice TOTP
            root < :NickServ!services@services.test NOTICE root :TOTP: on
            root > NS SASET alice TOTP on
            root < :NickServ!services@services.test NOTICE root :That cannot be set. Syntax: SET TOTP off
            root > NS SASET alice TOTP off
            root < :NickServ!services@services.test NOTICE root :The TOTP flag has been removed for account alice.
            bob > NS IDENTIFY alice sesame
            bob < :NickServ!services@services.test NOTICE bob :You are now identified for alice.
            bob > NS SET TOTP off
            bob < :NickServ!services@services.test NOTICE bob :TOTP is for operators of the network to set.
            "
        ));
    }
}
