//! Logging in to an account, whichever command asks for it.
//!
//! A record that was read before a password was checked is read again afterwards, since it may be another then.

use super::{
    Core,
    account::{Errand, Failure, PASSWORD, SCRAM, Then, ended, kept, may_be_password, owns},
    ajoin,
    ctx::{self, Ctx, Outcome, Resume},
    effect::Effects,
    expiry, memo, metadata, registered, registry,
    sasl::{self, Proof},
    second::{self, step_up},
    suspension, vhost,
};
use crate::{
    config::Secret,
    job::{Answer, Hashes, Job},
    network::{UserId, op::Op},
    registry::{CERT, Edit, Kind, Login, NICK, Record, RecordId, What},
    store::{Find, Query, Rows},
    time::{Now, Stamp},
    wire::{name::Nick, reply},
};

/// Logs in whoever knows the password of an account, by its name or by any nick that it owns.
pub fn log_in(ctx: &mut Ctx<'_>, name: Nick, password: Secret, then: Then) -> Outcome {
    log_in_as(ctx, (name, None), password, then)
}

/// The same for somebody who wants to act as `acting`, which has to be a nick that the account owns.
pub fn log_in_as(
    ctx: &mut Ctx<'_>,
    (name, acting): (Nick, Option<Nick>),
    password: Secret,
    then: Then,
) -> Outcome {
    if !may_try(ctx, &name) {
        return then(ctx, &name, Err(Failure::TooOften));
    }
    let errand = Errand::new(name.clone(), password, then);
    ctx.session_mut().errand = Some(Box::new(Errand { acting, ..*errand }));
    recall(ctx, &name, found);
    Ok(())
}

/// Gives an account another password, for its owner, who has to know the one before.
pub fn change_password(
    ctx: &mut Ctx<'_>,
    (login, name): (&Login, Nick),
    password: Secret,
    new: Secret,
    then: Then,
) -> Outcome {
    let may = may_be_password(ctx.core, new.expose());
    let may = may.and_then(|()| if may_try(ctx, &name) { Ok(()) } else { Err(Failure::TooOften) });
    if let Err(failure) = may {
        return then(ctx, &name, Err(failure));
    }
    let errand = Errand::new(name, password, then);
    ctx.session_mut().errand = Some(Box::new(Errand { change: Some(new), ..*errand }));
    ctx.defer(Job::Store(Query::Find(Find::Id(login.id))), found);
    Ok(())
}

/// Reads the record of whichever account owns a nick.
pub fn recall(ctx: &mut Ctx<'_>, name: &Nick, resume: Resume) {
    ctx.defer(Job::Store(Query::Find(Find::Claim(key(name)))), resume);
}

/// What whichever account owns a nick claims.
pub fn key(name: &Nick) -> Box<str> {
    format!("{NICK}{}", name.folded()).into()
}

/// Reads the record of whichever account has a certificate.
pub fn recall_certified(ctx: &mut Ctx<'_>, fingerprint: &str, resume: Resume) {
    let find = Find::Claim(format!("{CERT}{fingerprint}").into());
    ctx.defer(Job::Store(Query::Find(find)), resume);
}

/// Reads the record of an account again, once somebody has proved that it is theirs.
pub fn confirm(ctx: &mut Ctx<'_>, proof: Proof, resume: Resume) {
    ctx.defer(Job::Store(Query::Find(Find::Id(proof.account))), resume);
}

/// The record that has been read, if there is one.
pub fn recalled(answer: Answer) -> Result<Option<Box<Record>>, Failure> {
    match answer {
        Answer::Stored(Ok(Rows::Record(record))) => Ok(record),
        _ => Err(Failure::Unavailable),
    }
}

fn found(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    let record = match recalled(answer) {
        Ok(record) => record,
        Err(failure) => return ended(ctx, Err(failure)),
    };
    let scram = sasl::keeps_verifiers(&ctx.core.config);
    let Some(errand) = &mut ctx.session_mut().errand else { return Ok(()) };
    // A name that nobody has is as long in coming as a wrong password.
    let get = |key| record.as_ref().and_then(|record| record.get(key)).map(Secret::new);
    let stored = Hashes { hash: get(PASSWORD), scram: get(SCRAM) };
    if errand.change.is_none() && record.as_deref().is_some_and(second::is_on) {
        (errand.password, errand.code) = second::split(&errand.password);
    }
    errand.record = record;
    let password = errand.password.clone();
    ctx.defer(Job::Check { stored, password, scram }, checked);
    Ok(())
}

