//! AUTHENTICATE (`ircv3: sasl-3.1`, `sasl-3.2`).

use crate::{
    config::Secret,
    core::{
        account::{self, Failure},
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        login,
        sasl::{self, Step},
        second::{self, step_up},
    },
    job::Answer,
    wire::{
        cap,
        message::Message,
        name::Nick,
        reply::{self, Reply},
        sasl::{Mechanism, Plain, Progress, Refusal, external, pieces},
        scram::{self, First, Verifier},
    },
};

pub const COMMANDS: &[Command] = &[Command {
    name: "AUTHENTICATE",
    params: "<mechanism or message>",
    about: "Logs in to an account by SASL; clients do it for you.",
    help: "Set your client to SASL with the name and the password of your account, or with a certificate (EXTERNAL).\nExample: AUTHENTICATE PLAIN",
    replies: &[
        reply::LOGGED_IN,
        reply::NICK_LOCKED,
        reply::SASL_SUCCESS,
        reply::SASL_FAIL,
        reply::SASL_TOO_LONG,
        reply::SASL_ABORTED,
        reply::SASL_MECHS,
    ],
    cost: 1,
    run: Run::Any(authenticate),
    ..Command::USUAL
}];

fn authenticate(ctx: &mut Ctx<'_>, message: &Message<'_>) -> Outcome {
    if !ctx.core.logs_in() {
        return failed(ctx, Failure::Unavailable);
    }
    if !ctx.session().caps.contains(cap::SASL) {
        return Err(reply::sasl_fail("your client has not asked for it (CAP REQ sasl)").into());
    }
    let Some(exchange) = &mut ctx.session_mut().sasl else { return begin(ctx, message.args[0]) };
    if matches!(exchange.step, Step::CodeWanted(_)) {
        return choose(ctx, message.args[0]);
    }
    match exchange.pieces.push(message.args[0]) {
        Ok(Progress::More) => Ok(()),
        Ok(Progress::Whole(message)) => take(ctx, &message),
        Ok(Progress::Aborted) => refuse(ctx, reply::sasl_aborted()),
        Err(Refusal::LongPiece) => refuse(ctx, reply::sasl_too_long()),
        Err(Refusal::LongMessage) => refuse(ctx, reply::sasl_fail("the message is too long")),
        Err(Refusal::NotBase64) => refuse(ctx, reply::sasl_fail("the message is not base64")),
    }
}

fn begin(ctx: &mut Ctx<'_>, name: &str) -> Outcome {
    if name == "*" {
        return Err(reply::sasl_aborted().into());
    }
    if account::id_of_session(ctx).is_some() && !sasl::is_name(name) {
        // The mechanism TOTP is answered with a + as any other, and some clients answer that once more with the
        // message of the mechanism before it, when they are logged in already.
        return Ok(());
    }
    let offered = |mechanism: &Mechanism| {
        sasl::offered(&ctx.core.config, ctx.session()).any(|offered| offered == *mechanism)
    };
    let Some(mechanism) = Mechanism::named(name).filter(offered) else {
        if let Some(names) = sasl::value(&ctx.core.config, ctx.session()) {
            ctx.reply(reply::sasl_mechs(&names));
        }
        return Err(reply::sasl_fail("there is no such mechanism here").into());
    };
    ctx.core.begin_exchange(ctx.conn, mechanism, ctx.now);
    ctx.line("AUTHENTICATE", &["+"], None);
    Ok(())
}

/// The client says how it gives the code that the account takes besides the password.
fn choose(ctx: &mut Ctx<'_>, mechanism: &str) -> Outcome {
    match (sasl::take_step(ctx.session_mut()), mechanism) {
        (_, "*") => refuse(ctx, reply::sasl_aborted()),
        (Step::CodeWanted(errand), name) if name.eq_ignore_ascii_case(step_up::MECHANISM) => {
            proceed(ctx, Step::CodeComes(errand));
            ctx.line("AUTHENTICATE", &["+"], None);
            Ok(())
        }
        _ => refuse(ctx, reply::sasl_fail("a code of the account's app is wanted (TOTP)")),
    }
}

