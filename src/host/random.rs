//! Secure random bytes.

use ring::rand::SecureRandom;

use super::HostFailure;

/// Fills buffers with bytes nobody can guess.
///
/// # Security
/// Access tokens are made of it: bytes that can be guessed are tokens that can be guessed.
pub trait Random: Send + Sync {
    /// Fills the whole buffer.
    ///
    /// # Errors
    /// When no bytes can be had; the request ends in a fault.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), HostFailure>;
}

/// The operating system's randomness.
#[derive(Clone, Debug)]
pub struct SystemRandom(ring::rand::SystemRandom);

impl Default for SystemRandom {
    fn default() -> Self {
        Self::new()
    }
}

impl SystemRandom {
    /// The operating system's randomness.
    pub fn new() -> Self {
        Self(ring::rand::SystemRandom::new())
    }
}

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), HostFailure> {
        self.0.fill(bytes).map_err(|_| HostFailure)
    }
}
