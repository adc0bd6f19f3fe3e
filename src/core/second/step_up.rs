//! Asking for the code of the second factor by itself, once the password is right, in the SASL of clients that
//! have the capability `draft/account-2fa`.
//!
//! The draft is an open pull request (ircv3-specifications #610, of 2026-05-11), of which this follows what
//! clients make of it: `AUTHENTICATE 2FA-REQUIRED`, which the client answers with the mechanism `TOTP` and, as
//! its message, the code. What was found out of the password waits with the exchange meanwhile, so that nothing
//! that the session does otherwise comes in between, and the log-in goes on from there.

use super::is_on;
use crate::{
    config::Secret,
    core::{
        account::{self, Errand, Failure},
        ctx::{Ctx, Outcome},
        login,
        sasl::Step,
    },
    job::Hashes,
    registry::Record,
    wire::{cap, name::Nick},
};
use std::time::Duration;

/// The mechanism by which a code comes.
pub const MECHANISM: &str = "TOTP";

/// How long somebody may take to look up a code; their registration has as long besides.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// Whether a session can be asked for a code by itself.
pub fn is_known(ctx: &Ctx<'_>) -> bool {
    ctx.session().caps.contains(cap::ACCOUNT_2FA)
}

/// Whoever logs in now is asked for a code by itself, if it takes one and their client knows of that.
pub fn allow(ctx: &mut Ctx<'_>) {
    let known = is_known(ctx);
    if let Some(errand) = &mut ctx.session_mut().errand {
        errand.asks = known;
    }
}

/// Whether a session that logs in is to be asked for a code, before it gets any further.
pub fn is_due(ctx: &Ctx<'_>, record: &Record) -> bool {
    let asks = |errand: &Errand| errand.asks && errand.code.is_none();
    is_on(record) && ctx.session().errand.as_deref().is_some_and(asks)
}

/// Asks for the code, and notes by which record the password was checked, and what is to be stored of it once the
/// code has come.
pub fn ask(ctx: &mut Ctx<'_>, record: Box<Record>, hashes: Option<Box<Hashes>>) -> Outcome {
    let Some(errand) = ctx.session_mut().errand.take() else { return Ok(()) };
    let password = Secret::new("");
    wait(ctx, Box::new(Errand { record: Some(record), hashes, password, ..*errand }))
}

/// The same for somebody who has not said the password, but proved that they know it.
pub fn ask_whoever_proved(
    ctx: &mut Ctx<'_>,
    (name, record): (Nick, Box<Record>),
    then: account::Then,
) -> Outcome {
    let errand = Errand::new(name, Secret::new(""), then);
    wait(ctx, Box::new(Errand { record: Some(record), ..*errand }))
}

fn wait(ctx: &mut Ctx<'_>, errand: Box<Errand>) -> Outcome {
    let session = ctx.session_mut();
    let Some(exchange) = &mut session.sasl else {
        // It has taken so long that it was given up.
        session.errand = Some(errand);
        return account::ended(ctx, Err(Failure::CodeWanted));
    };
    exchange.step = Step::CodeWanted(errand);
    ctx.core.prolong_exchange(ctx.conn, PATIENCE, ctx.now);
    ctx.line("AUTHENTICATE", &["2FA-REQUIRED"], None);
    Ok(())
}