/// A message of the client's is whole.
fn take(ctx: &mut Ctx<'_>, message: &[u8]) -> Outcome {
    let Some(exchange) = &ctx.session().sasl else { return Ok(()) };
    let mechanism = exchange.mechanism;
    match (mechanism, sasl::take_step(ctx.session_mut())) {
        (_, Step::CodeComes(errand)) => match std::str::from_utf8(message) {
            Ok(code) => step_up::answer(ctx, errand, code),
            Err(_) => malformed(ctx),
        },
        (Mechanism::Plain, _) => plain(ctx, message),
        (Mechanism::External, _) => certificate(ctx, message),
        (Mechanism::ScramSha256, Step::Challenged { exchange, proof, name }) => {
            match (exchange.finish(message), proof) {
                (Ok(said), Some(proof)) => {
                    say(ctx, said.as_bytes());
                    proceed(ctx, Step::Proven { proof, name });
                    Ok(())
                }
                (Err(scram::Error::InvalidProof), _) | (Ok(_), None) => {
                    login::failed(ctx, &name);
                    failed(ctx, Failure::Wrong)
                }
                (Err(_), _) => malformed(ctx),
            }
        }
        (Mechanism::ScramSha256, Step::Proven { proof, name }) => {
            if !message.is_empty() {
                return malformed(ctx);
            }
            proceed(ctx, Step::Proven { proof, name });
            login::confirm(ctx, proof, scram_confirmed);
            Ok(())
        }
        (Mechanism::ScramSha256, _) => scram_first(ctx, message),
    }
}

fn plain(ctx: &mut Ctx<'_>, message: &[u8]) -> Outcome {
    let Ok(plain) = Plain::parse(message) else { return malformed(ctx) };
    let nick = |name| Nick::lookup(name, ctx.network().casemap());
    let (name, acting) = (nick(plain.authcid), plain.authzid.map(nick));
    // What no account can be called is as wrong as what none is.
    let (Some(name), None | Some(Some(_))) = (name, &acting) else {
        return failed(ctx, Failure::Wrong);
    };
    let password = Secret::new(plain.password);
    login::log_in_as(ctx, (name, acting.flatten()), password, logged_in)?;
    step_up::allow(ctx);
    Ok(())
}

fn logged_in(ctx: &mut Ctx<'_>, _: &Nick, how: Result<(), Failure>) -> Outcome {
    finish(ctx, how)
}

fn certificate(ctx: &mut Ctx<'_>, message: &[u8]) -> Outcome {
    let Ok(acting) = external(message) else { return malformed(ctx) };
    let acting = match acting.map(|name| Nick::lookup(name, ctx.network().casemap())) {
        Some(None) => return failed(ctx, Failure::Wrong),
        acting => acting.flatten(),
    };
    let Some(fingerprint) = account::fingerprint(ctx).map(str::to_owned) else {
        return refuse(ctx, reply::sasl_fail("your connection has no certificate"));
    };
    login::recall_certified(ctx, &fingerprint, certified);
    proceed(ctx, Step::Certified(acting));
    Ok(())
}

fn certified(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    let record = match login::recalled(answer) {
        Ok(record) => record,
        Err(failure) => return failed(ctx, failure),
    };
    let Step::Certified(acting) = sasl::take_step(ctx.session_mut()) else { return Ok(()) };
    let record = record.filter(|record| acting.is_none_or(|acting| account::owns(record, &acting)));
    match record {
        None => refuse(ctx, reply::sasl_fail("no such account has your certificate")),
        Some(record) => {
            let how = login::may_enter(ctx, &record);
            if how.is_ok() {
                login::enter(ctx, &record);
            }
            finish(ctx, how)
        }
    }
}

fn scram_first(ctx: &mut Ctx<'_>, message: &[u8]) -> Outcome {
    let Ok(first) = First::parse(message) else { return malformed(ctx) };
    let Some(name) = Nick::lookup(&first.name, ctx.network().casemap()) else {
        return failed(ctx, Failure::Wrong);
    };
    if !login::may_try(ctx, &name) {
        return failed(ctx, Failure::TooOften);
    }
    login::recall(ctx, &name, challenge);
    proceed(ctx, Step::Named(Box::new(first), name));
    Ok(())
}

