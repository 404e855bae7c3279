//! The time of day, in milliseconds of the Unix epoch.

use super::HostFailure;

/// Tells the time.
///
/// # Security
/// Tokens live and die by it. A clock that runs behind keeps expired tokens alive; one that cannot tell should fail.
pub trait Clock: Send + Sync {
    /// Milliseconds since the Unix epoch.
    ///
    /// # Errors
    /// When the time cannot be told; the request ends in a fault.
    fn now_ms(&self) -> Result<i64, HostFailure>;
}

/// The operating system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place where the library reads a clock, chosen by the embedder"
    )]
    fn now_ms(&self) -> Result<i64, HostFailure> {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_err(|_| HostFailure)?;
        i64::try_from(since.as_millis()).map_err(|_| HostFailure)
    }
}

/// A clock that stands still, for tests.
#[derive(Clone, Copy, Debug)]
pub struct FixedClock(
    /// Milliseconds since the Unix epoch.
    pub i64,
);

impl Clock for FixedClock {
    fn now_ms(&self) -> Result<i64, HostFailure> {
        Ok(self.0)
    }
}

impl<F: Fn() -> Result<i64, HostFailure> + Send + Sync> Clock for F {
    fn now_ms(&self) -> Result<i64, HostFailure> {
        self()
    }
}