/// Goes on with what has waited for the code.
pub fn answer(ctx: &mut Ctx<'_>, mut errand: Box<Errand>, code: &str) -> Outcome {
    let known = errand.record.as_deref();
    let proof = known.and_then(|record| login::proof(record, account::PASSWORD));
    errand.code = Some(Secret::new(code));
    ctx.session_mut().errand = Some(errand);
    let Some(proof) = proof else { return account::ended(ctx, Err(Failure::Unavailable)) };
    login::go_on(ctx, proof);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::{sim::script::check, wire::totp};
    use base64::{Engine, engine::general_purpose::STANDARD};

    /// The fields of an account with an app.
    const APP: &str = "2fa=on totp:1=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ:phone";

    /// The code that the app shows so many steps after the start, as a message of SASL.
    fn code(steps: u64) -> String {
        let step = 1_800_000_000 / totp::STEP_SECS + steps;
        STANDARD.encode(totp::code(b"12345678901234567890", step))
    }

    /// `alice` and `sesame`, as clients say it who want to act as alice.
    const PLAIN: &str = "YWxpY2UAYWxpY2UAc2VzYW1l";

    #[test]
    fn a_client_that_knows_of_codes_is_asked_for_one() {
        let (first, second) = (code(0), code(1));
        let recovery = "GAYT-EMZU-GU3D-OOBZ";
        let digest = totp::recovery_digest(recovery).unwrap();
        check(&format!(
            r"
            account alice password=sesame {APP} totp-recovery:3={digest}
            raw a
            a > CAP LS 302
            a <~ * CAP * LS * draft/account-2fa=totp *
            a > NICK al
            a > CAP REQ :sasl draft/account-2fa
            a > AUTHENTICATE PLAIN
            a > AUTHENTICATE {PLAIN}
            a < :s1.test AUTHENTICATE 2FA-REQUIRED
            a <! 90
            a > AUTHENTICATE TOTP
            a > AUTHENTICATE {first}
            a < :s1.test AUTHENTICATE +
            a < :s1.test 900 al al!*@* alice :You are now logged in as alice
            a < :s1.test 903 al :SASL authentication successful
            a > AUTHENTICATE {PLAIN}
            a > CAP END
            a > USER al 0 * :Al
            a <! 904
            a < :s1.test 001 al :Welcome to the Test IRC network, al!~al@a.test
            bob > CAP REQ :sasl draft/account-2fa
            bob > AUTHENTICATE PLAIN
            bob > AUTHENTICATE {PLAIN}
            bob > AUTHENTICATE totp
            bob > AUTHENTICATE {first}
            bob < :s1.test 904 bob :SASL authentication failed: the code is wrong, or has been used already
            bob > AUTHENTICATE PLAIN
            bob > AUTHENTICATE {PLAIN}
            bob > AUTHENTICATE TOTP
            bob > AUTHENTICATE {second}
            bob < :s1.test 903 bob :SASL authentication successful
            carol > CAP REQ :sasl draft/account-2fa
            carol > AUTHENTICATE PLAIN
            carol > AUTHENTICATE {PLAIN}
            carol > AUTHENTICATE TOTP
            carol > AUTHENTICATE {}
            carol < :s1.test 903 carol :SASL authentication successful
            ",
            STANDARD.encode(recovery),
        ));
    }

    #[test]
    fn asking_for_a_code_tells_nothing_to_who_does_not_know_the_password() {
        check(&format!(
            r"
            account alice password=sesame {APP}
            bob > CAP REQ :sasl draft/account-2fa
            bob > AUTHENTICATE PLAIN
            bob > AUTHENTICATE AGFsaWNlAG9wZW4=
            bob < :s1.test 904 bob :SASL authentication failed: wrong account or password
            bob <! 2FA-REQUIRED
            "
        ));
    }

    #[test]
    fn the_code_may_stand_behind_the_password_as_before() {
        let first = totp::code(b"12345678901234567890", 1_800_000_000 / totp::STEP_SECS);
        let plain = STANDARD.encode(format!("\0alice\0sesame {first}"));
        check(&format!(
            r"
            account alice password=sesame {APP}
            bob > CAP REQ :sasl draft/account-2fa
            bob > AUTHENTICATE PLAIN
            bob > AUTHENTICATE {plain}
            bob < :s1.test 903 bob :SASL authentication successful
            carol > CAP REQ :draft/account-2fa
            carol > NS IDENTIFY alice sesame
            carol <~ * NOTICE carol :alice is not entered: the account takes a code too*
            "
        ));
    }

    #[test]
    fn what_waits_for_a_code_ends_when_something_else_comes() {
        let first = code(0);
        check(&format!(
            r"
            account alice password=sesame {APP}
            bob > CAP REQ :sasl draft/account-2fa
            bob > AUTHENTICATE PLAIN
            bob > AUTHENTICATE {PLAIN}
            bob > AUTHENTICATE *
            bob < :s1.test 906 bob :SASL authentication aborted
            bob > AUTHENTICATE PLAIN
            bob > AUTHENTICATE {PLAIN}
            bob > AUTHENTICATE EXTERNAL
            bob < :s1.test 904 bob :SASL authentication failed: a code of the account's app is wanted (TOTP)
            bob > AUTHENTICATE PLAIN
            bob > AUTHENTICATE {PLAIN}
            bob > AUTHENTICATE TOTP
            bob > AUTHENTICATE /w==
            bob < :s1.test 904 bob :SASL authentication failed: the message is not what the mechanism says
            bob > AUTHENTICATE TOTP
            bob <~ * 908 bob *
            bob <~ * 904 bob *
            bob > AUTHENTICATE PLAIN
            bob > AUTHENTICATE {PLAIN}
            bob > AUTHENTICATE TOTP
            bob > NS IDENTIFY alice open
            bob > AUTHENTICATE {first}
            bob < :s1.test 903 bob :SASL authentication successful
            "
        ));
    }

    #[test]
    fn who_looks_up_a_code_has_time_for_it() {
        let later = code(3);
        check(&format!(
            r"
            account alice password=sesame {APP}
            raw a
            a > NICK al
            a > CAP REQ :sasl draft/account-2fa
            wait 20
            a > AUTHENTICATE PLAIN
            a > AUTHENTICATE {PLAIN}
            a < :s1.test AUTHENTICATE 2FA-REQUIRED
            wait 80
            a > AUTHENTICATE TOTP
            a > AUTHENTICATE {later}
            a < :s1.test 903 al :SASL authentication successful
            raw b
            b > CAP REQ :sasl draft/account-2fa
            b > AUTHENTICATE PLAIN
            b > AUTHENTICATE {PLAIN}
            wait 121
            b < :s1.test 906 * :SASL authentication aborted
            wait 31
            b <~ ERROR *
            "
        ));
    }

    #[test]
    fn who_guesses_codes_has_to_wait_on_however_many_connections() {
        let (first, wrong) = (code(0), STANDARD.encode("000000"));
        let asked = |who: &str| {
            format!(
                "{who} > CAP REQ :sasl draft/account-2fa
                {who} > AUTHENTICATE PLAIN
                {who} > AUTHENTICATE {PLAIN}
                {who} < :s1.test AUTHENTICATE 2FA-REQUIRED
                {who} > AUTHENTICATE TOTP"
            )
        };
        check(&format!(
            r"
            config limits.account_login_burst 2
            account alice password=sesame {APP}
            {}
            {}
            {}
            bob > AUTHENTICATE {wrong}
            carol > AUTHENTICATE {wrong}
            dave > AUTHENTICATE {first}
            dave < :s1.test 904 dave :SASL authentication failed: too many attempts, wait a moment
            ",
            asked("bob"),
            asked("carol"),
            asked("dave"),
        ));
    }

    #[test]
    fn an_account_that_changes_meanwhile_lets_nobody_in() {
        let (first, second) = (code(0), code(1));
        let asked = format!(
            r"config oper root sesame
            account alice password=sesame {APP}
            root > OPER root sesame
            bob > CAP REQ :sasl draft/account-2fa
            bob > AUTHENTICATE PLAIN
            bob > AUTHENTICATE {PLAIN}
            bob > AUTHENTICATE TOTP
            "
        );
        check(&format!(
            r"{asked}
            root > NS SETPASS alice open-sesame
            bob > AUTHENTICATE {first}
            bob < :s1.test 904 bob :SASL authentication failed: wrong account or password
            "
        ));
        check(&format!(
            r"{asked}
            root > NS SUSPEND ADD alice spam
            bob > AUTHENTICATE {first}
            bob <~ * 902 bob *
            "
        ));
        check(&format!(
            r"{asked}
            root > NS SASET alice TOTP off
            bob > AUTHENTICATE {second}
            bob < :s1.test 903 bob :SASL authentication successful
            "
        ));
    }

    #[test]
    fn the_stored_password_is_renewed_once_the_code_has_come() {
        let (first, second) = (code(0), code(1));
        check(&format!(
            r"
            account alice password=old:sesame {APP}
            bob > CAP REQ :sasl draft/account-2fa
            bob > AUTHENTICATE PLAIN
            bob > AUTHENTICATE {PLAIN}
            bob > AUTHENTICATE TOTP
            bob > AUTHENTICATE {first}
            bob < :s1.test 903 bob :SASL authentication successful
            bob > AUTHENTICATE PLAIN
            bob > AUTHENTICATE {PLAIN}
            bob > AUTHENTICATE TOTP
            bob > AUTHENTICATE {second}
            bob < :s1.test 903 bob :SASL authentication successful
            "
        ));
    }

    #[test]
    fn the_capability_goes_while_nobody_can_log_in() {
        check(
            r"
            account alice password=sesame
            bob > CAP LS 302
            bob > CAP REQ :draft/account-2fa sasl
            disk 1 broken
            bob > NS IDENTIFY alice sesame
            bob > NS IDENTIFY alice sesame
            bob > NS IDENTIFY alice sesame
            bob < :s1.test CAP bob DEL :draft/account-2fa
            bob > CAP LIST
            bob <! account-2fa
            disk 1 well
            wait 60
            bob < :s1.test CAP bob NEW :draft/account-2fa=totp
            ",
        );
    }
}
