//! ChanServ FLAGS: the one list of who may do what. AMODE, ACCESS and the lists by templates are views of
//! it.

use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        oper::Priv,
        registered::{
            flags::{self, FLAGS, Flags},
            kept::Fields,
            record,
        },
        settings::{NEVEROP, is_on},
    },
    job::{Answer, Job},
    network::UserId,
    registry::RecordId,
    service::{asked, asks},
    store::{Find, Query, Rows},
    wire::{message::Args, name::ChannelName},
};

pub const COMMANDS: &[Command] = &[Command {
    name: "FLAGS",
    params: "<channel> [<account> [<changes>]]",
    about: "Shows and changes who may do what in a channel.",
    help: "Changes are flags as +ot-v, or a template as AOP; -* takes all. To change the list takes the flag f, and nobody gives or takes what they do not have themselves. HELP TEMPLATE lists templates and flags.\nExample: FLAGS #dev bob +Oo",
    replies: &[],
    cost: 3,
    run: Run::User(run),
    ..Command::USUAL
}];

fn run(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let Some(name) = super::registered(ctx, args[0]) else { return Ok(()) };
    let Some(text) = args.given(1) else { return list(ctx, user, &name, listed) };
    let Some(account) = super::account(ctx, text) else { return Ok(()) };
    let Some(known) = super::registration(ctx, &name) else { return Ok(()) };
    let before = known.flags(Some(account));
    let Some(changes) = args.given(2) else {
        if may_see(ctx, user, &name) {
            ctx.notice(&match before.is_empty() {
                true => format!("No flags for {text} in {name}."),
                false => format!("Flags for {text} in {name} are {before}."),
            });
        }
        return Ok(());
    };
    let Some(after) = changed(before, changes) else {
        ctx.notice(&format!(
            "{changes} is neither flags nor a template. HELP TEMPLATE lists what there is."
        ));
        return Ok(());
    };
    let done = format!("Flags {after} were set on {text} in {name}.");
    change(ctx, user, &name, (account, after), done)
}

/// Flags after changes, if those are any.
pub(super) fn changed(before: Flags, changes: &str) -> Option<Flags> {
    if let Some(flags) = flags::template(changes.trim_start_matches('+')) {
        return Some(flags.with('F', before.has('F')));
    }
    let (mut flags, mut on) = (before, None);
    for letter in changes.chars() {
        match letter {
            '+' => on = Some(true),
            '-' => on = Some(false),
            // All but what makes a founder, and what keeps out.
            '*' if on? => {
                flags = Flags::founder().with('F', before.has('F')).with('S', before.has('S'))
            }
            '*' => flags = Flags::NONE.with('F', before.has('F')),
            letter if FLAGS.iter().any(|row| row.letter == letter) => {
                flags = flags.with(letter, on?)
            }
            _ => return None,
        }
    }
    Some(flags)
}

/// Gives an account other access, if the user may and the account lets itself be given any; `done` is told
/// then.
pub(super) fn change(
    ctx: &mut Ctx<'_>,
    user: UserId,
    name: &ChannelName,
    (account, after): (RecordId, Flags),
    done: String,
) -> Outcome {
    match checked(ctx, user, name, (account, after)) {
        Ok(fields) if fields.is_empty() => ctx.notice("That is so already."),
        Ok(_) => {
            let letters = after.letters().collect();
            asks(ctx, &[name.to_string(), account.to_string(), letters, done]);
            ctx.defer(Job::Store(Query::Find(Find::Id(account))), reached);
        }
        Err(why) => ctx.notice(&why),
    }
    Ok(())
}

