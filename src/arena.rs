//! Slab arenas with typed ids: an id names one object, ever.
//!
//! Ids stored inside the state graph are live by invariant, so `arena[id]` is right for them. Ids that
//! have been outside (a token, a job's answer, a timer) may be stale: look those up with `get`.

use slab::Slab;
use std::{marker::PhantomData, ops};

/// A typed key of one arena. Made by [`id!`](crate::id).
pub trait Id: Copy {
    /// Puts an id together from its parts.
    fn pack(index: u32, generation: u32) -> Self;
    /// The slot.
    fn index(self) -> u32;
    /// Which of the slot's successive owners is meant.
    fn generation(self) -> u32;
}

/// Declares a key type for one arena.
#[macro_export]
macro_rules! id {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub struct $name { index: u32, generation: u32 }
        impl $crate::arena::Id for $name {
            fn pack(index: u32, generation: u32) -> Self { Self { index, generation } }
            fn index(self) -> u32 { self.index }
            fn generation(self) -> u32 { self.generation }
        }
    };
}

/// Objects of one kind, each named by an id that is never used again.
#[derive(Debug)]
pub struct Arena<K, V> {
    slots: Slab<(u32, V)>,
    /// Grows with every insertion. An id could come back only after 2³² insertions, and then only in
    /// the very same slot.
    generation: u32,
    key: PhantomData<fn() -> K>,
}

impl<K, V> Default for Arena<K, V> {
    fn default() -> Self {
        Self { slots: Slab::new(), generation: 0, key: PhantomData }
    }
}

impl<K: Id, V> Arena<K, V> {
    /// Stores a value and names it.
    pub fn insert(&mut self, value: V) -> K {
        self.generation = self.generation.wrapping_add(1);
        let index = self.slots.insert((self.generation, value));
        // A slab of 2³² slots would need more memory than any machine this runs on has.
        K::pack(u32::try_from(index).unwrap_or(u32::MAX), self.generation)
    }

    /// Removes a value; `None` if it has gone already.
    pub fn remove(&mut self, id: K) -> Option<V> {
        self.get(id)?;
        Some(self.slots.remove(id.index() as usize).1)
    }

    /// The value, unless it has gone.
    pub fn get(&self, id: K) -> Option<&V> {
        match self.slots.get(id.index() as usize) {
            Some((generation, value)) if *generation == id.generation() => Some(value),
            Some(_) | None => None,
        }
    }

    /// The value, unless it has gone.
    pub fn get_mut(&mut self, id: K) -> Option<&mut V> {
        match self.slots.get_mut(id.index() as usize) {
            Some((generation, value)) if *generation == id.generation() => Some(value),
            Some(_) | None => None,
        }
    }

    /// Whether the id still names a value.
    pub fn contains(&self, id: K) -> bool {
        self.get(id).is_some()
    }

    /// How many values there are.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// In slot order, so the same history gives the same order.
    pub fn iter(&self) -> impl Iterator<Item = (K, &V)> {
        self.slots
            .iter()
            .map(|(index, (generation, value))| (K::pack(index as u32, *generation), value))
    }

    /// In slot order.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (K, &mut V)> {
        self.slots
            .iter_mut()
            .map(|(index, (generation, value))| (K::pack(index as u32, *generation), value))
    }

    /// The value in a slot, whoever is in it by now.
    pub fn in_slot(&self, slot: u32) -> Option<(K, &V)> {
        let (generation, value) = self.slots.get(slot as usize)?;
        Some((K::pack(slot, *generation), value))
    }

    /// The first value at or after a slot: what a long answer goes on from after a pause, however
    /// the arena has changed meanwhile.
    pub fn from_slot(&self, slot: u32) -> Option<(K, &V)> {
        // Slots are dense enough for a linear look: the last one that was left is taken first.
        let end = self.slots.capacity() as u32;
        (slot..end).find_map(|slot| self.in_slot(slot))
    }
}

impl<K: Id, V> ops::Index<K> for Arena<K, V> {
    type Output = V;

