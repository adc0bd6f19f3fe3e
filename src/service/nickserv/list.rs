//! NickServ LIST.

use crate::{
    core::{
        ctx::{Ctx, Cursor, Outcome},
        dispatch::{Command, Run},
        expiry,
        oper::Priv,
        settings::NOEXPIRE,
        suspension::{self, SUSPENDED},
        welcome,
    },
    job::{Answer, Job},
    network::UserId,
    registry::{Kind, NICK, Record, RecordId},
    store::{LISTED_MAX, Query, Rows, Which},
    wire::{mask, message::Args},
};

pub const COMMANDS: &[Command] = &[Command {
    name: "LIST",
    params: "[<mask>] [<which>]",
    about: "Lists accounts, those of which a nick fits the mask.",
    help: "With SUSPENDED, HELD or MARKED behind the mask only those. At most 500 are shown.\nExample: LIST *bot SUSPENDED",
    replies: &[],
    cost: 5,
    run: Run::Oper(Priv::Accounts, list),
    ..Command::USUAL
}];

fn list(ctx: &mut Ctx<'_>, _user: UserId, args: Args<'_>) -> Outcome {
    let field = match args.given(1).map(str::to_ascii_uppercase).as_deref() {
        None => "",
        Some("SUSPENDED") => SUSPENDED,
        Some("HELD") => NOEXPIRE,
        Some("MARKED") => super::MARK,
        Some(_) => {
            ctx.notice("LIST knows SUSPENDED, HELD and MARKED.");
            return Ok(());
        }
    };
    show(ctx, args.given(0).unwrap_or("*"), field);
    Ok(())
}

/// Lists the accounts that fit a mask and in whose record a field is set, if one is named.
pub(super) fn show(ctx: &mut Ctx<'_>, mask: &str, field: &str) {
    let asked = Asked { mask, field, shown: 0, after: None };
    ask(ctx, &asked);
}

/// What is asked, as the session notes it from page to page.
struct Asked<'a> {
    mask: &'a str,
    field: &'a str,
    shown: usize,
    after: Option<RecordId>,
}

fn ask(ctx: &mut Ctx<'_>, asked: &Asked<'_>) {
    let shown = asked.shown.to_string();
    super::asks(ctx, &[asked.mask, asked.field, &shown]);
    let which = match asked.field {
        "" => Which::All,
        field => Which::With(field.into()),
    };
    let query = Query::List { kind: Kind::Account, after: asked.after, which };
    ctx.defer(Job::Store(query), listed);
}

fn listed(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    let Answer::Stored(Ok(Rows::Records(records))) = answer else {
        super::unavailable(ctx);
        return Ok(());
    };
    let asked = super::asked(ctx);
    let [mask, field, shown] = asked.as_slice() else { return Ok(()) };
    let mut shown: usize = shown.parse().unwrap_or(SHOWN_MAX);
    let suspended_only = field == SUSPENDED;
    for record in &records {
        let left_out = suspended_only && suspension::of(record, ctx.now.wall).is_none();
        if shown < SHOWN_MAX && !left_out && fits(ctx, record, mask) {
            shown += 1;
            ctx.notice(&line(ctx, record));
        }
    }
    match records.last() {
        Some(last) if records.len() == LISTED_MAX && shown < SHOWN_MAX => {
            // The next page is asked for once this one has been read.
            let words = [mask.as_str(), field, &shown.to_string(), &last.id.to_string()];
            let asked = words.map(str::to_owned).into();
            ctx.stream(Cursor { asked, ..Cursor::default() }, next);
        }
        _ if shown == SHOWN_MAX => {
            ctx.notice(&format!("{shown} accounts are shown, and there may be more."));
        }
        _ => ctx.notice(&format!("End of the list: {shown} accounts.")),
    }
    Ok(())
}

fn next(ctx: &mut Ctx<'_>, cursor: Cursor) -> Option<Cursor> {
    if cursor.slot == 0 {
        return Some(Cursor { slot: 1, ..cursor });
    }
    if let [mask, field, shown, after] = cursor.asked.as_slice() {
        let (shown, after) = (shown.parse().unwrap_or(SHOWN_MAX), RecordId::parse(after));
        ask(ctx, &Asked { mask, field, shown, after });
    }
    None
}

/// Whether one of the nicks of an account fits a mask.
fn fits(ctx: &Ctx<'_>, record: &Record, pattern: &str) -> bool {
    let casemap = ctx.network().casemap();
    let mut nicks = record.under(NICK).filter_map(|(_, field)| field.value.as_deref());
    nicks.any(|nick| mask::matches(pattern, nick, casemap))
}

fn line(ctx: &Ctx<'_>, record: &Record) -> String {
    let name = record.name().unwrap_or_default();
    let seen = welcome::date_text(expiry::last_seen(record));
    let suspension = suspension::of(record, ctx.now.wall);
    let suspended = suspension.map(|it| format!(", suspended{}", it.text())).unwrap_or_default();
    let held = if record.get(NOEXPIRE).is_some() { ", held" } else { "" };
    let marked = record.get(super::MARK).map(|note| format!(", marked: {note}"));
    let waits = if record.unverified().is_some() { ", not verified" } else { "" };
    format!("{name} (last seen {seen}){waits}{held}{suspended}{}", marked.unwrap_or_default())
}

/// How many accounts are shown.
const SHOWN_MAX: usize = 500;

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn accounts_are_listed_by_mask_and_by_what_operators_have_done() {
        check(
            r"
            config oper root sesame
            account alice password=x
            account alan password=x noexpire=on
            account bob password=x nick:al=al mark=odd
            account carol password=x suspended=spam
            root > NS LIST
            root < :NickServ!services@services.test NOTICE root :Permission Denied - You're not an IRC operator with that privilege
            root > OPER root sesame
            root > NS LIST al*
            root <~ :NickServ!services@services.test NOTICE root :alice (last seen 1970-*)
            root <~ :NickServ!services@services.test NOTICE root :alan (last seen *), held
            root <~ :NickServ!services@services.test NOTICE root :bob (last seen *), marked: odd
            root < :NickServ!services@services.test NOTICE root :End of the list: 3 accounts.
            root > NS LIST * SUSPENDED
            root <~ :NickServ!services@services.test NOTICE root :carol (last seen *), suspended: spam
            root < :NickServ!services@services.test NOTICE root :End of the list: 1 accounts.
            root > NS LIST * HELD
            root < :NickServ!services@services.test NOTICE root :End of the list: 1 accounts.
            root > NS LIST * MARKED
            root < :NickServ!services@services.test NOTICE root :End of the list: 1 accounts.
            root > NS LIST * FROB
            root < :NickServ!services@services.test NOTICE root :LIST knows SUSPENDED, HELD and MARKED.
            ",
        );
    }

    #[test]
    fn a_long_list_comes_page_by_page_and_has_an_end() {
        for (count, end) in [
            (250, "End of the list: 250 accounts."),
            (600, "500 accounts are shown, and there may be more."),
        ] {
            let accounts: String =
                (0..count).map(|number| format!("account u{number} password=x\n")).collect();
            check(&format!(
                r"
                config oper root sesame
                {accounts}
                root > OPER root sesame
                root > NS LIST
                root <~ * NOTICE root :u0 (last *
                root <~ * NOTICE root :u249 (last *
                root < :NickServ!services@services.test NOTICE root :{end}
                root > PING x
                root <~ * PONG *
                "
            ));
        }
    }
}
