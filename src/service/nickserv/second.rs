//! NickServ 2FA: codes of an app, and recovery codes, that logging in takes besides the password.

use crate::{
    core::{
        account,
        ctx::{Ctx, Outcome, Resume},
        dispatch::{Command, Run},
        login,
        second::{self, PENDING, RECOVERY, RECOVERY_CODES, TOTP, USED},
    },
    job::{Answer, Job},
    network::UserId,
    registry::{Record, What},
    store::Rows,
    time::Wall,
    wire::{
        message::Args,
        name::Nick,
        totp::{self, RECOVERY_LEN, SECRET_LEN},
    },
};

pub const COMMANDS: &[Command] = &[Command {
    name: "2FA",
    params: "<TOTP> <subcommand> [<code>]",
    about: "Has logging in take a code of an app besides the password.",
    help: "2FA TOTP ADD gives you a secret for your app; 2FA TOTP ADD <code> then turns it on and shows recovery codes, each good once, for when the app is lost.\n2FA TOTP CODES <code> gives you new recovery codes, 2FA TOTP DEL <code> turns it off.\nFrom then on the code goes behind the password, after a space: in IDENTIFY <account> <password> <code>, in PASS, and as the password of SASL PLAIN. SCRAM has no place for it. A certificate (CERT) logs in without.\nExample: 2FA TOTP ADD 123456",
    replies: &[],
    cost: 4,
    run: Run::User(two_factors),
    ..Command::USUAL
}];

fn two_factors(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    if super::login(ctx, user).is_none() {
        return Ok(());
    }
    let (kind, subcommand) = (args[0].to_ascii_uppercase(), args[1].to_ascii_uppercase());
    let code = args.given(2);
    let known = match subcommand.as_str() {
        "ADD" => true,
        "DEL" | "CODES" => code.is_some(),
        _ => false,
    };
    if kind != "TOTP" || !known {
        ctx.notice("2FA knows TOTP ADD, TOTP ADD <code>, TOTP CODES <code> and TOTP DEL <code>.");
        return Ok(());
    }
    if !name(ctx).is_some_and(|name| login::may_try(ctx, &name)) {
        ctx.notice("Too many wrong codes. Wait a minute and try again.");
        return Ok(());
    }
    super::asks(ctx, &[&subcommand, code.unwrap_or_default()]);
    ctx.defer(Job::Random, made);
    Ok(())
}

/// The name by which failures are counted.
fn name(ctx: &Ctx<'_>) -> Option<Nick> {
    let account = account::of_session(ctx)?;
    Nick::lookup(&account, ctx.network().casemap())
}

/// There are random bytes, of which a secret or recovery codes can be made.
fn made(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    let (Answer::Random(bytes), Some(account)) = (answer, account::id_of_session(ctx)) else {
        super::unavailable(ctx);
        return Ok(());
    };
    let (secret, rest) = bytes.split_at(SECRET_LEN);
    let codes = rest.chunks(RECOVERY_LEN).take(RECOVERY_CODES);
    let codes = codes.filter_map(|code| <&[u8; RECOVERY_LEN]>::try_from(code).ok());
    let mut asked = super::asked(ctx);
    asked.push(totp::base32(secret));
    asked.extend(codes.map(totp::recovery_code));
    super::asks(ctx, &asked);
    super::read(ctx, account, found)
}

/// The record of the account is there, by which it is known whether the code is right.
fn found(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    let asked = super::asked(ctx);
    let (Some(user), [subcommand, code, secret, codes @ ..]) =
        (ctx.session().user(), asked.as_slice())
    else {
        return Ok(());
    };
    let Some(record) = super::record(ctx, answer) else { return Ok(()) };
    let (used, then, shows): (_, Resume, bool) = match (subcommand.as_str(), code.as_str()) {
        ("ADD", _) if second::is_on(&record) => {
            ctx.notice("Your account takes codes already. 2FA TOTP DEL <code> turns that off.");
            return Ok(());
        }
        ("ADD", "") => {
            (Some(vec![(PENDING.into(), Some(secret.as_str().into()))]), prepared, false)
        }
        ("ADD", code) => (begun(&record, code, ctx.now.wall), shown, true),
        ("CODES", code) => (second::accept(&record, code, ctx.now.wall), shown, true),
        (_, code) => {
            let right = second::accept(&record, code, ctx.now.wall);
            (right.map(|_| second::none()), removed, false)
        }
    };
    let Some(mut fields) = used else {
        if let Some(name) = name(ctx) {
            login::failed(ctx, &name);
        }
        ctx.notice("That is not a code of your app, or it has been used already.");
        return Ok(());
    };
    if shows {
        for (number, code) in codes.iter().enumerate() {
            let key = format!("{RECOVERY}{number}").into();
            // A code that has just been used is followed by another in its place.
            fields.retain(|(used, _)| *used != key);
            fields.push((key, totp::recovery_digest(code).map(Into::into)));
        }
        super::asks(ctx, codes);
    }
    super::write(ctx, user, record.id, What::Write(fields), then)
}

