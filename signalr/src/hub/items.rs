//! Values that live with a connection.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Values of any type that the application keeps with a connection, one per type: what `Context.Items` is to ASP.NET Core.
///
/// ```
/// # fn demo(ctx: &signalr::Context<Chat>) {
/// #[derive(Clone)]
/// struct Room(String);
///
/// ctx.items().insert(Room("lobby".into()));
/// let room = ctx.items().get::<Room>().map(|room| room.0);
/// # }
/// # struct Chat;
/// # #[signalr::hub] impl Chat {}
/// ```
#[derive(Default)]
pub struct Items(Mutex<Option<Box<TypeMap>>>);

type TypeMap = HashMap<TypeId, Box<dyn Any + Send>>;

impl Items {
    fn lock(&self) -> MutexGuard<'_, Option<Box<TypeMap>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a value and returns the one of the same type that was there before.
    pub fn insert<T: Send + 'static>(&self, value: T) -> Option<T> {
        let before = self.lock().get_or_insert_default().insert(TypeId::of::<T>(), Box::new(value));
        before.and_then(|before| before.downcast().ok()).map(|before| *before)
    }

    /// A clone of the value of that type.
    pub fn get<T: Clone + Send + 'static>(&self) -> Option<T> {
        self.lock().as_ref()?.get(&TypeId::of::<T>())?.downcast_ref().cloned()
    }

    /// Takes the value of that type away.
    pub fn remove<T: Send + 'static>(&self) -> Option<T> {
        self.lock().as_mut()?.remove(&TypeId::of::<T>())?.downcast().ok().map(|value| *value)
    }

    /// Runs `change` with the value of that type, which is made by `Default` if it is not there. The items are locked
    /// meanwhile: do not use them within `change`.
    pub fn with<T: Default + Send + 'static, R>(&self, change: impl FnOnce(&mut T) -> R) -> R {
        let mut items = self.lock();
        let value = items.get_or_insert_default().entry(TypeId::of::<T>()).or_insert_with(|| Box::<T>::default());
        match value.downcast_mut() {
            Some(value) => change(value),
            // Unreachable, as the key is the type; a fresh value is as good as any.
            None => change(&mut T::default()),
        }
    }
}

impl fmt::Debug for Items {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Items").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::Items;

    #[test]
    fn there_is_one_value_of_a_type() {
        let items = Items::default();
        assert_eq!(items.get::<u32>(), None);
        assert_eq!(items.insert(1u32), None);
        assert_eq!(items.insert(2u32), Some(1));
        items.with(|number: &mut u32| *number += 1);
        assert_eq!(items.get::<u32>(), Some(3));
        assert_eq!(items.remove::<u32>(), Some(3));
        assert_eq!(items.with(|text: &mut String| text.len()), 0);
    }
}