/// Gives a challenge, to those who name no account as well: it looks as if there were one.
fn challenge(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    let record = match login::recalled(answer) {
        Ok(record) => record,
        Err(failure) => return failed(ctx, failure),
    };
    let Step::Named(first, name) = sasl::take_step(ctx.session_mut()) else { return Ok(()) };
    let acting = first.authzid.as_deref();
    let acting = acting.map(|name| Nick::lookup(name, ctx.network().casemap()));
    let record = record.filter(|record| match &acting {
        None => true,
        Some(acting) => acting.as_ref().is_some_and(|acting| account::owns(record, acting)),
    });
    let stored = record.as_ref().and_then(|record| record.get(account::SCRAM));
    let proof = record.as_ref().and_then(|record| login::proof(record, account::SCRAM));
    let decoy = || {
        let secret = ctx.core.cloak.derive(b"decoys of SCRAM");
        Verifier::decoy(&secret, name.folded(), scram::ITERATIONS)
    };
    let verifier = stored.and_then(Verifier::parse);
    let proof = proof.filter(|_| verifier.is_some());
    let verifier = verifier.unwrap_or_else(decoy);
    let nonce = ctx.core.unforeseen("a nonce of SCRAM", ctx.now);
    let nonce = nonce.first_chunk::<{ scram::NONCE_LEN }>().copied().unwrap_or_default();
    let (said, exchange) = first.challenge(&nonce, verifier);
    say(ctx, said.as_bytes());
    proceed(ctx, Step::Challenged { exchange: Box::new(exchange), proof, name });
    Ok(())
}

fn scram_confirmed(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    let Step::Proven { proof, name } = sasl::take_step(ctx.session_mut()) else { return Ok(()) };
    match login::believe(ctx, proof, account::SCRAM, answer) {
        Ok(record) if second::is_on(&record) && step_up::is_known(ctx) => {
            step_up::ask_whoever_proved(ctx, (name, record), logged_in)
        }
        Ok(record) if second::is_on(&record) => finish(ctx, Err(Failure::NoPlaceForCode)),
        Ok(record) => {
            login::enter(ctx, &record);
            finish(ctx, Ok(()))
        }
        Err(failure) => finish(ctx, Err(failure)),
    }
}

fn proceed(ctx: &mut Ctx<'_>, step: Step) {
    if let Some(exchange) = &mut ctx.session_mut().sasl {
        exchange.step = step;
    }
}

/// Sends a message, cut into lines.
fn say(ctx: &mut Ctx<'_>, message: &[u8]) {
    for piece in pieces(message) {
        ctx.line("AUTHENTICATE", &[&piece], None);
    }
}

fn finish(ctx: &mut Ctx<'_>, how: Result<(), Failure>) -> Outcome {
    match how {
        Ok(()) => {
            ctx.core.end_exchange(ctx.conn);
            Ok(())
        }
        Err(failure) => failed(ctx, failure),
    }
}

fn failed(ctx: &mut Ctx<'_>, failure: Failure) -> Outcome {
    let reply = match failure {
        Failure::Suspended => reply::nick_locked(),
        _ => reply::sasl_fail(failure.why()),
    };
    refuse(ctx, reply)
}

fn malformed(ctx: &mut Ctx<'_>) -> Outcome {
    refuse(ctx, reply::sasl_fail("the message is not what the mechanism says"))
}

