//! The lists of a channel: what MODE shows and changes of bans, exceptions and filtered texts.

use super::mode::{Hand, invalid};
use crate::{
    core::{
        atlas,
        ctx::{Ctx, Outcome, Reject},
    },
    network::{
        ChannelId, Mask,
        mode::{self, Kind, Status},
        op::ModeChange,
    },
    wire::{
        encode,
        extban::{self, Act, Ban},
        reply,
    },
};

/// Shows a list.
pub fn show(ctx: &mut Ctx<'_>, hand: &mut Hand, letter: char) -> Outcome {
    // Who is banned is for all to see; who is excepted, and what is filtered, only for operators.
    if letter != 'b' {
        hand.require(Status::HALFOP)?;
    }
    let masks: Vec<_> = ctx
        .network()
        .channel(hand.channel)
        .masks(letter)
        .map(|mask| (mask.mask.clone(), mask.setter.clone(), mask.at.wall().secs()))
        .collect();
    for (mask, setter, at) in masks {
        ctx.reply(match letter {
            'e' => reply::except_list(&hand.name, &mask, &setter, at),
            'I' => reply::invex_list(&hand.name, &mask, &setter, at),
            'g' => reply::filter_list(&hand.name, &mask, &setter, at),
            _ => reply::ban_list(&hand.name, &mask, &setter, at),
        });
    }
    ctx.reply(match letter {
        'e' => reply::end_of_except_list(&hand.name),
        'I' => reply::end_of_invex_list(&hand.name),
        'g' => reply::end_of_filter_list(&hand.name),
        _ => reply::end_of_ban_list(&hand.name),
    });
    Ok(())
}

/// The bans that mute, as those know them who speak of a list of quiets.
pub fn show_quiets(ctx: &mut Ctx<'_>, channel: ChannelId) {
    let record = ctx.network().channel(channel);
    let name = record.name.to_string();
    let mutes = record.masks('b').filter_map(|mask| {
        let ban = mask.ban.as_ref().filter(|ban| ban.act == Act::Mute)?;
        let inner = match mask.mask.strip_prefix(MUTE) {
            Some(inner) => inner.to_owned(),
            None => Ban { act: Act::Ban, span: None, ..ban.clone() }.to_string(),
        };
        Some((inner, mask.setter.clone(), mask.at.wall().secs()))
    });
    let masks: Vec<_> = mutes.collect();
    for (mask, setter, at) in masks {
        ctx.reply(reply::quiet_list(&name, &mask, &setter, at));
    }
    ctx.reply(reply::end_of_quiet_list(&name));
}

/// A mask is to be quiet, or is not any more: `+q mask`, which is a ban that mutes.
pub fn change_quiet(
    ctx: &Ctx<'_>,
    hand: &Hand,
    (add, param): (bool, &str),
    before: &[ModeChange],
) -> Result<Option<ModeChange>, Reject> {
    change(ctx, hand, (add, 'b', &format!("{MUTE}{param}")), before)
}

/// A mask enters a list or leaves it, if that is a change.
pub fn change(
    ctx: &Ctx<'_>,
    hand: &Hand,
    (add, letter, param): (bool, char, &str),
    before: &[ModeChange],
) -> Result<Option<ModeChange>, Reject> {
    let (text, casemap) = (encode::head(param, MASK_MAX), ctx.network().casemap());
    let text = match letter {
        'g' if text.contains(['*', '?']) => extban::spaceless(text),
        // A word is meant wherever it stands.
        'g' => format!("*{}*", extban::spaceless(text)),
        _ => extban::shown(text),
    };
    let record = ctx.network().channel(hand.channel);
    let (canonical, ban) = Mask::read(letter, &text, casemap);
    let known = |mask: &&Mask| mask.canonical == canonical;
    if !add {
        // Who takes a ban away need not know how long it would have lasted.
        let found = record.all_masks(letter).find(known).or_else(|| {
            let lasting =
                |mask: &&Mask| mask.ban.as_ref().is_some_and(|ban| ban.lasting() == *canonical);
            record.all_masks(letter).find(lasting)
        });
        return Ok(found.map(|found| ModeChange::Remove {
            letter,
            mask: found.mask.clone(),
            added: record
                .all_masks(letter)
                .filter(|mask| mask.canonical == found.canonical)
                .map(|mask| mask.at)
                .collect(),
        }));
    }
    if letter != 'g' && ban.is_none() {
        let why = Ban::parse(&text, casemap).err().map(|why| why.to_string());
        return Err(invalid(hand, letter, &text, &why.unwrap_or_default()));
    }
    if let Some(what) = ban.as_ref().and_then(|ban| atlas::unknown(&ctx.core.atlas, ban)) {
        let why = format!("This server has no database of {what} ([geo] in its configuration)");
        return Err(invalid(hand, letter, &text, &why));
    }
    if record.all_masks(letter).any(|mask| known(&mask)) {
        return Ok(None);
    }
    if ban.as_ref().and_then(Ban::asks_about).is_some_and(|other| ctx.channel(other).is_err()) {
        return Err(invalid(hand, letter, &text, "There is no such channel to ask about"));
    }
    let more = before.iter().filter(|change| matches!(change, ModeChange::Add { .. })).count();
    let full = mode::letters(Kind::List)
        .chars()
        .map(|letter| record.all_masks(letter).count())
        .sum::<usize>()
        + more;
    if full >= ctx.core.config.limits.list_entries {
        return Err(reply::ban_list_full(&hand.name, letter).into());
    }
    let setter = ctx.whois(hand.user).mask().into();
    Ok(Some(ModeChange::Add { letter, mask: text.into(), setter }))
}

/// What a mask given to `+q` gets before it.
const MUTE: &str = "mute:";

/// The longest mask.
const MASK_MAX: usize = 200;

#[cfg(test)]
mod tests {
    use crate::sim::script::{check, crowd};

    #[test]
    fn a_list_is_shown_once_however_often_it_is_asked_for() {
        crowd(2, |crowd| {
            let got = crowd.ask("u0", "MODE #crowd bbqqb+b", "MODE #crowd +b *!*@x");
            let count = |code: &str| got.iter().filter(|line| line.contains(code)).count();
            assert_eq!((count(" 367 "), count(" 368 "), count(" 729 ")), (1, 1, 1), "{got:?}");
        });
    }

    #[test]
    fn lists_are_kept_and_shown_as_entered() {
        check(
            r"
            config limits.list_entries 2
            alice > JOIN #a
            bob   > JOIN #a
            alice > MODE #a +bb evil *!*@Bad.test
            bob   < :alice!~alice@alice.test MODE #a +bb evil!*@* *!*@Bad.test
            bob   > MODE #a b
            bob   <~ :s1.test 367 bob #a evil!*@* alice!~alice@alice.test *
            bob   <~ :s1.test 367 bob #a *!*@Bad.test alice!~alice@alice.test *
            bob   < :s1.test 368 bob #a :End of channel ban list
            alice > MODE #a +e x
            alice < :s1.test 478 alice #a e :Channel list is full
            alice > MODE #a -b evil!*@*
            bob   < :alice!~alice@alice.test MODE #a -b evil!*@*
            bob   > MODE #a e
            bob   < :s1.test 482 bob #a :You're not channel operator
            alice > MODE #a I
            alice < :s1.test 347 alice #a :End of channel invite exception list
            ",
        );
    }
}
