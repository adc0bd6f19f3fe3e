//! What it means to take other user modes: the host that others see, and the operator class, go with them.

use super::{Core, vhost};
use crate::{
    network::{UserId, mode::UserModes, op::Op},
    wire::mode::{Arity, Item, parse},
};

/// The operation by which a user at home here takes modes.
pub fn taken(core: &Core, user: UserId, modes: UserModes) -> Op {
    let who = core.network().user(user);
    let host = match modes.contains('x') == who.modes.contains('x') {
        true => who.host.clone(),
        false => vhost::shown(core, user, modes),
    };
    let class = who.class.clone().filter(|_| modes.contains('o'));
    Op::UserModes { uid: who.uid, modes, host, class }
}

/// The operation by which a user at home here takes the modes that somebody else asks for, unless they
/// have them.
pub fn asked(core: &Core, user: UserId, text: &str) -> Option<Op> {
    let before = core.network().user(user).modes;
    let modes = after(before, text);
    (modes != before).then(|| taken(core, user, modes))
}

/// What becomes of modes when somebody else asks for others. What operators are told of unasked (`s`) they
/// choose themselves.
pub fn after(before: UserModes, text: &str) -> UserModes {
    let items = parse(text, std::iter::empty(), |_| Some(Arity::Never));
    let modes = items.iter().fold(before, |modes, item| match item {
        Item::Change { add, letter, .. } if !(*add && *letter == 's') => {
            modes.change(*letter, *add)
        }
        _ => modes,
    });
    modes.settled()
}
