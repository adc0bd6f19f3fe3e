//! How many users there are, counted as they come and go, since counting them for every LUSERS would
//! cost more with every user.

use crate::network::mode::UserModes;

/// Numbers of users in sight.
#[derive(Clone, Copy, Debug, Default)]
pub struct Census {
    /// On the network.
    pub users: usize,
    /// Of these, the invisible.
    pub invisible: usize,
    /// Of these, the operators.
    pub opers: usize,
    /// At home here.
    pub local: usize,
    /// Connections that have not said who they are.
    pub unknown: usize,
    /// The most there have been on the network.
    pub users_max: usize,
    /// The most there have been here.
    pub local_max: usize,
}

impl Census {
    /// A user has come into sight.
    pub fn came(&mut self, modes: UserModes) {
        self.users += 1;
        self.users_max = self.users_max.max(self.users);
        self.changed(UserModes::default(), modes);
    }

    /// A user is at home here.
    pub fn arrived(&mut self) {
        self.local += 1;
        self.local_max = self.local_max.max(self.local);
    }

    /// A user's modes have changed.
    pub fn changed(&mut self, before: UserModes, after: UserModes) {
        let count = |number: &mut usize, letter| {
            *number = (*number + usize::from(after.contains(letter)))
                .saturating_sub(usize::from(before.contains(letter)));
        };
        count(&mut self.invisible, 'i');
        count(&mut self.opers, 'o');
    }

    /// A user has gone out of sight.
    pub fn quit(&mut self, modes: UserModes) {
        self.users = self.users.saturating_sub(1);
        self.changed(modes, UserModes::default());
    }

    /// A user who was at home here has gone.
    pub fn left(&mut self) {
        self.local = self.local.saturating_sub(1);
    }
}
