//! HostServ LIST.

use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        oper::Priv,
        vhost::{VHOST, VHOST_OFF},
    },
    job::{Answer, Job},
    network::UserId,
    registry::{Kind, RecordId},
    service::{asked, asks, nickserv},
    store::{LISTED_MAX, Query, Rows, Which},
    wire::{casemap::Casemap, mask, message::Args},
};

pub const COMMANDS: &[Command] = &[Command {
    name: "LIST",
    params: "[<mask>]",
    about: "Shows which accounts have hosts of their own: all, or those whose name or host fits a mask.",
    help: "At most 200 are shown.\nExample: LIST *.example.org",
    replies: &[],
    cost: 5,
    run: Run::Oper(Priv::Vhosts, list),
    ..Command::USUAL
}];

/// The most that are shown: so much fits in every client's queue.
const SHOWN_MAX: usize = 200;

fn list(ctx: &mut Ctx<'_>, _user: UserId, args: Args<'_>) -> Outcome {
    ask(ctx, (args.given(0).unwrap_or("*"), 0), None);
    Ok(())
}

/// Asks for the next page, having shown so many.
fn ask(ctx: &mut Ctx<'_>, (mask, shown): (&str, usize), after: Option<RecordId>) {
    asks(ctx, &[mask, &shown.to_string()]);
    let which = Which::With(VHOST.into());
    ctx.defer(Job::Store(Query::List { kind: Kind::Account, after, which }), listed);
}

fn listed(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    let Answer::Stored(Ok(Rows::Records(records))) = answer else {
        nickserv::unavailable(ctx);
        return Ok(());
    };
    let asked = asked(ctx);
    let [mask, shown] = asked.as_slice() else { return Ok(()) };
    let mut shown: usize = shown.parse().unwrap_or(SHOWN_MAX);
    for record in &records {
        let (name, host) =
            (record.name().unwrap_or_default(), record.get(VHOST).unwrap_or_default());
        let fits = [name, host].iter().any(|text| mask::matches(mask, text, Casemap::Ascii));
        if fits && shown < SHOWN_MAX {
            let off = if record.get(VHOST_OFF).is_some() { " (switched off)" } else { "" };
            ctx.notice(&format!("{name}: {host}{off}"));
            shown += 1;
        }
    }
    match records.last() {
        Some(last) if records.len() == LISTED_MAX && shown < SHOWN_MAX => {
            ask(ctx, (mask, shown), Some(last.id));
        }
        _ if shown == SHOWN_MAX => {
            ctx.notice(&format!("{shown} accounts are shown, and there may be more."));
        }
        _ => ctx.notice(&format!("Accounts with a host of their own: {shown}.")),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn the_hosts_of_accounts_are_listed() {
        check(
            r"
            config oper root sesame
            account alice password=sesame vhost=a.example
            account bob password=sesame
            account carol password=sesame vhost=c.test vhost-off=on
            root > OPER root sesame
            root > HS LIST
            root < :HostServ!services@services.test NOTICE root :alice: a.example
            root < :HostServ!services@services.test NOTICE root :carol: c.test (switched off)
            root < :HostServ!services@services.test NOTICE root :Accounts with a host of their own: 2.
            root > HS LIST *.TEST
            root < :HostServ!services@services.test NOTICE root :carol: c.test (switched off)
            root < :HostServ!services@services.test NOTICE root :Accounts with a host of their own: 1.
            bob  > HS LIST
            bob  < :HostServ!services@services.test NOTICE bob :Permission Denied - You're not an IRC operator with that privilege
            ",
        );
    }

    #[test]
    fn a_list_goes_on_from_page_to_page_up_to_its_end() {
        let account = |n: usize| format!("account a{n} password=x vhost=h{n}.example\n");
        for (count, end) in [
            (150, "Accounts with a host of their own: 150."),
            (250, "200 accounts are shown, and there may be more."),
        ] {
            let accounts: String = (0..count).map(account).collect();
            check(&format!(
                r"
                config oper root sesame
                {accounts}
                root > OPER root sesame
                root > HS LIST
                root < :HostServ!services@services.test NOTICE root :a149: h149.example
                root < :HostServ!services@services.test NOTICE root :{end}
                "
            ));
        }
    }
}