fn checked(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    let Answer::Checked { right, renewed } = answer else {
        return ended(ctx, Err(Failure::Unavailable));
    };
    let Some(errand) = &mut ctx.session_mut().errand else { return Ok(()) };
    errand.hashes = renewed;
    let known = errand
        .record
        .as_deref()
        .filter(|record| right && errand.acting.as_ref().is_none_or(|acting| owns(record, acting)));
    let Some(proof) = known.and_then(|record| proof(record, PASSWORD)) else {
        let name = errand.name.clone();
        failed(ctx, &name);
        return ended(ctx, Err(Failure::Wrong));
    };
    match errand.change.clone() {
        Some(password) => {
            let scram = sasl::keeps_verifiers(&ctx.core.config);
            ctx.defer(Job::Hash { password, scram }, rehashed);
        }
        None => confirm(ctx, proof, confirmed),
    }
    Ok(())
}

/// What is to be stored of a password that takes the place of another.
fn rehashed(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    let (Answer::Hashed(hashes), Some(errand)) = (answer, &mut ctx.session_mut().errand) else {
        return ended(ctx, Err(Failure::Unavailable));
    };
    errand.hashes = Some(Box::new(hashes));
    let proof = errand.record.as_deref().and_then(|record| proof(record, PASSWORD));
    let Some(proof) = proof else { return ended(ctx, Err(Failure::Unavailable)) };
    confirm(ctx, proof, confirmed);
    Ok(())
}

fn confirmed(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    let Some(errand) = &mut ctx.session_mut().errand else { return Ok(()) };
    let (before, hashes, change) = (errand.record.take(), errand.hashes.take(), &errand.change);
    let changes = change.is_some();
    let proof = before.as_deref().and_then(|record| proof(record, PASSWORD));
    let Some(proof) = proof else { return ended(ctx, Err(Failure::Unavailable)) };
    match believe(ctx, proof, PASSWORD, answer) {
        Ok(record) => match hashes {
            Some(hashes) if changes => {
                set_password(ctx, record.id, &hashes, changed);
                Ok(())
            }
            hashes if step_up::is_due(ctx, &record) => step_up::ask(ctx, record, hashes),
            hashes => {
                hashes.into_iter().for_each(|hashes| renew(ctx, proof, &hashes));
                second::admit(ctx, &record)
            }
        },
        Err(failure) => ended(ctx, Err(failure)),
    }
}

/// Goes on with a log-in that has waited for the code, as the account is by now.
pub fn go_on(ctx: &mut Ctx<'_>, proof: Proof) {
    confirm(ctx, proof, confirmed);
}

/// Has the store keep another password of an account, as the user says who asks for it.
fn set_password(ctx: &mut Ctx<'_>, account: RecordId, hashes: &Hashes, resume: Resume) {
    let at = ctx.core.clock.tick(ctx.now.wall);
    let by = ctx.session().user().map_or_else(|| "*".to_owned(), |user| ctx.whois(user).mask());
    let what = What::Write(kept(hashes).into());
    let edit = Edit { id: account, kind: Kind::Account, at, by: by.into(), what };
    registry::propose(ctx, edit, resume);
}

fn changed(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    let stored = matches!(answer, Answer::Stored(Ok(Rows::Proposed(_))));
    ended(ctx, if stored { Ok(()) } else { Err(Failure::Unavailable) })
}

/// What is stored of a password is kept in another way from now on, as if that had been done in the moment
/// after it was set: whatever has been stored since stays.
fn renew(ctx: &mut Ctx<'_>, proof: Proof, hashes: &Hashes) {
    let at = Stamp { tick: proof.at.tick + 1, server: ctx.core.sid() };
    let (by, what) = (ctx.core.name().into(), What::Write(kept(hashes).into()));
    let edit = Edit { id: proof.account, kind: Kind::Account, at, by, what };
    let job = Job::Store(Query::Propose(Box::new(edit)));
    ctx.core.ask(ctx.fx, job, ctx::Then::Server(renewed), ctx.now);
}

/// Nobody waits for it; what could not be stored is tried again at the next log-in.
fn renewed(_: &mut Core, _: &mut Effects, _: Answer, _: Now) {}

/// The account of whoever has proved something, if its record, as the store has it now, still holds what
/// `key` held then.
pub fn believe(
    ctx: &mut Ctx<'_>,
    proven: Proof,
    key: &str,
    answer: Answer,
) -> Result<Box<Record>, Failure> {
    let record = recalled(answer)?.ok_or(Failure::Wrong)?;
    let still = proof(&record, key).ok_or(Failure::Wrong)?;
    // The same password has been stored in another way since, if somebody has logged in with it: see `renew`.
    let renewed = still.at.tick == proven.at.tick + 1;
    if (still.at != proven.at && !renewed) || still.account != proven.account {
        return Err(Failure::Wrong);
    }
    may_enter(ctx, &record)?;
    Ok(record)
}