/// What turns the second factor on, if the code is of the secret that was shown last.
fn begun(record: &Record, code: &str, now: Wall) -> Option<second::Fields> {
    let text = record.get(PENDING)?;
    let used = record.get(USED).and_then(|step| step.parse().ok());
    let step = totp::check(&totp::unbase32(text)?, code, now.secs(), used)?;
    Some(vec![
        (TOTP.into(), Some(text.into())),
        (PENDING.into(), None),
        (USED.into(), Some(step.to_string().into())),
    ])
}

/// The secret is stored, and counts once a code of it has been given.
fn prepared(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    let secret = match &answer {
        Answer::Stored(Ok(Rows::Proposed(edited))) => edited
            .record
            .get(PENDING)
            .zip(edited.record.name())
            .map(|(secret, name)| (secret.to_owned(), name.to_owned())),
        _ => None,
    };
    let Some((text, account)) = secret else {
        super::told(ctx, &answer, "");
        return Ok(());
    };
    let secret = totp::unbase32(&text).unwrap_or_default();
    let uri = totp::uri(&ctx.core.config.server.network, &account, &secret);
    ctx.notice(&format!("The secret for your app is {text}"));
    ctx.notice(&format!("or, as a link: {uri}"));
    ctx.notice(
        "Enter it there, and then say 2FA TOTP ADD <code> with the code that the app shows.",
    );
    Ok(())
}

fn shown(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    let codes = super::asked(ctx);
    if !matches!(answer, Answer::Stored(Ok(Rows::Proposed(_)))) {
        super::told(ctx, &answer, "");
        return Ok(());
    }
    ctx.notice("From now on logging in takes a code behind the password, after a space. These recovery codes are each good once in its place. Write them down: they are not shown again.");
    codes.iter().for_each(|code| ctx.notice(code));
    Ok(())
}

fn removed(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    super::told(ctx, &answer, "Logging in takes the password alone from now on.");
    Ok(())
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

    const SECRET: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

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
            alice < :NickServ!services@services.test NOTICE alice :That is not a code of your app, or it has been used already.
            alice > NS 2FA TOTP ADD
            alice < :NickServ!services@services.test NOTICE alice :The secret for your app is {secret}
            alice < :NickServ!services@services.test NOTICE alice :or, as a link: otpauth://totp/Test:alice?secret={secret}&issuer=Test
            alice <~ :NickServ!services@services.test NOTICE alice :Enter it there*
            alice > NS 2FA TOTP ADD 123456
            alice <~ * NOTICE alice :That is not a code of your app*
            alice > NS 2FA TOTP ADD {first}
            alice <~ * NOTICE alice :From now on logging in takes a code*
            alice < :NickServ!services@services.test NOTICE alice :{recovery}
            alice > NS 2FA TOTP ADD
            alice <~ * NOTICE alice :Your account takes codes already.*
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
    fn a_code_goes_behind_the_password_wherever_that_is() {
        let secret = b"12345678901234567890";
        let [first, second] = [0, 1].map(|steps| code(secret, steps));
        let recovery = "GAYT-EMZU-GU3D-OOBZ";
        let digest = totp::recovery_digest(recovery).unwrap();
        let verifier = crate::wire::scram::Verifier::new("sesame", b"salt", 4).to_string();
        check(&format!(
            r"
            account alice password=sesame scram={verifier} totp={SECRET} totp-recovery:3={digest}
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
            account alice password=sesame totp={SECRET}
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
            account alice password=sesame totp={SECRET}
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
            account alice password=sesame totp={SECRET}
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
