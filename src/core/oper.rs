//! Which operator may do what.

pub use crate::config::privilege::Priv;
use crate::config::{Config, privilege::CLASSES};

/// Whether operators of a class have a privilege; those of a class that nobody knows have none.
pub fn may(config: &Config, class: Option<&str>, privilege: Priv) -> bool {
    let Some(mut class) = class else { return false };
    // Each class extends another at most once, so a circle is left after a round.
    for _ in 0..=config.oper_class.len() {
        let Some(known) = config.oper_class.iter().find(|known| known.name == class) else {
            let builtin = CLASSES.iter().find(|row| row.0 == class);
            return builtin.is_some_and(|row| row.1.contains(&privilege));
        };
        if known.privileges.contains(&privilege) {
            return true;
        }
        match &known.extends {
            Some(base) => class = base,
            None => return false,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::OperClass;

    fn class(name: &str, extends: Option<&str>, privileges: &[Priv]) -> OperClass {
        let extends = extends.map(str::to_owned);
        OperClass { name: name.into(), extends, privileges: privileges.to_vec() }
    }

    #[test]
    fn a_class_has_what_it_names_and_what_it_extends() {
        let oper_class = vec![
            class("guard", Some("helper"), &[Priv::Kill]),
            class("chief", Some("guard"), &[Priv::See]),
            class("a", Some("b"), &[]),
            class("b", Some("a"), &[]),
        ];
        let config = Config { oper_class, ..Config::default() };
        let may = |class, privilege| may(&config, Some(class), privilege);
        assert!(may("chief", Priv::Kill) && may("chief", Priv::See) && may("admin", Priv::Rehash));
        assert!(!may("guard", Priv::See) && !may("a", Priv::Kill) && !may("nobody", Priv::Kill));
    }
}
