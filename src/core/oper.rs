//! What an operator of the network may do: privileges, bundled into classes.

/// One thing that takes a privilege.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Priv {
    /// KILL.
    Kill,
    /// REHASH.
    Rehash,
    /// Overriding what channels decide, with user mode `O`.
    Override,
    /// Seeing real hosts and addresses, hidden users and hidden channels.
    See,
}

/// The classes that an `[[oper]]` may name.
pub const CLASSES: &[(&str, &[Priv])] = &[
    ("admin", &[Priv::Kill, Priv::Override, Priv::Rehash, Priv::See]),
    ("oper", &[Priv::Kill, Priv::Override, Priv::See]),
    ("helper", &[]),
];

/// Whether a class has a privilege; a class that is not in the table has none.
pub fn may(class: Option<&str>, privilege: Priv) -> bool {
    let row = class.and_then(|class| CLASSES.iter().find(|row| row.0 == class));
    row.is_some_and(|row| row.1.contains(&privilege))
}