/// The exchange ends with this.
fn refuse(ctx: &mut Ctx<'_>, reply: Reply) -> Outcome {
    ctx.core.end_exchange(ctx.conn);
    Err(reply.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        sim::{Sim, config, script::check},
        wire::totp,
    };
    use base64::{Engine, engine::general_purpose::STANDARD};

    #[test]
    fn who_knows_the_password_is_logged_in_before_registration() {
        check(
            r"
            servers 2
            account Jilles password=sesame
            bob@2 > JOIN #a
            raw a
            a > CAP LS 302
            a <~ * CAP * LS * sasl=PLAIN,SCRAM-SHA-256 *
            a > NICK al
            a > USER al 0 * :Al
            a > CAP REQ sasl
            a > AUTHENTICATE plain
            a < :s1.test AUTHENTICATE +
            a > AUTHENTICATE amlsbGVzAGppbGxlcwBzZXNhbWU=
            a < :s1.test 900 al al!*@* Jilles :You are now logged in as Jilles
            a < :s1.test 903 al :SASL authentication successful
            a <! 001
            a > CAP END
            a < :s1.test 001 al :Welcome to the Test IRC network, al!~al@a.test
            a < :al!~al@a.test MODE al :+r
            bob > WHOIS al
            bob < :s2.test 330 bob al Jilles :is logged in as
            same
            ",
        );
    }

    #[test]
    fn a_wrong_password_and_no_account_sound_alike() {
        check(
            r"
            account jilles password=sesame
            account mallory password=sesame suspended=spam
            config accounts.sasl PLAIN
            alice > CAP REQ sasl
            alice > AUTHENTICATE PLAIN
            alice > AUTHENTICATE amlsbGVzAGppbGxlcwBtaWxsZXQ=
            alice < :s1.test 904 alice :SASL authentication failed: wrong account or password
            alice > AUTHENTICATE PLAIN
            alice > AUTHENTICATE AG5vYm9keQBzZXNhbWU=
            alice < :s1.test 904 alice :SASL authentication failed: wrong account or password
            alice > AUTHENTICATE PLAIN
            alice > AUTHENTICATE ACMAc2VzYW1l
            alice < :s1.test 904 alice :SASL authentication failed: wrong account or password
            alice > AUTHENTICATE PLAIN
            alice > AUTHENTICATE b3RoZXIAamlsbGVzAHNlc2FtZQ==
            alice < :s1.test 904 alice :SASL authentication failed: wrong account or password
            alice > AUTHENTICATE PLAIN
            alice > AUTHENTICATE AG1hbGxvcnkAc2VzYW1l
            alice < :s1.test 902 alice :This account is suspended; ask an operator of the network
            alice > AUTHENTICATE PLAIN
            alice > AUTHENTICATE AGppbGxlcwBzZXNhbWU=
            alice < :s1.test 900 alice alice!~alice@alice.test jilles :You are now logged in as jilles
            ",
        );
    }

    #[test]
    fn who_guesses_has_to_wait_from_one_address_or_from_many() {
        check(
            r"
            account jilles password=sesame
            config limits.login_burst 2
            config limits.account_login_burst 3
            config limits.account_login_interval 8
            alice > CAP REQ sasl
            alice > AUTHENTICATE PLAIN
            alice > AUTHENTICATE AGppbGxlcwBx
            alice > AUTHENTICATE PLAIN
            alice > AUTHENTICATE AGppbGxlcwBx
            alice > AUTHENTICATE PLAIN
            alice > AUTHENTICATE AGppbGxlcwBzZXNhbWU=
            alice < :s1.test 904 alice :SASL authentication failed: too many attempts, wait a moment
            bob > CAP REQ sasl
            bob > AUTHENTICATE PLAIN
            bob > AUTHENTICATE AEppbGxlcwBx
            bob < :s1.test 904 bob :SASL authentication failed: wrong account or password
            carol > CAP REQ sasl
            carol > AUTHENTICATE PLAIN
            carol > AUTHENTICATE AGppbGxlcwBzZXNhbWU=
            carol < :s1.test 904 carol :SASL authentication failed: too many attempts, wait a moment
            wait 6
            carol > AUTHENTICATE PLAIN
            carol > AUTHENTICATE AGppbGxlcwBzZXNhbWU=
            carol <~ :s1.test 904 carol *
            wait 3
            carol > AUTHENTICATE PLAIN
            carol > AUTHENTICATE AGppbGxlcwBzZXNhbWU=
            carol < :s1.test 903 carol :SASL authentication successful
            ",
        );
    }

    #[test]
    fn an_exchange_can_go_wrong_in_many_ways_and_be_begun_anew() {
        let long = "A".repeat(401);
        let piece = "A".repeat(400);
        let pieces = format!("a > AUTHENTICATE {piece}\n").repeat(11);
        check(&format!(
            r"
            account jilles password=sesame
            raw a
            a > AUTHENTICATE PLAIN
            a < :s1.test 904 * :SASL authentication failed: your client has not asked for it (CAP REQ sasl)
            a > CAP REQ sasl
            a > AUTHENTICATE
            a < :s1.test 461 * AUTHENTICATE :Not enough parameters
            a > AUTHENTICATE *
            a < :s1.test 906 * :SASL authentication aborted
            a > AUTHENTICATE EXTERNAL
            a < :s1.test 908 * PLAIN,SCRAM-SHA-256 :are available SASL mechanisms
            a < :s1.test 904 * :SASL authentication failed: there is no such mechanism here
            a > AUTHENTICATE PLAIN
            a > AUTHENTICATE *
            a < :s1.test 906 * :SASL authentication aborted
            a > AUTHENTICATE PLAIN
            a > AUTHENTICATE {long}
            a < :s1.test 905 * :SASL message too long
            a > AUTHENTICATE PLAIN
            a > AUTHENTICATE !!!
            a < :s1.test 904 * :SASL authentication failed: the message is not base64
            a > AUTHENTICATE PLAIN
            {pieces}
            a < :s1.test 904 * :SASL authentication failed: the message is too long
            a > AUTHENTICATE PLAIN
            a > AUTHENTICATE AGppbGxlcwA=
            a < :s1.test 904 * :SASL authentication failed: the message is not what the mechanism says
            a > AUTHENTICATE SCRAM-SHA-256
            a > AUTHENTICATE +
            a < :s1.test 904 * :SASL authentication failed: the message is not what the mechanism says
            a > AUTHENTICATE PLAIN
            a > AUTHENTICATE AGppbGxlcwBzZXNhbWU=
            a < :s1.test 903 * :SASL authentication successful
            "
        ));
    }

    #[test]
    fn who_completes_registration_logs_in_no_more() {
        check(
            r"
            raw a
            a > CAP REQ sasl
            a > AUTHENTICATE PLAIN
            a > NICK al
            a > USER al 0 * :Al
            a > CAP END
            a < :s1.test 906 al :SASL authentication aborted
            a < :s1.test 001 al :Welcome to the Test IRC network, al!~al@a.test
            a > AUTHENTICATE PLAIN
            a < :s1.test AUTHENTICATE +
            wait 31
            a < :s1.test 906 al :SASL authentication aborted
            ",
        );
    }

    #[test]
    fn a_user_may_log_in_to_another_account() {
        check(
            r"
            servers 2
            account one password=sesame
            account two password=sesame nick:too=too
            bob@2 > CAP REQ :account-notify
            alice > CAP REQ sasl
            alice > JOIN #a
            bob > JOIN #a
            alice > AUTHENTICATE PLAIN
            alice > AUTHENTICATE AG9uZQBzZXNhbWU=
            bob < :alice!~alice@alice.test ACCOUNT one
            alice > AUTHENTICATE PLAIN
            alice > AUTHENTICATE dHdvAHRvbwBzZXNhbWU=
            alice < :s1.test 900 alice alice!~alice@alice.test two :You are now logged in as two
            bob < :alice!~alice@alice.test ACCOUNT two
            same
            ",
        );
    }

    #[test]
    fn a_certificate_logs_in_to_the_account_that_has_it() {
        check(
            r"
            account jilles cert:ab12=laptop
            account other password=sesame
            secure alice
            alice > CAP LS 302
            alice <~ * CAP * LS * sasl=PLAIN,EXTERNAL,SCRAM-SHA-256 *
            alice > CAP REQ sasl
            alice > AUTHENTICATE EXTERNAL
            alice < :s1.test AUTHENTICATE +
            alice > AUTHENTICATE b3RoZXI=
            alice < :s1.test 904 alice :SASL authentication failed: no such account has your certificate
            alice > AUTHENTICATE EXTERNAL
            alice > AUTHENTICATE amlsbGVz
            alice < :s1.test 903 alice :SASL authentication successful
            alice > AUTHENTICATE EXTERNAL
            alice > AUTHENTICATE +
            alice < :s1.test 900 alice alice!~alice@alice.test jilles :You are now logged in as jilles
            alice < :s1.test 903 alice :SASL authentication successful
            ",
        );
    }

    #[test]
    fn the_certificate_that_an_account_is_registered_with_logs_in_to_it() {
        check(
            r"
            secure alice
            alice > REGISTER * * open-sesame
            alice < :s1.test REGISTER SUCCESS alice :Account successfully registered
            alice > QUIT
            secure bob
            bob > REGISTER * * open-sesame
            bob < :s1.test REGISTER SUCCESS bob :Account successfully registered
            bob > CAP REQ sasl
            bob > AUTHENTICATE EXTERNAL
            bob > AUTHENTICATE +
            bob < :s1.test 900 bob bob!~bob@bob.test alice :You are now logged in as alice
            ",
        );
    }

    #[test]
    fn what_is_stored_of_an_old_password_is_renewed() {
        check(
            r"
            account jilles password=old:sesame
            alice > CAP REQ sasl
            alice > AUTHENTICATE PLAIN
            alice > AUTHENTICATE AGppbGxlcwBzZXNhbWU=
            alice < :s1.test 903 alice :SASL authentication successful
            alice > AUTHENTICATE PLAIN
            alice > AUTHENTICATE AGppbGxlcwBzZXNhbWU=
            alice < :s1.test 903 alice :SASL authentication successful
            ",
        );
    }

    /// Somebody who has asked for the capability; what they are sent after a line.
    fn ask(sim: &mut Sim, client: usize, line: &str) -> Vec<String> {
        sim.send(client, line);
        sim.settle();
        let got = sim.clients[client].got.drain(..);
        got.filter_map(|line| line.strip_prefix(":s1.test ").map(Into::into)).collect()
    }

    /// Logs in by SCRAM with a name and a password: what comes in the end.
    fn scram(sim: &mut Sim, client: usize, (name, password): (&str, &str)) -> Vec<String> {
        let first = format!("n,,n={name},r=fyko");
        assert_eq!(ask(sim, client, "AUTHENTICATE SCRAM-SHA-256"), ["AUTHENTICATE +"]);
        let said = ask(sim, client, &format!("AUTHENTICATE {}", STANDARD.encode(&first)));
        let challenge = STANDARD.decode(&said[0]["AUTHENTICATE ".len()..]).unwrap();
        let challenge = String::from_utf8(challenge).unwrap();
        let (last, wanted) = scram::client(password, &first, &challenge);
        let said = ask(sim, client, &format!("AUTHENTICATE {}", STANDARD.encode(last)));
        if said != [format!("AUTHENTICATE {}", STANDARD.encode(wanted))] {
            return said;
        }
        ask(sim, client, "AUTHENTICATE +")
    }

    #[test]
    fn a_password_is_proved_without_being_sent() {
        let mut sim = Sim::new(1, &config());
        let alice = sim.connect(0, "alice");
        for line in ["REGISTER * * open-sesame", "CAP REQ sasl"] {
            ask(&mut sim, alice, line);
        }
        let bob = sim.connect(0, "bob");
        ask(&mut sim, bob, "CAP REQ sasl");
        let refused = ["904 bob :SASL authentication failed: wrong account or password"];
        for who in [("alice", "open-barley"), ("nobody", "open-sesame")] {
            assert_eq!(scram(&mut sim, bob, who), refused);
        }
        let done = [
            "900 bob bob!~bob@bob.test alice :You are now logged in as alice",
            "903 bob :SASL authentication successful",
        ];
        assert_eq!(scram(&mut sim, bob, ("ALICE", "open-sesame")), done);
    }

    #[test]
    fn a_code_is_asked_for_after_scram_too() {
        let mut sim = Sim::new(1, &config());
        let alice = sim.connect(0, "alice");
        let secret = [7; totp::SECRET_LEN];
        let code = |steps| totp::code(&secret, 1_800_000_000 / totp::STEP_SECS + steps);
        for line in ["REGISTER * * open-sesame", "NS 2FA TOTP ADD"] {
            ask(&mut sim, alice, line);
        }
        ask(&mut sim, alice, &format!("NS 2FA TOTP ADD {}", code(0)));
        let bob = sim.connect(0, "bob");
        ask(&mut sim, bob, "CAP REQ sasl");
        let refused = scram(&mut sim, bob, ("alice", "open-sesame"));
        assert!(refused[0].contains("which SCRAM cannot carry"), "{refused:?}");
        ask(&mut sim, bob, "CAP REQ draft/account-2fa");
        let asked = ["AUTHENTICATE 2FA-REQUIRED"];
        assert_eq!(scram(&mut sim, bob, ("alice", "open-sesame")), asked);
        assert_eq!(ask(&mut sim, bob, "AUTHENTICATE TOTP"), ["AUTHENTICATE +"]);
        let message = format!("AUTHENTICATE {}", STANDARD.encode(code(1)));
        let done = [
            "900 bob bob!~bob@bob.test alice :You are now logged in as alice",
            "903 bob :SASL authentication successful",
        ];
        assert_eq!(ask(&mut sim, bob, &message), done);
    }
}
