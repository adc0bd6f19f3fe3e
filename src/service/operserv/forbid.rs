//! OperServ FORBID, and SQLINE, which is a view of it: names that nobody may take,
//! and what else nobody may have.

use super::{list, note, until, words};
use crate::{
    core::{
        banlines::SUBSTANCE_MIN,
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        notes::{self, NAME_MAX},
        oper::Priv,
    },
    network::{UserId, ban, note::Section},
    wire::{encode, mask, message::Args},
};

pub const COMMANDS: &[Command] = &[Command {
    name: "FORBID",
    params: "[<subcommand> [<rest>]]",
    about: "Forbids nicks, channels, mail addresses and passwords.",
    help: "FORBID ADD nick|channel|email|password [+<duration>] <mask> <reason> forbids what fits the mask, in which * and ? are wildcards; FORBID DEL and the same with the mask allows it again; FORBID LIST shows all, or those of what is named behind it. Who wears a nick that is forbidden is given another, who is in such a channel is put out; operators with the privilege forbid may use them. A password that is forbidden stays with those who have it, and nobody can choose it from then on.\nExample: FORBID ADD nick +30d *admin* staff only",
    replies: &[],
    cost: 1,
    run: Run::Oper(Priv::Forbid, forbid),
    // Somebody may have that password; whoever says ADD and password the wrong way round has said it too.
    audited: |args| {
        let words: Vec<&str> = args.iter().flat_map(|arg| arg.split_whitespace()).collect();
        let mut begin = words.iter().take(2);
        let kind = begin.position(|word| kind(word) == Some(Section::ForbidPassword));
        words.into_iter().take(kind.map_or(usize::MAX, |place| place + 1)).collect()
    },
    ..Command::USUAL
}];

pub const SQLINE: &[Command] = &[Command {
    name: "SQLINE",
    params: "[<subcommand> [<rest>]]",
    about: "Forbids nicks, and channels where the mask begins with #.",
    help: "SQLINE ADD [+<duration>] <mask> <reason> forbids, SQLINE DEL <mask> allows again, SQLINE LIST shows all. It is FORBID by another name.\nExample: SQLINE ADD #warez* not here",
    replies: &[],
    cost: 1,
    run: Run::Oper(Priv::Forbid, sqline),
    ..Command::USUAL
}];

/// What can be forbidden, by name.
const KINDS: &[(&str, Section)] = &[
    ("CHANNEL", Section::ForbidChannel),
    ("EMAIL", Section::ForbidMail),
    ("NICK", Section::ForbidNick),
    ("PASSWORD", Section::ForbidPassword),
];

fn kind(word: &str) -> Option<Section> {
    let wanted = word.to_ascii_uppercase();
    KINDS.iter().find(|row| row.0 == wanted).map(|row| row.1)
}

fn forbid(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let (verb, rest) = words(&args);
    let section = rest.first().and_then(|word| kind(word));
    match (verb.as_str(), section, rest.get(1..).unwrap_or_default()) {
        ("ADD", Some(section), rest @ [_, ..]) => add(ctx, user, section, rest),
        ("DEL", Some(section), [pattern, ..]) => remove(ctx, user, section, pattern),
        ("LIST", wanted, _) => {
            let sections = KINDS.iter().map(|row| row.1);
            show(ctx, sections.filter(|section| wanted.is_none_or(|one| one == *section)));
        }
        _ => ctx.notice(
            "FORBID knows ADD nick|channel|email|password [+<duration>] <mask> <reason>, DEL nick|channel|email|password <mask>, and LIST.",
        ),
    }
    Ok(())
}

fn sqline(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let (verb, rest) = words(&args);
    let section = |pattern: &str| match pattern.starts_with('#') {
        true => Section::ForbidChannel,
        false => Section::ForbidNick,
    };
    match (verb.as_str(), rest.as_slice()) {
        ("ADD", rest @ [_, ..]) => {
            let pattern = until(rest, ctx.now.wall).1.first().copied().unwrap_or_default();
            add(ctx, user, section(pattern), rest);
        }
        ("DEL", [pattern, ..]) => remove(ctx, user, section(pattern), pattern),
        ("LIST", _) => {
            show(ctx, [Section::ForbidChannel, Section::ForbidNick].into_iter());
        }
        _ => ctx.notice("SQLINE knows ADD [+<duration>] <mask> <reason>, DEL <mask>, and LIST."),
    }
    Ok(())
}

fn show(ctx: &mut Ctx<'_>, sections: impl Iterator<Item = Section>) {
    let lines = sections.flat_map(|section| list(ctx, section, |pattern, _| pattern.into()));
    let lines = lines.collect();
    ctx.notices(lines);
}

