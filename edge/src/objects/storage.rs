//! What an object keeps, by name.

use worker::{Date, DateInit, Result, ScheduledTime, State};

/// Keeps texts under names. Nothing else runs in an object while it reads or writes.
pub(crate) trait Storage {
    /// The text of that name.
    async fn get(&self, name: &str) -> Result<Option<String>>;
    /// Keeps a text under that name.
    async fn put(&self, name: &str, text: &str) -> Result<()>;
    /// Wakes the object at that time, Unix milliseconds.
    async fn wake_at(&self, at: i64) -> Result<()>;
    /// Deletes everything.
    async fn clear(&self) -> Result<()>;
}

impl Storage for State {
    async fn get(&self, name: &str) -> Result<Option<String>> {
        self.storage().get(name).await
    }

    async fn put(&self, name: &str, text: &str) -> Result<()> {
        self.storage().put(name, text).await
    }

    async fn wake_at(&self, at: i64) -> Result<()> {
        let at = Date::new(DateInit::Millis(at.unsigned_abs()));
        self.storage().set_alarm(ScheduledTime::new(at.into())).await
    }

    async fn clear(&self) -> Result<()> {
        self.storage().delete_alarm().await?;
        self.storage().delete_all().await
    }
}

#[cfg(test)]
pub(crate) mod memory {
    use std::cell::RefCell;
    use std::collections::BTreeMap;

    use super::{Result, Storage};

    /// Keeps everything in memory, and a copy of all that was ever kept.
    #[derive(Default)]
    pub(crate) struct Memory {
        pub(crate) kept: RefCell<BTreeMap<String, String>>,
        pub(crate) ever: RefCell<Vec<(String, String)>>,
        pub(crate) alarm: RefCell<Option<i64>>,
    }

    impl Storage for Memory {
        async fn get(&self, name: &str) -> Result<Option<String>> {
            Ok(self.kept.borrow().get(name).cloned())
        }

        async fn put(&self, name: &str, text: &str) -> Result<()> {
            self.kept.borrow_mut().insert(name.to_owned(), text.to_owned());
            self.ever.borrow_mut().push((name.to_owned(), text.to_owned()));
            Ok(())
        }

        async fn wake_at(&self, at: i64) -> Result<()> {
            *self.alarm.borrow_mut() = Some(at);
            Ok(())
        }

        async fn clear(&self) -> Result<()> {
            self.kept.borrow_mut().clear();
            *self.alarm.borrow_mut() = None;
            Ok(())
        }
    }
}
