//! How access to a channel is given and taken, whichever command says so: who may, and to whom.

use crate::{
    core::{
        ctx::{Ctx, Outcome},
        registered::{
            flags::Flags,
            kept::Fields,
            record::{self, Registration, SUCCESSOR},
        },
        settings::{NEVEROP, is_on},
    },
    job::{Answer, Job},
    network::UserId,
    registry::{ACCESS, RecordId},
    service::{asked, asks},
    store::{Query, Rows},
    wire::{encode, name::ChannelName},
};

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
        Ok(fields) => {
            let flag = if ctx.forced { "" } else { "f" };
            return give(ctx, user, (name, flag), fields, done);
        }
        Err(why) => ctx.notice(&why),
    }
    Ok(())
}

/// What is written to give an account other access; or why the user may not.
fn checked(
    ctx: &Ctx<'_>,
    user: UserId,
    name: &ChannelName,
    (account, after): (RecordId, Flags),
) -> Result<Fields, String> {
    let Some(known) = super::registration(ctx, name) else { return Ok(Vec::new()) };
    let (mine, before) = (super::flags(ctx, user, name), known.flags(Some(account)));
    let own = ctx.whois(user).login.as_ref().is_some_and(|login| login.id == account);
    if known.founder == Some(account) {
        return Err("The founder may do everything. TRANSFER makes somebody else founder.".into());
    }
    if after.has('F') {
        return Err("TRANSFER makes somebody founder.".into());
    }
    // Anybody may give up what they have; being kept out is nothing to give up.
    let gives_up = own && before.includes(after) && before.has('b') == after.has('b');
    if !ctx.forced && !gives_up && !may_change(known, mine, (before, after)) {
        return Err("You are not authorized to perform this operation.".into());
    }
    if before == after {
        return Ok(Vec::new());
    }
    has_room(known, account)?;
    Ok(vec![(record::access(account), letters(after))])
}

/// Whether there is room for an account in the access list, or it stands there; or what is told if not.
pub(super) fn has_room(known: &Registration, account: RecordId) -> Result<(), String> {
    if known.access.contains_key(&account) || known.access.len() < ACCESS_MAX {
        return Ok(());
    }
    Err(format!("A channel has at most {ACCESS_MAX} entries of access. Take one away first."))
}

/// Whether somebody may make of some access another: whoever has less may not touch what is more.
pub(super) fn may_change(
    known: &Registration,
    mine: Flags,
    (before, after): (Flags, Flags),
) -> bool {
    let may = mine.to_give();
    let may = if known.is_on("LIMITFLAGS") { may.limited() } else { may };
    let within = may.includes(before.differing(after));
    mine.has('f') && within && (mine.has('F') || may.includes(before))
}

/// What is stored of flags: nothing of none.
pub(super) fn letters(flags: Flags) -> Option<Box<str>> {
    (!flags.is_empty()).then(|| flags.letters().collect::<String>().into())
}

/// Has the store write access to the record of a channel, but of accounts that gain by it and want none
/// (NickServ SET NEVEROP); `done` is told then. The user needs one of the flags for it still when it is known
/// who wants none, unless there are none.
pub(super) fn give(
    ctx: &mut Ctx<'_>,
    user: UserId,
    (name, any): (&ChannelName, &str),
    fields: Fields,
    done: String,
) -> Outcome {
    let Some(known) = super::registration(ctx, name) else { return Ok(()) };
    let own = ctx.whois(user).login.as_ref().map(|login| login.id);
    let gains = |(key, value): &(Box<str>, Option<Box<str>>)| {
        let id = key.strip_prefix(ACCESS).and_then(RecordId::parse)?;
        let (before, after) = (known.flags(Some(id)), Flags::of(value.as_deref()?));
        // To be kept out, or to keep less than before, is no access that is given.
        let gains = after.letters().any(|letter| letter != 'b' && !before.has(letter));
        (gains && own != Some(id)).then_some(id)
    };
    let ids: Vec<RecordId> = fields.iter().filter_map(gains).collect();
    if ids.is_empty() {
        return super::set(ctx, user, name, fields, done);
    }
    let mut words = vec![name.to_string(), any.to_owned(), done];
    for (key, value) in fields {
        words.extend([key.into(), value.map_or_else(String::new, String::from)]);
    }
    asks(ctx, &words);
    ctx.defer(Job::Store(Query::Records(ids)), weighed);
    Ok(())
}

