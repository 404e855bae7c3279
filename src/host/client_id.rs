//! The client id of a token, with a memory of where its credential is.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// The consumer key a token was issued to.
///
/// It remembers where a directory keeps its credential, so that a verification compares one key instead of hashing
/// it. The memory is a hint: a directory checks it, and after a reload it mends itself.
#[derive(Clone)]
pub struct ClientId(Arc<Inner>);

struct Inner {
    text: Box<str>,
    hint: AtomicU32,
}

impl ClientId {
    /// Where the credential was last found.
    pub(crate) fn hint(&self) -> u32 {
        self.0.hint.load(Ordering::Relaxed)
    }

    /// Remembers where the credential is; written only when it has moved, so readers share no written line.
    pub(crate) fn remember(&self, at: u32) {
        self.0.hint.store(at, Ordering::Relaxed);
    }

    /// Where it is in memory.
    pub(crate) fn address(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
    }

    /// Whether two ids are one and the same in memory.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Deref for ClientId {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0.text
    }
}

impl<T: Into<Box<str>>> From<T> for ClientId {
    fn from(text: T) -> Self {
        Self(Arc::new(Inner { text: text.into(), hint: AtomicU32::new(0) }))
    }
}

impl PartialEq for ClientId {
    fn eq(&self, other: &Self) -> bool {
        self.is(other) || **self == **other
    }
}

impl Eq for ClientId {}

impl std::hash::Hash for ClientId {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        (**self).hash(state);
    }
}

impl std::borrow::Borrow<str> for ClientId {
    fn borrow(&self) -> &str {
        self
    }
}

/// Without the text: where an API key is all there is to know, it is that key.
impl fmt::Debug for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientId(..)")
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}
