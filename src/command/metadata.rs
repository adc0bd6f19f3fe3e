//! METADATA (`ircv3: metadata`): what users and channels tell of themselves.

use super::{subscription, telling};
use crate::{
    core::{
        ctx::{Ctx, Outcome, Reject},
        dispatch::{Command, Run, audit},
        metadata::{close, is_second, name, open},
        oper::Priv,
    },
    network::{
        UserId,
        metadata::{Holder, is_key},
    },
    wire::{
        fail::{self, Standard},
        message::{Args, Message},
        reply,
    },
};

pub const COMMANDS: &[Command] = &[Command {
    name: "METADATA",
    params: "<target> <subcommand> [{<key>} [<value>]]",
    about: "Shows and sets what users and channels tell of themselves, key by key.",
    help: "The target is a nick, a channel, or * for yourself. GET shows keys, LIST all of them; SET sets a key to a value or, without one, takes it away; CLEAR takes all away. SUB and UNSUB say of which keys you want to hear, SUBS lists them, SYNC shows them as they are now.\nWhat you tell while you are logged in belongs to your account: all its sessions tell it, it is there again when you log in, and goes when you log out. What a registered channel tells is kept with it. All else ends with the session or the channel.\nExample: METADATA * SET pronouns :they/them",
    replies: &[
        reply::KEY_VALUE,
        reply::KEY_NOT_SET,
        reply::METADATA_SUB_OK,
        reply::METADATA_UNSUB_OK,
        reply::METADATA_SUBS,
        reply::METADATA_SYNC_LATER,
        reply::METADATA_RATE_LIMIT,
    ],
    cost: 2,
    run: Run::Any(metadata),
    ..Command::USUAL
}];

/// Whose metadata a command is about.
#[derive(Debug)]
pub struct Aim {
    /// The user or channel; none for oneself before registration.
    pub of: Option<Holder>,
    /// What they are called.
    pub name: String,
}

fn metadata(ctx: &mut Ctx<'_>, message: &Message<'_>) -> Outcome {
    let args = &message.args;
    let subcommand = args[1].to_ascii_uppercase();
    if matches!(subcommand.as_str(), "GET" | "SET" | "SUB" | "UNSUB") && args.len() < 3 {
        return Err(reply::need_more_params("METADATA").into());
    }
    let run = match subcommand.as_str() {
        "GET" => get,
        "LIST" => list,
        "SET" => telling::set,
        "CLEAR" => telling::clear,
        "SUB" => subscription::sub,
        "UNSUB" => subscription::unsub,
        "SUBS" => subscription::subs,
        "SYNC" if args[0] == subscription::EVERYBODY => return subscription::sync_all(ctx),
        "SYNC" => subscription::sync,
        _ => {
            let known = is_second(ctx.session());
            let fail = if known {
                fail::metadata_subcommand_invalid
            } else {
                fail::metadata_invalid_params
            };
            return Err(fail(args[1]).into());
        }
    };
    let aim = aim(ctx, args[0])?;
    let changes = matches!(subcommand.as_str(), "SET" | "CLEAR");
    if let Some(user) = ctx.session().user().filter(|_| changes) {
        if !telling::is_theirs(ctx, user, &aim) && telling::may_change(ctx, &aim) {
            audit(ctx, user, &COMMANDS[0], message.args.iter());
        }
    }
    run(ctx, &aim, args)
}

/// Who is meant, if there are such, and the client may know of them.
fn aim(ctx: &Ctx<'_>, target: &str) -> Result<Aim, Reject> {
    let user = ctx.session().user();
    let of = match (user, target) {
        (None, "*") => return Ok(Aim { of: None, name: "*".into() }),
        (None, _) => None,
        (Some(user), "*") => Some(Holder::User(user)),
        (Some(_), name) if name.starts_with('#') => ctx.channel(name).ok().map(Holder::Channel),
        (Some(_), nick) => ctx.find_user(nick).map(Holder::User),
    };
    let of = of.ok_or_else(|| fail::metadata_invalid_target(target))?;
    Ok(Aim { of: Some(of), name: name(ctx.network(), of).to_owned() })
}