/// That somebody can be logged in to an account, once they have proved that it is theirs.
pub fn may_enter(ctx: &mut Ctx<'_>, record: &Record) -> Result<(), Failure> {
    if suspension::refuses(ctx, record) {
        return Err(Failure::Suspended);
    }
    if record.unverified().is_some() { Err(Failure::Unverified) } else { Ok(()) }
}

/// What somebody proves who fits a field of an account.
pub fn proof(record: &Record, key: &str) -> Option<Proof> {
    let field = record.field(key).filter(|field| field.value.is_some())?;
    Some(Proof { account: record.id, at: field.at })
}

/// Whether a session may try to log in by a name now.
pub fn may_try(ctx: &Ctx<'_>, name: &Nick) -> bool {
    let (from, limits) = (ctx.session().from, &ctx.core.config.limits);
    let (burst, interval) = (limits.account_login_burst, limits.account_login_interval);
    ctx.core.attempts.may(from, limits.login_burst, limits.login_interval, ctx.now)
        && ctx.core.attempts.may_as(name.folded(), burst, interval, ctx.now)
}

/// A session has tried to log in by a name, and has not.
pub fn failed(ctx: &mut Ctx<'_>, name: &Nick) {
    let (from, limits) = (ctx.session().from, &ctx.core.config.limits);
    let (interval, by_account) = (limits.login_interval, limits.account_login_interval);
    ctx.core.attempts.failed(from, interval, ctx.now);
    ctx.core.attempts.failed_as(name.folded(), by_account, ctx.now);
}

/// The session is logged in to an account from now on: its user, or the one it is to become.
pub fn enter(ctx: &mut Ctx<'_>, record: &Record) {
    let name: Box<str> = record.name().unwrap_or_default().into();
    let login = Box::new(Login { id: record.id, name: name.clone() });
    let user = ctx.session().user();
    let mask = match user {
        Some(user) => ctx.whois(user).mask(),
        None => {
            let nick = ctx.session_mut().registration().and_then(|new| new.nick.as_ref());
            format!("{}!*@*", nick.map_or("*", |nick| nick.as_str()))
        }
    };
    // Before what else comes of it; of SASL, clients expect both numerics together.
    ctx.reply(reply::logged_in(&mask, &name, &format!("You are now logged in as {name}")));
    if ctx.declared.contains(&reply::SASL_SUCCESS) {
        ctx.reply(reply::sasl_success());
    }
    registered::met(ctx.core, record);
    let guest = user.is_some_and(|user| ctx.whois(user).login.is_none());
    if let Some(user) = user {
        let uid = ctx.whois(user).uid;
        ctx.commit(Op::Account { uid, login: Some(login) });
    } else if let Some(registration) = ctx.session_mut().registration() {
        registration.login = Some(login);
    }
    vhost::entered(ctx, record);
    metadata::account::entered(ctx, record, guest);
    memo::entered(ctx, record);
    expiry::seen(ctx.core, ctx.fx, record, ctx.now);
    ajoin::entered(ctx, record);
}

