//! The modes of users: what MODE shows and changes of oneself.

use crate::{
    core::{
        ctx::{Ctx, Outcome},
        snotice::Snomask,
        usermode,
    },
    network::{UserId, mode},
    wire::{
        message::Args,
        mode::{Arity, Item, parse},
        reply,
    },
};

/// Shows or changes a user's own modes.
pub fn change(ctx: &mut Ctx<'_>, user: UserId, args: &Args<'_>) -> Outcome {
    if ctx.user(args[0])? != user {
        return Err(reply::users_dont_match().into());
    }
    let Some(text) = args.given(1) else {
        let modes = ctx.whois(user).modes.to_string();
        ctx.reply(reply::umode_is(&modes));
        if let Some(mask) = ctx.core.snomasks.get(&user) {
            let letters = format!("+{}", mask.letters());
            ctx.reply(reply::snomask(&letters));
        }
        return Ok(());
    };
    let mut modes = ctx.whois(user).modes;
    let mut snomask = ctx.core.snomasks.get(&user).copied().unwrap_or_default();
    let mut unknown = false;
    for item in parse(text, args.iter().skip(2), |letter| {
        let row = mode::USER.iter().find(|row| row.letter == letter)?;
        Some(if row.letter == 's' { Arity::Optional } else { Arity::Never })
    }) {
        let Item::Change { add, letter, param } = item else {
            unknown = true;
            continue;
        };
        if modes.change(letter, add) != modes.set(letter, add) {
            continue;
        }
        modes = modes.set(letter, add);
        if letter == 's' {
            snomask = match param {
                Some(text) => snomask.changed(text, add, |_| unknown = true),
                None if add => Snomask::usual(),
                None => Snomask::default(),
            };
            modes = modes.set('s', !snomask.is_empty());
        }
    }
    if unknown {
        ctx.reply(reply::umode_unknown_flag());
    }
    let modes = modes.settled();
    if modes != ctx.whois(user).modes {
        let op = usermode::taken(ctx.core, user, modes);
        ctx.commit(op);
    }
    if modes.contains('s') && ctx.core.snomasks.insert(user, snomask) != Some(snomask) {
        let letters = format!("+{}", snomask.letters());
        ctx.reply(reply::snomask(&letters));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn users_change_what_is_theirs() {
        check(
            r"
            alice > MODE alice
            alice < :s1.test 221 alice +
            alice > MODE alice +iZo
            alice < :alice!~alice@alice.test MODE alice :+i
            alice > MODE alice +5
            alice < :s1.test 501 alice :Unknown MODE flag; HELP UMODES lists them
            bob   > MODE alice +i
            bob   < :s1.test 502 bob :Can't change mode for other users
            bob   > MODE nobody
            bob   < :s1.test 401 bob nobody :No such nick/channel
            ",
        );
    }

    #[test]
    fn another_host_is_told_or_shown_as_coming_again() {
        check(
            r"
            bob   > CAP REQ chghost
            alice > JOIN #a
            bob   > JOIN #a
            carol > JOIN #a
            alice > MODE alice +x
            bob   <~ :alice!~alice@alice.test CHGHOST ~alice *.ip
            bob   > PING x
            bob   <! QUIT
            carol < :alice!~alice@alice.test QUIT :Changing host
            carol <~ :alice!~alice@*.ip JOIN #a
            carol < :s1.test MODE #a +o alice
            alice <! QUIT
            alice <~ :s1.test 396 alice *.ip :is now your displayed host
            dave  > CAP REQ away-notify
            dave  > JOIN #a
            alice > AWAY :gone
            alice > MODE alice -x
            dave  < :alice!~alice@alice.test JOIN #a
            dave  < :alice!~alice@alice.test AWAY :gone
            dave  < :s1.test MODE #a +o alice
            carol <! AWAY
            bob   > PING y
            bob   <! AWAY
            ",
        );
    }
}