fn get(ctx: &mut Ctx<'_>, aim: &Aim, args: &Args<'_>) -> Outcome {
    readable(ctx, aim)?;
    let batch = open(ctx.core, ctx.fx, ctx.conn, ("metadata", Some(&aim.name)), ctx.now);
    for key in args.iter().skip(2) {
        if !is_key(key) {
            let refused = invalid_key(ctx, key);
            ctx.standard_in(batch.as_deref(), &refused);
            continue;
        }
        let line = match value(ctx, aim, key) {
            Some(value) => reply::key_value(&aim.name, key, &value),
            None => reply::key_not_set(&aim.name, key),
        };
        ctx.reply_in(batch.as_deref(), line);
    }
    close(ctx.core, ctx.fx, ctx.conn, batch.as_deref(), ctx.now);
    Ok(())
}

fn list(ctx: &mut Ctx<'_>, aim: &Aim, _args: &Args<'_>) -> Outcome {
    readable(ctx, aim)?;
    let batch = open(ctx.core, ctx.fx, ctx.conn, ("metadata", Some(&aim.name)), ctx.now);
    for (key, value) in all(ctx, aim) {
        ctx.reply_in(batch.as_deref(), reply::key_value(&aim.name, &key, &value));
    }
    close(ctx.core, ctx.fx, ctx.conn, batch.as_deref(), ctx.now);
    Ok(())
}

/// That the client may see what is set. What is told of a channel that not everybody can enter is for those
/// inside.
fn readable(ctx: &Ctx<'_>, aim: &Aim) -> Outcome {
    let (Some(Holder::Channel(channel)), Some(user)) = (aim.of, ctx.session().user()) else {
        return Ok(());
    };
    let record = ctx.network().channel(channel);
    let open = !record.has('i') && record.value('k').is_none();
    if open || ctx.network().status(channel, user).is_some() || ctx.may(user, Priv::See) {
        return Ok(());
    }
    Err(fail::metadata_key_no_permission(&aim.name, "*").into())
}

/// The value of a key, if it is set.
pub fn value(ctx: &mut Ctx<'_>, aim: &Aim, key: &str) -> Option<Box<str>> {
    match aim.of {
        Some(of) => ctx.network().metadata(of)?.get(key).map(Into::into),
        None => ctx.session_mut().registration()?.metadata.get(key).map(Into::into),
    }
}

/// Every key that is set, with its value.
pub fn all(ctx: &mut Ctx<'_>, aim: &Aim) -> Vec<(Box<str>, Box<str>)> {
    match aim.of {
        Some(of) => {
            let metadata = ctx.network().metadata(of).into_iter();
            let pairs = metadata.flat_map(|metadata| metadata.iter());
            pairs.map(|(key, value)| (key.into(), value.into())).collect()
        }
        None => {
            let new = ctx.session_mut().registration();
            new.map(|new| new.metadata.all().into_iter().collect()).unwrap_or_default()
        }
    }
}

/// Whether somebody is the client itself.
pub fn is_own(ctx: &Ctx<'_>, aim: &Aim) -> bool {
    let user: Option<UserId> = ctx.session().user();
    aim.of == user.map(Holder::User)
}

