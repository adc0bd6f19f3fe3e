//! ChanServ FLAGS: the one list of who may do what. AMODE, ACCESS and the lists by templates are views of
//! it.

use super::grant;
use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        oper::Priv,
        registered::{
            flags::{FLAGS, Flags},
            record::Registration,
        },
    },
    job::{Answer, Job},
    network::UserId,
    registry::RecordId,
    service::{asked, asks},
    store::{Query, Rows},
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

pub const FFLAGS: &[Command] = &[Command {
    name: "FFLAGS",
    params: "<channel> <account> <changes>",
    about: "Changes the access list of any channel, as FLAGS does.",
    help: "The founder stays founder.\nExample: FFLAGS #dev alice +o",
    replies: &[],
    cost: 3,
    run: Run::Oper(Priv::Channels, |ctx, user, args| {
        ctx.forced = true;
        run(ctx, user, args)
    }),
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
    let Some(after) = changed(known, before, changes) else {
        ctx.notice(&format!(
            "{changes} is neither flags nor a template. HELP TEMPLATE lists what there is."
        ));
        return Ok(());
    };
    let done = format!("Flags {after} were set on {text} in {name}.");
    grant::change(ctx, user, &name, (account, after), done)
}

/// Flags after changes, if those are any. What says flags means those, whatever a template of the channel is
/// called.
pub(super) fn changed(known: &Registration, before: Flags, changes: &str) -> Option<Flags> {
    letters(before, changes).or_else(|| {
        let flags = known.template(changes.trim_start_matches('+'))?;
        Some(flags.with('F', before.has('F')))
    })
}

fn letters(before: Flags, changes: &str) -> Option<Flags> {
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

/// Whether a user may see the access list; who may not is told so.
fn may_see(ctx: &mut Ctx<'_>, user: UserId, name: &ChannelName) -> bool {
    let may = super::flags(ctx, user, name).has('A') || ctx.may(user, Priv::See);
    if !may {
        super::refused(ctx);
    }
    may
}

/// Makes an entry of its number, the account's name, its flags and the template that has just these.
type Entry = fn(usize, &str, (Flags, Option<&str>)) -> Option<String>;

/// How the access list is shown.
#[derive(Clone, Copy, Debug)]
pub(super) struct View {
    /// What stands before the entries, of a channel and their number.
    pub head: fn(&str, usize) -> Vec<String>,
    /// An entry.
    pub entry: Entry,
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
    entry: |number, account, (flags, role)| {
        let role = role.map_or_else(String::new, |role| format!(" ({role})"));
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
        entries.extend((view.entry)(entries.len() + 1, account, (*flags, known.role(*flags))));
    }
    let head = (view.head)(known.name(), entries.len());
    let foot = (view.foot)(known.name(), entries.len());
    ctx.notices(head.into_iter().chain(entries).chain(foot).collect());
    Ok(())
}

fn listed(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    show(ctx, answer, &VIEW)
}

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