/// A user is logged out of the account.
pub fn leave(ctx: &mut Ctx<'_>, user: UserId) {
    let (uid, mask) = (ctx.whois(user).uid, ctx.whois(user).mask());
    ctx.commit(Op::Account { uid, login: None });
    ctx.reply(reply::logged_out(&mask));
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    /// Alice, on another server than Bob, has an account and logs in when she wants.
    fn check_both(script: &str) {
        for servers in [1, 2] {
            let script = script.replace("bob@2", &format!("bob@{servers}"));
            check(&format!("servers {servers}\naccount alice password=sesame\n{script}"));
        }
    }

    const LOG_IN: &str = "alice > CAP REQ sasl
        alice > AUTHENTICATE PLAIN
        alice > AUTHENTICATE AGFsaWNlAHNlc2FtZQ==
        alice <~ * 903 alice *";

    #[test]
    fn a_log_in_is_seen_by_everybody_who_wants_to() {
        check_both(&format!(
            r"
            bob@2 > CAP REQ :account-notify account-tag extended-join
            alice@1 > JOIN #a
            bob > JOIN #a
            alice > PRIVMSG #a :one
            bob < :alice!~alice@alice.test PRIVMSG #a :one
            {LOG_IN}
            bob < @account=alice :alice!~alice@alice.test ACCOUNT alice
            alice > PRIVMSG #a :two
            bob < @account=alice :alice!~alice@alice.test PRIVMSG #a :two
            alice > PART #a
            bob <~ @account=alice * PART #a
            alice > JOIN #a
            bob < @account=alice :alice!~alice@alice.test JOIN #a alice :Real alice
            alice > INVITE bob #b
            alice > JOIN #b
            alice > INVITE bob #b
            bob < @account=alice :alice!~alice@alice.test INVITE bob #b
            bob > WHO alice %na
            bob <~ * 354 bob alice alice
            bob > WHO bob %na
            bob <~ * 354 bob bob 0
            bob > WHOIS alice
            bob <~ * 330 bob alice alice :is logged in as
            alice > MODE alice
            alice <~ * 221 alice +r
            alice > MODE alice -r
            alice > MODE alice
            alice <~ * 221 alice +r
            same
            "
        ));
    }

    #[test]
    fn a_log_in_opens_doors() {
        check_both(&format!(
            r"
            bob@2 > JOIN #a
            bob > MODE #a +R
            alice@1 > JOIN #a
            alice <~ * 477 alice #a :+R: you must be logged in to an account to enter
            bob > MODE #a -R+b *!*@*
            bob > MODE #a +e account:alice
            bob > MODE bob +R
            alice > PRIVMSG bob :one
            alice <~ * 477 alice bob :They take messages only from those logged in to an account (+R)
            alice > JOIN #a
            alice <~ * 474 alice #a *
            {LOG_IN}
            alice > PRIVMSG bob :two
            bob < :alice!~alice@alice.test PRIVMSG bob :two
            alice > JOIN #a
            bob < :alice!~alice@alice.test JOIN #a
            bob > MODE #a -b+bM *!*@* unauthed:*
            alice > PRIVMSG #a :three
            bob < :alice!~alice@alice.test PRIVMSG #a :three
            bob > MODE #a -e+b account:alice mute:account:al*
            alice > PRIVMSG #a :four
            alice <~ * 404 alice #a *
            same
            "
        ));
    }

    #[test]
    fn who_may_not_speak_without_an_account_may_with_one() {
        check_both(&format!(
            r"
            alice@1 > JOIN #a
            bob@2 > JOIN #a
            alice > MODE #a +o bob
            alice > MODE #a -o alice
            bob > MODE #a +M
            alice > PRIVMSG #a :one
            alice <~ * 404 alice #a :Cannot send to channel (+M*
            {LOG_IN}
            alice > PRIVMSG #a :two
            bob < :alice!~alice@alice.test PRIVMSG #a :two
            same
            "
        ));
    }

    #[test]
    fn a_class_that_asks_for_an_account_lets_in_who_has_one() {
        check(
            r#"
            account jilles password=sesame
            config class name="dsl" hosts="10.0.0.0/24" require_sasl=true
            raw a
            a > NICK al
            a > USER al 0 * :Al
            a <~ * 465 al *
            raw b
            b > PASS jilles:sesame
            b > NICK bo
            b > USER bo 0 * :Bo
            b <~ * 001 bo *
            raw c
            c > CAP REQ draft/account-registration
            c > NICK cy
            c > REGISTER * * open-sesame
            c > USER cy 0 * :Cy
            c > CAP END
            c <~ * 001 cy *
            "#,
        );
    }

    #[test]
    fn who_logs_in_comes_in_where_others_may_not() {
        check(
            r"
            servers 2
            account jilles password=sesame
            config oper root sesame
            root@2 > OPER root sesame
            carol@1 > CAP REQ sasl
            dave@1 > CAP REQ sasl
            carol > AUTHENTICATE PLAIN
            carol > AUTHENTICATE AGppbGxlcwBzZXNhbWU=
            root > UBAN ADD 10.0.0.0/24 REQUIRE-SASL DURATION 1d open proxies
            dave <~ ERROR :Closing link: You must log in to an account (SASL)*
            raw a
            a > CAP REQ sasl
            a > NICK al
            a > USER al 0 * :Al
            a > REGISTER * * open-sesame
            a <~ * FAIL REGISTER TEMPORARILY_UNAVAILABLE al *
            a > CAP END
            a < :s1.test 465 al :You are banned from this server: You must log in to an account (SASL) to connect from there: open proxies
            raw b
            b > PASS jilles:sesame
            b > NICK bo
            b > USER bo 0 * :Bo
            b < :s1.test 001 bo :Welcome to the Test IRC network, bo!~bo@b.test
            root > UBAN DEL 10.0.0.0/24
            root > DEFCON 2
            raw c
            c > NICK cy
            c > USER cy 0 * :Cy
            c <~ :s1.test 465 cy :You are banned from this server: The network is locked*
            raw d
            d > PASS jilles:sesame
            d > NICK di
            d > USER di 0 * :Di
            d < :s1.test 001 di :Welcome to the Test IRC network, di!~di@d.test
            d > PRIVMSG carol :hi
            carol < :di!~di@d.test PRIVMSG carol :hi
            same
            ",
        );
    }
}