fn add(ctx: &mut Ctx<'_>, user: UserId, section: Section, rest: &[&str]) {
    let (until, rest) = until(rest, ctx.now.wall);
    let Some((pattern, reason)) = rest.split_first() else {
        return ctx.notice("What is to be forbidden? Give a mask.");
    };
    let pattern = canonical(pattern);
    if section == Section::ForbidChannel && !pattern.starts_with('#') {
        return ctx.notice("The name of a channel begins with #, and so does its mask.");
    }
    if pattern.contains(['*', '?']) && ban::pattern::substance(&pattern) < SUBSTANCE_MIN {
        return ctx.notice(&format!(
            "{pattern} would forbid nearly everything; a mask needs {SUBSTANCE_MIN} characters that are no wildcards."
        ));
    }
    let reason = if reason.is_empty() { "Not for use".to_owned() } else { reason.join(" ") };
    let done = format!("{pattern} is forbidden: {reason}");
    note(ctx, user, (section, &pattern), ("", &reason), (until, &done));
}

fn remove(ctx: &mut Ctx<'_>, user: UserId, section: Section, pattern: &str) {
    let pattern = canonical(pattern);
    match notes::remove(ctx, user, section, &pattern) {
        true => ctx.notice(&format!("{pattern} is allowed again.")),
        false => ctx.notice(&format!("{pattern} is not forbidden.")),
    }
}