/// The accounts that are to gain have been read.
fn weighed(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    let (user, asked) = (ctx.session().user(), asked(ctx));
    let (Some(user), [name, any, done, fields @ ..]) = (user, asked.as_slice()) else {
        return Ok(());
    };
    let Answer::Stored(Ok(Rows::Records(records))) = answer else {
        super::unavailable(ctx);
        return Ok(());
    };
    // Much may have happened meanwhile.
    let name = match any.as_str() {
        "" => super::registered(ctx, name),
        any => super::allowed(ctx, user, name, any),
    };
    let Some(name) = name else { return Ok(()) };
    let mut fields: Fields = fields
        .chunks_exact(2)
        .map(|pair| (pair[0].as_str().into(), Some(pair[1].as_str().into())))
        .collect();
    for (_, value) in &mut fields {
        *value = value.take().filter(|value| !value.is_empty());
    }
    let unwilling: Vec<_> = records.iter().filter(|record| is_on(record, NEVEROP)).collect();
    for record in &unwilling {
        let (access, id) = (record::access(record.id), record.id.to_string());
        let inherits =
            |key: &str, value: Option<&str>| key == SUCCESSOR && value == Some(id.as_str());
        fields.retain(|(key, value)| *key != access && !inherits(key, value.as_deref()));
    }
    if !unwilling.is_empty() {
        let names: Vec<&str> = unwilling.iter().filter_map(|record| record.name()).collect();
        let want = if names.len() == 1 { "does not want" } else { "do not want" };
        ctx.notice(&format!(
            "{} {want} to be given access to channels (NickServ SET NEVEROP).",
            encode::head(&names.join(", "), NAMES_MAX)
        ));
    }
    if fields.is_empty() {
        return Ok(());
    }
    super::set(ctx, user, &name, fields, done.clone())
}

/// How many accounts may have access to a channel.
pub(super) const ACCESS_MAX: usize = 200;

/// How much is told of the names of those who want no access, in bytes.
const NAMES_MAX: usize = 300;

#[cfg(test)]
mod tests {
    use super::ACCESS_MAX;
    use crate::sim::script::check;

    #[test]
    fn who_does_not_want_access_is_given_none_by_whatever_command() {
        check(
            r"
            config oper root sesame
            account alice password=sesame
            account bob password=sesame
            account carol password=sesame
            account dave password=sesame
            root  > OPER root sesame
            alice > NS IDENTIFY alice sesame
            carol > NS IDENTIFY carol sesame
            dave  > NS IDENTIFY dave sesame
            alice > JOIN #a,#b
            alice > CS REGISTER #a
            alice > CS REGISTER #b
            alice > CS AOP #a ADD carol
            alice > CS AOP #a ADD dave
            carol > NS SET NEVEROP on
            alice > CS FLAGS #b carol +o
            alice < :ChanServ!services@services.test NOTICE alice :carol does not want to be given access to channels (NickServ SET NEVEROP).
            root  > CS FFLAGS #b carol +o
            root  < :ChanServ!services@services.test NOTICE root :carol does not want to be given access to channels (NickServ SET NEVEROP).
            alice > CS SET #a SUCCESSOR carol
            alice < :ChanServ!services@services.test NOTICE alice :carol does not want to be given access to channels (NickServ SET NEVEROP).
            alice <! inherits
            alice > CS CLONE #a #b
            alice < :ChanServ!services@services.test NOTICE alice :carol does not want to be given access to channels (NickServ SET NEVEROP).
            alice < :ChanServ!services@services.test NOTICE alice :The access list of #a has been copied to #b.
            alice > CS FLAGS #b dave
            alice < :ChanServ!services@services.test NOTICE alice :Flags for dave in #b are +AOehiortv.
            alice > CS FLAGS #b carol
            alice < :ChanServ!services@services.test NOTICE alice :No flags for carol in #b.
            alice > CS CLONE #b #a
            dave  > NS SET NEVEROP on
            alice > CS FLAGS #b dave -*
            alice < :ChanServ!services@services.test NOTICE alice :Flags + were set on dave in #b.
            alice > CS CLONE #a #b
            alice < :ChanServ!services@services.test NOTICE alice :carol, dave do not want to be given access to channels (NickServ SET NEVEROP).
            alice <! copied
            alice > CS FLAGS #b carol +b
            alice < :ChanServ!services@services.test NOTICE alice :Flags +b were set on carol in #b.
            ",
        );
    }

