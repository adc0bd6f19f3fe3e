//! What only a user's own server may do, asked of it: what the SA commands and CHGHOST and its like
//! have in common.

use crate::{
    core::ctx::Ctx,
    network::{
        UserId,
        crdt::Source,
        op::{Ask, Op},
    },
};

/// Asks something of a user's own server, and notes who did.
pub fn request(ctx: &mut Ctx<'_>, user: UserId, target: UserId, ask: Ask) {
    let text = format!("{} asks of {}: {ask:?}", ctx.whois(user).mask(), ctx.whois(target).mask());
    log::info!("{text}");
    ctx.snotice('o', &text);
    let (by, uid) = (Source::User(ctx.whois(user).uid), ctx.whois(target).uid);
    ctx.commit(Op::Request { by, uid, ask });
}