/// The account that is to have other access has been read.
fn reached(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    let (user, asked) = (ctx.session().user(), asked(ctx));
    let (Some(user), [name, account, letters, done]) = (user, &asked[..]) else { return Ok(()) };
    let Answer::Stored(Ok(Rows::Record(Some(record)))) = answer else {
        super::unavailable(ctx);
        return Ok(());
    };
    let after = Flags::of(letters);
    let own = ctx.whois(user).login.as_ref().is_some_and(|login| login.id == record.id);
    // Much may have happened meanwhile.
    let Some(name) = super::registered(ctx, name) else { return Ok(()) };
    let known = super::registration(ctx, &name);
    let before = known.map(|known| known.flags(Some(record.id))).unwrap_or_default();
    // To be kept out, or to keep less than before, is no access that is given.
    let gains = after.letters().any(|letter| letter != 'b' && !before.has(letter));
    if is_on(&record, NEVEROP) && !own && gains {
        ctx.notice(&format!(
            "{} does not want to be given access to channels (NickServ SET NEVEROP).",
            record.name().unwrap_or(account)
        ));
        return Ok(());
    }
    match checked(ctx, user, &name, (record.id, after)) {
        Ok(fields) if fields.is_empty() => ctx.notice("That is so already."),
        Ok(fields) => return super::set(ctx, user, &name, fields, done.clone()),
        Err(why) => ctx.notice(&why),
    }
    Ok(())
}

/// What is written to give an account other access; or why the user may not.
pub(super) fn checked(
    ctx: &Ctx<'_>,
    user: UserId,
    name: &ChannelName,
    (account, after): (RecordId, Flags),
) -> Result<Fields, String> {
    let Some(known) = super::registration(ctx, name) else { return Ok(Vec::new()) };
    let (mine, before) = (super::flags(ctx, user, name), known.flags(Some(account)));
    let own = ctx.whois(user).login.as_ref().is_some_and(|login| login.id == account);
    let differ = before.differing(after);
    if known.founder == Some(account) {
        return Err("The founder may do everything. TRANSFER makes somebody else founder.".into());
    }
    if after.has('F') {
        return Err("TRANSFER makes somebody founder.".into());
    }
    // Whoever has less may not touch those who have more, and anybody may give up what they have; being kept
    // out is nothing to give up.
    let gives_up = own && before.includes(after) && before.has('b') == after.has('b');
    let may = mine.to_give();
    let within = mine.has('f') && may.includes(differ) && (mine.has('F') || may.includes(before));
    if !gives_up && !within {
        return Err("You are not authorized to perform this operation.".into());
    }
    if differ.is_empty() {
        return Ok(Vec::new());
    }
    if before.is_empty() && known.access.len() >= ACCESS_MAX {
        return Err(format!(
            "A channel has at most {ACCESS_MAX} entries of access. Take one away first."
        ));
    }
    let text = (!after.is_empty()).then(|| after.letters().collect::<String>().into());
    Ok(vec![(record::access(account), text)])
}

/// Whether a user may see the access list; who may not is told so.
fn may_see(ctx: &mut Ctx<'_>, user: UserId, name: &ChannelName) -> bool {
    let may = super::flags(ctx, user, name).has('A') || ctx.may(user, Priv::See);
    if !may {
        super::refused(ctx);
    }
    may
}

/// How the access list is shown.
#[derive(Clone, Copy, Debug)]
pub(super) struct View {
    /// What stands before the entries, of a channel and their number.
    pub head: fn(&str, usize) -> Vec<String>,
    /// An entry: its number, the account's name, its flags.
    pub entry: fn(usize, &str, Flags) -> Option<String>,
    /// What stands after them.
    pub foot: fn(&str, usize) -> Vec<String>,
}

const VIEW: View = View {
    head: |_, _| {
        vec![
            "Entry Nickname/Host          Flags".into(),
            "----- ---------------------- -----".into(),
        ]
    },
    entry: |number, account, flags| {
        let role = flags::name(flags).map_or_else(String::new, |role| format!(" ({role})"));
        Some(format!("{number:<5} {account:<22} {flags}{role}"))
    },
    foot: |name, _| {
        vec!["----- ---------------------- -----".into(), format!("End of {name} FLAGS listing.")]
    },
};

