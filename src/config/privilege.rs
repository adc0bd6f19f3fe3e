//! What an operator of the network may do: privileges, bundled into classes.

/// `/// What it allows.` `Variant "name";`
macro_rules! privileges {
    ($($(#[doc = $doc:literal])* $variant:ident $name:literal;)*) => {
        /// One thing that takes a privilege.
        #[derive(Clone, Copy, Debug, Eq, PartialEq)]
        pub enum Priv { $($(#[doc = $doc])* $variant),* }

        /// Every privilege, with its name in a configuration and what it allows.
        pub const ALL: &[(Priv, &str, &str)] = &[$((Priv::$variant, $name, concat!($($doc),*))),*];
    };
}

privileges! {
    /// Administering accounts (NickServ's SAREGISTER, SADROP, SASET, SETPASS, SUSPEND, HOLD, MARK, RENAME, LIST).
    Accounts "accounts";
    /// Speaking to everybody, or to all operators (WALLOPS, GLOBOPS, OperServ GLOBAL and NEWS).
    Announce "announce";
    /// Reading what operators have done (OperServ LOGSEARCH).
    Audit "audit";
    /// Setting and lifting server bans, and exceptions from limits of connections.
    Ban "ban";
    /// Acting in channels without a status there (SAMODE, SAKICK, SATOPIC).
    Channels "channels";
    /// Locking the network against an attack (DEFCON).
    Defcon "defcon";
    /// Ending the server (DIE).
    Die "die";
    /// Forbidding nicks, channels and mail addresses (OperServ FORBID), and using them all the same.
    Forbid "forbid";
    /// Making users join, part, quit, change nick and modes (SAJOIN, SAPART, SAQUIT, SANICK, SAMODE).
    Force "force";
    /// Changing the host, user name and real name of users (CHGHOST, CHGIDENT, CHGNAME).
    Identity "identity";
    /// Forbidding servers to link (OperServ JUPE).
    Jupe "jupe";
    /// Disconnecting users.
    Kill "kill";
    /// Overriding what channels decide, with user mode `O`.
    Override "override";
    /// Reading the configuration again.
    Rehash "rehash";
    /// Saying something in channels for somebody elsewhere (RELAYMSG).
    Relay "relay";
    /// Listing and closing what users report (REPORT).
    Reports "reports";
    /// Starting the server anew (RESTART).
    Restart "restart";
    /// Seeing real hosts and addresses, hidden users and hidden channels.
    See "see";
    /// Giving accounts hosts of their choice (HostServ).
    Vhosts "vhosts";
}

/// The classes that are there without being configured.
pub const CLASSES: &[(&str, &[Priv])] = &[
    ("admin", &EVERYTHING),
    ("oper", &[Priv::Announce, Priv::Ban, Priv::Kill, Priv::Override, Priv::Reports, Priv::See]),
    ("helper", &[Priv::Reports]),
];

const EVERYTHING: [Priv; ALL.len()] = {
    let mut all = [Priv::See; ALL.len()];
    let mut place = 0;
    while place < ALL.len() {
        all[place] = ALL[place].0;
        place += 1;
    }
    all
};

impl Priv {
    /// Its name in a configuration.
    pub fn name(self) -> &'static str {
        ALL.iter().find(|row| row.0 == self).map_or("", |row| row.1)
    }

    /// The privilege of that name.
    pub fn named(name: &str) -> Option<Priv> {
        ALL.iter().find(|row| row.1 == name).map(|row| row.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_privilege_is_known_by_its_name() {
        assert!(ALL.is_sorted_by_key(|row| row.1));
        for (privilege, name, _) in ALL {
            assert_eq!(Priv::named(name), Some(*privilege));
        }
        let names: Vec<&str> = ALL.iter().map(|row| row.1).collect();
        let wants = <Priv as crate::config::value::Setting>::WANTS;
        assert_eq!(wants, format!("one of {}", names.join(", ")));
        let mut keys = crate::config::schema::keys();
        let key = keys.find(|key| (key.table, key.name) == ("oper_class", "privileges"));
        assert!(key.unwrap().doc.ends_with(&format!(": {}.", names.join(", "))));
        assert_eq!(CLASSES[0].1.len(), ALL.len(), "an admin may do everything");
    }
}