    #[test]
    fn whoever_is_given_access_there_is_only_so_much() {
        // One of them is the founder.
        let all = |row: fn(usize) -> String| (0..ACCESS_MAX).map(row).collect::<String>();
        let accounts = all(|n| format!("account a{n} password=sesame\n"));
        let given = all(|n| format!("alice > CS FLAGS #a a{n} +v\n"));
        check(&format!(
            r"
            {accounts}
            account alice password=sesame
            account bob password=sesame
            alice > NS IDENTIFY alice sesame
            alice > JOIN #a
            alice > CS REGISTER #a
            {given}
            alice < :ChanServ!services@services.test NOTICE alice :A channel has at most 200 entries of access. Take one away first.
            alice > CS SET #a SUCCESSOR bob
            alice < :ChanServ!services@services.test NOTICE alice :A channel has at most 200 entries of access. Take one away first.
            alice > CS SET #a SUCCESSOR a0
            alice < :ChanServ!services@services.test NOTICE alice :a0 inherits #a when the account of its founder ends.
            ",
        ));
    }

    #[test]
    fn a_limited_list_is_changed_by_those_who_may_do_more_than_that() {
        check(
            r"
            account alice password=sesame
            account bob password=sesame
            account carol password=sesame
            alice > NS IDENTIFY alice sesame
            bob   > NS IDENTIFY bob sesame
            alice > JOIN #a
            alice > CS REGISTER #a
            alice > CS FLAGS #a bob +fovrs
            bob   > CS FLAGS #a carol +f
            bob   < :ChanServ!services@services.test NOTICE bob :Flags +f were set on carol in #a.
            alice > CS SET #a LIMITFLAGS ON
            bob   > CS FLAGS #a carol -f
            bob   < :ChanServ!services@services.test NOTICE bob :You are not authorized to perform this operation.
            alice > CS FLAGS #a carol -f
            alice < :ChanServ!services@services.test NOTICE alice :Flags + were set on carol in #a.
            bob   > CS FLAGS #a carol +s
            bob   < :ChanServ!services@services.test NOTICE bob :You are not authorized to perform this operation.
            bob   > CS FLAGS #a carol +o
            bob   < :ChanServ!services@services.test NOTICE bob :Flags +o were set on carol in #a.
            alice > CS FLAGS #a bob -s
            bob   > CS FLAGS #a carol -o
            bob   < :ChanServ!services@services.test NOTICE bob :You are not authorized to perform this operation.
            alice > CS FLAGS #a carol -*
            bob   > CS FLAGS #a carol +b
            bob   < :ChanServ!services@services.test NOTICE bob :Flags +b were set on carol in #a.
            alice > CS FLAGS #a bob +sR
            alice > CS FLAGS #a carol -b
            bob   > CS FLAGS #a carol +sf
            bob   < :ChanServ!services@services.test NOTICE bob :Flags +fs were set on carol in #a.
            ",
        );
    }
}