/// That a text cannot be a key, as the client's version says it.
pub fn invalid_key(ctx: &Ctx<'_>, key: &str) -> Standard {
    if is_second(ctx.session()) {
        fail::metadata_key_invalid(key)
    } else {
        fail::metadata_invalid_key(key)
    }
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn what_users_tell_of_themselves_is_set_shown_and_taken_away() {
        check(
            r"
            alice > CAP REQ :batch draft/metadata-3
            bob   > PING x
            alice > METADATA * GET display-name avatar
            alice < :s1.test BATCH +b1 metadata alice
            alice < @batch=b1 :s1.test 766 alice alice display-name :Key is not set
            alice < @batch=b1 :s1.test 766 alice alice avatar :Key is not set
            alice < :s1.test BATCH -b1
            alice > METADATA * SET display-name :Alice the First
            alice < :s1.test 761 alice alice display-name * :Alice the First
            alice > METADATA Alice SET url :
            alice < :s1.test 761 alice alice url * :
            alice > METADATA * LIST
            alice < @batch=b2 :s1.test 761 alice alice display-name * :Alice the First
            alice < @batch=b2 :s1.test 761 alice alice url * :
            alice < :s1.test BATCH -b2
            bob   > METADATA alice GET display-name Bad
            bob   < :s1.test 761 bob alice display-name * :Alice the First
            bob   < :s1.test FAIL METADATA INVALID_KEY Bad :A key has at most 32 of a-z, 0-9, _, ., / and -.
            bob   <! BATCH
            alice > WHOIS alice
            alice < :s1.test 760 alice alice display-name * :Alice the First
            bob   > WHOIS alice
            bob   <! 760
            alice > METADATA * SET url
            alice < :s1.test 766 alice alice url :Key is not set
            alice > METADATA * CLEAR
            alice < :s1.test BATCH +b3 metadata alice
            alice < @batch=b3 :s1.test 766 alice alice display-name :Key is not set
            alice < :s1.test BATCH -b3
            alice > METADATA * LIST
            alice < :s1.test BATCH +b4 metadata alice
            alice < :s1.test BATCH -b4
            ",
        );
    }

    #[test]
    fn what_is_refused_is_called_as_each_version_calls_it() {
        let long = "x".repeat(301);
        check(&format!(
            r"
            config limits.metadata_keys 2
            config limits.metadata_burst 5
            alice > CAP REQ :batch draft/metadata-2
            bob   > CAP REQ :batch draft/metadata-3
            alice > METADATA *
            alice < :s1.test 461 alice METADATA :Not enough parameters
            alice > METADATA * GET
            alice < :s1.test 461 alice METADATA :Not enough parameters
            alice > METADATA * FROB
            alice <~ :s1.test FAIL METADATA SUBCOMMAND_INVALID FROB :*
            bob   > METADATA * FROB
            bob   <~ :s1.test FAIL METADATA INVALID_PARAMS FROB :*
            alice > METADATA nobody LIST
            alice <~ :s1.test FAIL METADATA INVALID_TARGET nobody :*
            alice <! BATCH
            alice > METADATA * SET $url x
            alice <~ :s1.test FAIL METADATA KEY_INVALID $url :*
            bob   > METADATA * SET $url x
            bob   <~ :s1.test FAIL METADATA INVALID_KEY $url :*
            alice > METADATA * SET url :{long}
            alice <~ :s1.test FAIL METADATA VALUE_INVALID :*
            bob   > METADATA * SET url :{long}
            bob   <~ :s1.test FAIL METADATA INVALID_VALUE url :*
            alice > METADATA bob SET url x
            alice <~ :s1.test FAIL METADATA KEY_NO_PERMISSION bob url :*
            alice > METADATA bob CLEAR
            alice <~ :s1.test FAIL METADATA KEY_NO_PERMISSION bob * :*
            alice > METADATA * SET url
            alice <~ :s1.test FAIL METADATA KEY_NOT_SET alice url :*
            alice > METADATA * SET a 1
            alice > METADATA * SET b 2
            alice > METADATA * SET c 3
            alice <~ :s1.test FAIL METADATA LIMIT_REACHED alice :*
            alice > METADATA * SET a 4
            alice < :s1.test 761 alice alice a * :4
            bob   > METADATA * SET a 1
            bob   > METADATA * SET b 2
            bob   > METADATA * SET c 3
            bob   <~ :s1.test FAIL METADATA LIMIT_REACHED bob SET :*
            alice > METADATA * SET a 5
            alice > METADATA * SET a 6
            alice > METADATA * SET a 7
            alice <~ :s1.test FAIL METADATA RATE_LIMITED alice a 2 :*
            bob   > METADATA * SET a 2
            bob   > METADATA * SET a 3
            bob   > METADATA * SET a 4
            bob   > METADATA * SET a 5
            bob   < :s1.test 775 bob bob a 2 :5
            wait 2
            bob   > METADATA * SET a 5
            bob   < :s1.test 761 bob bob a * :5
            "
        ));
    }

    #[test]
    fn a_channels_metadata_is_its_operators_and_those_insides() {
        check(
            r"
            config oper root sesame
            bob   > METADATA * SUB topic-url
            alice > JOIN #a
            alice > METADATA #a SET topic-url x
            alice < :s1.test 761 alice #a topic-url * :x
            bob   > METADATA #A GET topic-url
            bob   < :s1.test 761 bob #a topic-url * :x
            bob   > METADATA #a SYNC
            bob   <~ :s1.test FAIL METADATA KEY_NO_PERMISSION #a * :*
            alice > MODE #a +i
            bob   > METADATA #a GET topic-url
            bob   <~ :s1.test FAIL METADATA KEY_NO_PERMISSION #a * :*
            bob   > METADATA #a LIST
            bob   <~ :s1.test FAIL METADATA KEY_NO_PERMISSION #a * :*
            alice > MODE #a +s
            bob   > METADATA #a LIST
            bob   <~ :s1.test FAIL METADATA INVALID_TARGET #a :*
            alice > MODE #a -is
            bob   > JOIN #a
            bob   > METADATA #a SET topic-url y
            bob   <~ :s1.test FAIL METADATA KEY_NO_PERMISSION #a topic-url :*
            bob   > OPER root sesame
            bob   > METADATA #a SET topic-url y
            bob   < :s1.test 761 bob #a topic-url * :y
            bob   > METADATA alice SET country :xx
            bob   < :s1.test 761 bob alice country * :xx
            ",
        );
    }

    #[test]
    fn who_registers_may_have_told_of_themselves_before() {
        check(
            r"
            config limits.metadata_keys 2
            raw a
            a > CAP LS 302
            a <~ :s1.test CAP * LS * :*draft/metadata-2=before-connect,max-subs=50,max-keys=2,max-value-bytes=300 draft/metadata-3=before-connect,*
            a > CAP REQ :batch draft/metadata-2
            a > METADATA * SUB display-name
            a < :s1.test 770 * display-name
            a > METADATA * SET display-name :a b c
            a < :s1.test 761 * * display-name * :a b c
            a > METADATA * SET url x
            a > METADATA * SET more x
            a <~ :s1.test FAIL METADATA LIMIT_REACHED * :*
            a > METADATA * SET url
            a < :s1.test 766 * * url :Key is not set
            a > METADATA * GET display-name
            a <~ @batch=* :s1.test 761 * * display-name * :a b c
            a > METADATA * SYNC
            a > METADATA somebody LIST
            a <~ :s1.test FAIL METADATA INVALID_TARGET somebody :*
            a > NICK al
            a > USER al 0 * :Al
            a > CAP END
            a < :s1.test BATCH +b3 metadata al
            a < @batch=b3 :s1.test METADATA al display-name * :a b c
            a < :s1.test BATCH -b3
            a < :s1.test 422 al :MOTD File is missing
            a > METADATA * SUBS
            a < :s1.test BATCH +b4 metadata-subs
            a < @batch=b4 :s1.test 772 al display-name
            a < :s1.test BATCH -b4
            ",
        );
    }

    #[test]
    fn the_last_writer_of_a_key_wins_when_a_split_heals() {
        check(
            r"
            servers 2
            config oper root sesame
            alice@1 > CAP REQ :draft/metadata-3 batch
            alice   > METADATA * SUB url color
            alice   > JOIN #a
            bob@2   > JOIN #a
            root@2  > OPER root sesame
            alice   > METADATA * SET url one
            alice   > METADATA #a SET url here
            split 1 | 2
            root    > METADATA alice SET url two
            root    > METADATA #a SET color red
            alice   > METADATA #a SET color blue
            alice   > METADATA * SET url
            heal
            root    > METADATA alice GET url
            root    < :s2.test 766 root alice url :Key is not set
            root    > METADATA #a LIST
            root    < :s2.test 761 root #a color * :blue
            root    < :s2.test 761 root #a url * :here
            root    > METADATA alice SET url three
            alice   < :s1.test 761 alice alice url * :three
            same
            wait 200
            same
            ",
        );
    }

    #[test]
    fn keys_that_were_taken_away_count_until_everybody_knows() {
        check(
            r"
            servers 2
            config limits.metadata_keys 1
            alice@1 > PING x
            bob@2   > PING x
            split 1 | 2
            alice   > METADATA * SET a 1
            alice   > METADATA * SET a
            alice   > METADATA * SET b 1
            alice   > METADATA * SET b
            alice   > METADATA * SET c 1
            alice   > METADATA * SET c
            alice   > METADATA * SET d 1
            alice   > METADATA * SET d
            alice   > METADATA * SET e 1
            alice   <~ :s1.test FAIL METADATA LIMIT_REACHED alice SET :*
            alice   > METADATA * SET d 2
            alice   < :s1.test 761 alice alice d * :2
            alice   > METADATA * SET d
            heal
            wait 60
            alice   > METADATA * SET e 1
            alice   < :s1.test 761 alice alice e * :1
            same
            ",
        );
    }

    #[test]
    fn what_a_lost_founding_told_is_taken_back() {
        check(
            r"
            servers 2
            alice@1 > PING x
            bob@2   > CAP REQ draft/metadata-2
            bob     > METADATA * SUB url
            split 1 | 2
            alice   > JOIN #a
            alice   > METADATA #a SET color red
            bob     > JOIN #a
            bob     > METADATA #a SET url x
            heal
            bob     < :s1.test METADATA #a url *
            bob     > METADATA #a LIST
            bob     < :s2.test 761 bob #a color * :red
            same
            ",
        );
    }
}