/// Shows the access list, with the names of the accounts, if the user may see it.
pub(super) fn list(
    ctx: &mut Ctx<'_>,
    user: UserId,
    name: &ChannelName,
    then: fn(&mut Ctx<'_>, Answer) -> Outcome,
) -> Outcome {
    if !may_see(ctx, user, name) {
        return Ok(());
    }
    let Some(known) = super::registration(ctx, name) else { return Ok(()) };
    let ids = known.access.keys().copied().collect();
    asks(ctx, &[name.as_str()]);
    ctx.defer(Job::Store(Query::Records(ids)), then);
    Ok(())
}

/// Shows the access list in a way, once the accounts have been read.
pub(super) fn show(ctx: &mut Ctx<'_>, answer: Answer, view: &View) -> Outcome {
    let text = asked(ctx).into_iter().next().unwrap_or_default();
    let Answer::Stored(Ok(Rows::Records(records))) = answer else {
        super::unavailable(ctx);
        return Ok(());
    };
    let Some(name) = super::registered(ctx, &text) else { return Ok(()) };
    let Some(known) = super::registration(ctx, &name) else { return Ok(()) };
    let called = |id: RecordId| {
        let record = records.iter().find(|record| record.id == id);
        record.and_then(|record| record.name()).unwrap_or("(ended)").to_owned()
    };
    let accounts = known.access.keys().map(|id| (called(*id), known.flags(Some(*id))));
    let mut accounts: Vec<(String, Flags)> = accounts.collect();
    accounts.sort_by(|one, other| one.0.cmp(&other.0));
    let mut entries = Vec::new();
    for (account, flags) in &accounts {
        entries.extend((view.entry)(entries.len() + 1, account, *flags));
    }
    let head = (view.head)(known.name(), entries.len());
    let foot = (view.foot)(known.name(), entries.len());
    head.into_iter().chain(entries).chain(foot).for_each(|line| ctx.notice(&line));
    Ok(())
}

fn listed(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    show(ctx, answer, &VIEW)
}

/// How many accounts may have access to a channel.
pub(super) const ACCESS_MAX: usize = 200;

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn access_is_shown_and_changed_by_those_who_may() {
        check(
            r"
            servers 2
            account alice password=sesame
            account bob password=sesame
            account carol password=sesame
            alice@1 > NS IDENTIFY alice sesame
            bob@2   > NS IDENTIFY bob sesame
            carol@2 > NS IDENTIFY carol sesame
            alice > JOIN #a
            alice > CS REGISTER #a
            bob   > JOIN #a
            alice > CS FLAGS #a bob
            alice < :ChanServ!services@services.test NOTICE alice :No flags for bob in #a.
            alice > CS FLAGS #a bob +OoAf
            bob   < :ChanServ!services@services.test MODE #a +o bob
            alice < :ChanServ!services@services.test NOTICE alice :Flags +AOfo were set on bob in #a.
            alice > CS FLAGS #a bob
            alice < :ChanServ!services@services.test NOTICE alice :Flags for bob in #a are +AOfo.
            bob   > CS FLAGS #a carol +o
            bob   < :ChanServ!services@services.test NOTICE bob :Flags +o were set on carol in #a.
            bob   > CS FLAGS #a carol +s
            bob   < :ChanServ!services@services.test NOTICE bob :You are not authorized to perform this operation.
            bob   > CS FLAGS #a alice -o
            bob   < :ChanServ!services@services.test NOTICE bob :The founder may do everything. TRANSFER makes somebody else founder.
            bob   > CS FLAGS #a carol +F
            bob   < :ChanServ!services@services.test NOTICE bob :TRANSFER makes somebody founder.
            bob   > CS FLAGS #a carol +o
            bob   < :ChanServ!services@services.test NOTICE bob :That is so already.
            bob   > CS FLAGS #a carol nonsense
            bob   < :ChanServ!services@services.test NOTICE bob :nonsense is neither flags nor a template. HELP TEMPLATE lists what there is.
            bob   > CS FLAGS #a nobody +o
            bob   < :ChanServ!services@services.test NOTICE bob :nobody is not registered.
            bob   > CS FLAGS #a
            bob   < :ChanServ!services@services.test NOTICE bob :Entry Nickname/Host          Flags
            bob   < :ChanServ!services@services.test NOTICE bob :----- ---------------------- -----
            bob   < :ChanServ!services@services.test NOTICE bob :1     alice                  +AFORSaefhioqrstv (FOUNDER)
            bob   < :ChanServ!services@services.test NOTICE bob :2     bob                    +AOfo
            bob   < :ChanServ!services@services.test NOTICE bob :3     carol                  +o
            bob   < :ChanServ!services@services.test NOTICE bob :End of #a FLAGS listing.
            carol > CS FLAGS #a
            carol < :ChanServ!services@services.test NOTICE carol :You are not authorized to perform this operation.
            carol > CS FLAGS #a carol -*
            carol < :ChanServ!services@services.test NOTICE carol :Flags + were set on carol in #a.
            alice > CS FLAGS #a carol SOP
            alice < :ChanServ!services@services.test NOTICE alice :Flags +AOaefhiorstv were set on carol in #a.
            carol > JOIN #a
            carol < :s2.test 353 carol = #a :~alice @bob &carol
            same
            ",
        );
    }

    #[test]
    fn who_does_not_want_access_or_status_is_not_given_it() {
        check(
            r"
            account alice password=sesame
            account bob password=sesame
            account carol password=sesame
            alice > NS IDENTIFY alice sesame
            bob   > NS IDENTIFY bob sesame
            alice > JOIN #a
            alice > CS REGISTER #a
            alice > CS AOP #a ADD bob
            bob   > NS SET NOOP on
            bob   > JOIN #a
            alice <! +o bob
            bob   > CS UP #a
            alice < :ChanServ!services@services.test MODE #a +o bob
            bob   > PART #a
            bob   > NS SET NOOP off
            bob   > JOIN #a
            alice < :ChanServ!services@services.test MODE #a +o bob
            carol > NS IDENTIFY carol sesame
            carol > NS SET NEVEROP on
            alice > CS FLAGS #a carol +o
            alice < :ChanServ!services@services.test NOTICE alice :carol does not want to be given access to channels (NickServ SET NEVEROP).
            alice > CS FLAGS #a carol +b
            alice < :ChanServ!services@services.test NOTICE alice :Flags +b were set on carol in #a.
            ",
        );
    }

    #[test]
    fn access_given_on_two_sides_of_a_split_is_all_there_when_it_heals() {
        check(
            r"
            servers 2
            account alice password=sesame
            account bob password=sesame
            account carol password=sesame
            alice@1 > NS IDENTIFY alice sesame
            al@2    > NS IDENTIFY alice sesame
            bob@2   > NS IDENTIFY bob sesame
            carol@1 > NS IDENTIFY carol sesame
            alice > JOIN #a
            alice > CS REGISTER #a
            split 1 | 2
            alice > CS FLAGS #a bob AOP
            al    > CS FLAGS #a carol VOP
            carol > JOIN #a
            bob   > JOIN #a
            wait 90
            heal
            alice < :ChanServ!services@services.test MODE #a +o bob
            bob   < :ChanServ!services@services.test MODE #a +v carol
            same
            ",
        );
    }

    #[test]
    fn who_is_kept_out_does_not_let_themselves_in() {
        check(
            r"
            account alice password=sesame
            account eve password=sesame
            alice > NS IDENTIFY alice sesame
            eve   > NS IDENTIFY eve sesame
            alice > JOIN #a
            alice > CS REGISTER #a
            alice > CS FLAGS #a eve +bV
            eve   > CS FLAGS #a eve -b
            eve   < :ChanServ!services@services.test NOTICE eve :You are not authorized to perform this operation.
            eve   > CS FLAGS #a eve -V
            eve   < :ChanServ!services@services.test NOTICE eve :Flags +b were set on eve in #a.
            eve   > JOIN #a
            eve   < :s1.test 474 eve #a :Cannot join channel (+b)
            ",
        );
    }
}