/// A mask as they are told apart.
fn canonical(pattern: &str) -> String {
    mask::collapse(&encode::head(pattern, NAME_MAX).to_lowercase())
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn what_is_forbidden_nobody_has_any_more() {
        check(
            r"
            servers 2
            config oper root sesame
            root@1  > OPER root sesame
            watch@2 > OPER root sesame
            watch   > MODE watch +s x
            admin@2 > JOIN #warez
            bob@2   > JOIN #warez
            root    > OS FORBID ADD nick *ADMIN* staff only
            root    < :OperServ!services@services.test NOTICE root :*admin* is forbidden: staff only
            watch   < :s2.test NOTICE watch :*** Notice -- root!~root@root.test sets the forbidden nick *admin*: staff only
            admin   <~ :OperServ!services@services.test NOTICE admin :This nickname is forbidden: staff only; you are called Guest* from now on.
            bob     <~ :admin!~admin@admin.test NICK :Guest*
            bob     > NICK TheAdmin
            bob     < :s2.test 432 bob TheAdmin :Nickname is forbidden: staff only
            raw c
            c       > NICK admin1
            c       < :s1.test 432 * admin1 :Nickname is forbidden: staff only
            root    > OS SQLINE ADD +1m #warez* not here
            root    < :OperServ!services@services.test NOTICE root :#warez* is forbidden: not here
            bob     < :s2.test KICK #warez bob :This channel is forbidden: not here
            bob     > JOIN #warez2,#fine
            bob     < :s2.test 479 bob #warez2 :Cannot join channel (it is forbidden: not here)
            bob     < :bob!~bob@bob.test JOIN #fine
            bob     > RENAME #fine #warez3
            bob     <~ :s2.test * #fine #warez3 :The new name is forbidden; choose another.
            root    > JOIN #warez
            root    < :root!~root@root.test JOIN #warez
            root    > NICK admin
            root    < :root!~root@root.test NICK :admin
            root    > OS FORBID LIST
            root    <~ :OperServ!services@services.test NOTICE admin :#warez*: not here until *. Set * by root!~root@root.test.
            root    < :OperServ!services@services.test NOTICE admin :Entries of the kind forbidden channel: 1.
            root    < :OperServ!services@services.test NOTICE admin :Entries of the kind forbidden email: 0.
            root    <~ :OperServ!services@services.test NOTICE admin :*admin*: staff only. Set *
            root    > OS SQLINE LIST
            root    < :OperServ!services@services.test NOTICE admin :Entries of the kind forbidden nick: 1.
            root    > OS FORBID DEL nick *admin*
            root    < :OperServ!services@services.test NOTICE admin :*admin* is allowed again.
            watch   < :s2.test NOTICE watch :*** Notice -- admin!~root@root.test takes away the forbidden nick *admin*
            root    > OS SQLINE DEL *admin*
            root    < :OperServ!services@services.test NOTICE admin :*admin* is not forbidden.
            bob     > NICK TheAdmin
            bob     < :bob!~bob@bob.test NICK :TheAdmin
            wait 70
            bob     > JOIN #warez2
            bob     < :TheAdmin!~bob@bob.test JOIN #warez2
            same
            ",
        );
    }

    #[test]
    fn nobody_registers_what_is_forbidden() {
        check(
            r"
            config oper root sesame
            root > OPER root sesame
            root > OS FORBID ADD email *@throwaway.example no throwaway mailboxes
            bob  > NS REGISTER sesame-open bob@throwaway.example
            bob  < :NickServ!services@services.test NOTICE bob :bob is not registered: the network does not take this mail address, give another.
            bob  > REGISTER * bob@throwaway.example sesame-open
            bob  <~ :s1.test FAIL REGISTER UNACCEPTABLE_EMAIL bob *
            bob  > NS REGISTER sesame-open bob@mail.example
            bob  < :NickServ!services@services.test NOTICE bob :bob is now registered, and yours.
            ",
        );
    }

    #[test]
    fn a_password_that_is_forbidden_is_nobody_s_choice_and_in_no_log() {
        check(
            r"
            servers 2
            config oper root sesame
            config mail irc@test.example
            account carol password=sesame-open mail=c@mail.example
            root@2  > OPER root sesame
            watch@1 > OPER root sesame
            watch   > MODE watch +s xo
            root > OS FORBID ADD password +1d Sesame* in every list
            root < :OperServ!services@services.test NOTICE root :sesame* is forbidden: in every list
            watch < :s1.test NOTICE watch :*** Notice -- root!~root@root.test forbids a password
            watch <! esame*
            root > OS FORBID password sesame* ADD
            root <~ :OperServ!services@services.test NOTICE root :FORBID knows *
            watch > OS LOGSEARCH FORBID
            watch <~ :OperServ!services@services.test NOTICE watch :*OperServ FORBID password
            watch <~ :OperServ!services@services.test NOTICE watch :*OperServ FORBID ADD password
            root > OS FORBID password ADD sesame-seed
            root <~ :OperServ!services@services.test NOTICE root :FORBID knows ADD *
            watch > OS LOGSEARCH FORBID
            watch <! esame-seed
            bob@1 > REGISTER * * seSame-open
            bob   < :s1.test FAIL REGISTER UNACCEPTABLE_PASSWORD bob :The network does not take this password; choose another.
            bob   > NS REGISTER sesame-open
            bob   < :NickServ!services@services.test NOTICE bob :bob is not registered: the network does not take this password, choose another.
            bob   > NS REGISTER tahini-open
            bob   > NS PASSWD tahini-open sesame-open sesame-open
            bob   < :NickServ!services@services.test NOTICE bob :The password for bob stays as it is: the network does not take this password, choose another.
            root  > NS SETPASS bob sesame-open
            root  < :NickServ!services@services.test NOTICE root :The password stays as it is: the network does not take this password, choose another.
            root  > NS SAREGISTER dave sesame-open
            root  < :NickServ!services@services.test NOTICE root :dave is not registered: the network does not take this password, choose another.
            bob   > NS SENDPASS carol
            wait 6
            mail c@mail.example *RESETPASS carol $code *
            bob   > NS RESETPASS carol $code sesame-seed
            bob   < :NickServ!services@services.test NOTICE bob :Nothing has been changed: the network does not take this password, choose another.
            carol@2 > NS IDENTIFY carol sesame-open
            carol <~ :s2.test 900 carol *
            root  > OS FORBID LIST password
            root  <~ :OperServ!services@services.test NOTICE root :sesame*: in every list until *
            root  > OS FORBID DEL	password sesame*
            root  < :OperServ!services@services.test NOTICE root :sesame* is allowed again.
            watch < :s1.test NOTICE watch :*** Notice -- root!~root@root.test allows again a password
            watch > OS LOGSEARCH DEL
            watch <! esame*
            bob   > NS PASSWD tahini-open sesame-open sesame-open
            bob   < :NickServ!services@services.test NOTICE bob :The password for bob has been changed.
            ",
        );
    }

    #[test]
    fn what_cannot_be_forbidden_is_said_to_be_so() {
        check(
            r"
            servers 2
            config oper root sesame
            root@1 > OPER root sesame
            root > OS FORBID ADD nick ** no
            root < :OperServ!services@services.test NOTICE root :* would forbid nearly everything; a mask needs 3 characters that are no wildcards.
            root > OS FORBID ADD channel warez no
            root < :OperServ!services@services.test NOTICE root :The name of a channel begins with #, and so does its mask.
            root > OS FORBID ADD server x no
            root <~ :OperServ!services@services.test NOTICE root :FORBID knows ADD nick|channel|email|password *
            root > OS FORBID ADD nick +1d
            root < :OperServ!services@services.test NOTICE root :What is to be forbidden? Give a mask.
            root > OS SQLINE FROB
            root < :OperServ!services@services.test NOTICE root :SQLINE knows ADD [+<duration>] <mask> <reason>, DEL <mask>, and LIST.
            split 1 | 2
            root > OS SQLINE ADD evil no
            crash 1
            start 1
            heal
            bob@2 > NICK evil
            bob < :s2.test 432 bob evil :Nickname is forbidden: no
            same
            ",
        );
    }
}