    #[track_caller]
    #[expect(
        clippy::panic,
        reason = "an id held by the state graph is live, or the graph is broken"
    )]
    fn index(&self, id: K) -> &V {
        match self.get(id) {
            Some(value) => value,
            None => panic!("stale id"),
        }
    }
}

impl<K: Id, V> ops::IndexMut<K> for Arena<K, V> {
    #[track_caller]
    #[expect(
        clippy::panic,
        reason = "an id held by the state graph is live, or the graph is broken"
    )]
    fn index_mut(&mut self, id: K) -> &mut V {
        match self.get_mut(id) {
            Some(value) => value,
            None => panic!("stale id"),
        }
    }
}

/// What another layer knows about the objects of an arena, by the same ids.
#[derive(Debug)]
pub struct Side<K, V> {
    slots: Vec<Option<(u32, V)>>,
    key: PhantomData<fn() -> K>,
}

impl<K, V> Default for Side<K, V> {
    fn default() -> Self {
        Self { slots: Vec::new(), key: PhantomData }
    }
}

impl<K: Id, V> Side<K, V> {
    /// Stores what is known about `id`, in place of what was known before.
    pub fn insert(&mut self, id: K, value: V) {
        let index = id.index() as usize;
        if self.slots.len() <= index {
            self.slots.resize_with(index + 1, || None);
        }
        if let Some(slot) = self.slots.get_mut(index) {
            *slot = Some((id.generation(), value));
        }
    }

    /// Forgets `id`.
    pub fn remove(&mut self, id: K) -> Option<V> {
        let slot = self.slots.get_mut(id.index() as usize)?;
        match slot {
            Some((generation, _)) if *generation == id.generation() => {
                slot.take().map(|slot| slot.1)
            }
            Some(_) | None => None,
        }
    }

    /// What is known about `id`.
    pub fn get(&self, id: K) -> Option<&V> {
        match self.slots.get(id.index() as usize)? {
            Some((generation, value)) if *generation == id.generation() => Some(value),
            Some(_) | None => None,
        }
    }

    /// What is known about `id`.
    pub fn get_mut(&mut self, id: K) -> Option<&mut V> {
        match self.slots.get_mut(id.index() as usize)? {
            Some((generation, value)) if *generation == id.generation() => Some(value),
            Some(_) | None => None,
        }
    }

    /// In slot order.
    pub fn iter(&self) -> impl Iterator<Item = (K, &V)> {
        self.slots.iter().enumerate().filter_map(|(index, slot)| {
            slot.as_ref().map(|(generation, value)| (K::pack(index as u32, *generation), value))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    id!(
        /// A key for the tests.
        TestId
    );

    #[test]
    fn a_reused_slot_has_a_new_name() {
        let mut arena: Arena<TestId, char> = Arena::default();
        let a = arena.insert('a');
        assert_eq!(arena.remove(a), Some('a'));
        let b = arena.insert('b');
        assert_eq!(a.index(), b.index());
        assert_eq!(arena.get(a), None);
        assert_eq!(arena.remove(a), None);
        assert_eq!(arena[b], 'b');
    }

    #[test]
    fn a_side_table_knows_a_stale_id() {
        let mut arena: Arena<TestId, char> = Arena::default();
        let mut side: Side<TestId, u8> = Side::default();
        let a = arena.insert('a');
        side.insert(a, 1);
        arena.remove(a);
        let b = arena.insert('b');
        assert_eq!(side.get(b), None);
        side.insert(b, 2);
        assert_eq!(side.get(a), None);
        assert_eq!(side.remove(a), None);
        assert_eq!(side.remove(b), Some(2));
    }

    #[test]
    fn a_walk_goes_on_where_it_stopped() {
        let mut arena: Arena<TestId, char> = Arena::default();
        let ids: Vec<TestId> = "abc".chars().map(|char| arena.insert(char)).collect();
        arena.remove(ids[1]);
        assert_eq!(arena.from_slot(1).map(|found| *found.1), Some('c'));
        assert_eq!(arena.from_slot(3).map(|found| *found.1), None);
    }
}
