//! What a grant amounts to under one policy, remembered: it follows from things that never change.
//!
//! A grant is kept as it was issued, and a policy and its directory live and end together. Which credential the grant
//! belongs to, which of its products were recorded and whether its scope suffices are therefore found out once. What
//! does change is never remembered: status, expiry, the credential's state and the call are judged each time.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::entity::CredentialId;
use crate::host::GrantId;

/// The facts about a grant, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Standing(u64);

/// How many products of a credential have a bit of their own.
pub(super) const PRODUCTS: usize = 29;

const KNOWN: u64 = 1 << 63;
const SCOPE: u64 = 1 << 62;
const EXISTS: u64 = 1 << 61;
const MASK: u64 = (1 << PRODUCTS) - 1;

impl Standing {
    /// `products` has a bit for each of the credential's first products that the token may use.
    pub(super) fn new(credential: CredentialId, products: u64, product_exists: bool, scope_suffices: bool) -> Self {
        let scope = if scope_suffices { SCOPE } else { 0 };
        let exists = if product_exists { EXISTS } else { 0 };
        Self(KNOWN | scope | exists | (products & MASK) << 32 | u64::from(credential.0))
    }

    /// Whether one of the token's products exists, so that it is the call that is not admitted.
    #[inline]
    pub(super) fn product_exists(self) -> bool {
        self.0 & EXISTS != 0
    }

    #[inline]
    pub(super) fn credential(self) -> CredentialId {
        #[expect(clippy::cast_possible_truncation, reason = "the low half is wanted")]
        CredentialId(self.0 as u32)
    }

    /// Whether the token may use a product, by its place among the credential's; unknown beyond the first products.
    #[inline]
    pub(super) fn may_use(self, place: usize) -> Option<bool> {
        (place < PRODUCTS).then(|| self.0 >> (32 + place) & 1 == 1)
    }

    /// The same, with the scope judged anew.
    #[inline]
    pub(super) fn with_scope(self, suffices: bool) -> Self {
        Self(if suffices { self.0 | SCOPE } else { self.0 & !SCOPE })
    }

    #[inline]
    pub(super) fn scope_suffices(self) -> bool {
        self.0 & SCOPE != 0
    }
}

const BLOCK: usize = 256;
const BLOCKS: usize = 64;

/// The standings of the first grants of a store, by their numbers.
pub(super) struct Standings {
    blocks: Box<[OnceLock<Box<[AtomicU64; BLOCK]>>; BLOCKS]>,
}

impl Standings {
    pub(super) fn new() -> Self {
        Self { blocks: Box::new([const { OnceLock::new() }; BLOCKS]) }
    }

    #[inline]
    pub(super) fn get(&self, grant: GrantId) -> Option<Standing> {
        let number = grant.number();
        let word = self.blocks.get(number / BLOCK)?.get()?.get(number % BLOCK)?.load(Ordering::Relaxed);
        (word & KNOWN != 0).then_some(Standing(word))
    }

    /// Remembers what was found out. Two who find it out at once find the same.
    pub(super) fn note(&self, grant: GrantId, standing: Standing) {
        let number = grant.number();
        let Some(block) = self.blocks.get(number / BLOCK) else { return };
        let words = block.get_or_init(|| Box::new([const { AtomicU64::new(0) }; BLOCK]));
        if let Some(word) = words.get(number % BLOCK) {
            word.store(standing.0, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_noted_is_found_again() {
        let standing = Standing::new(CredentialId(u32::MAX), 0b101 | 1 << PRODUCTS, false, true);
        assert_eq!(standing.credential(), CredentialId(u32::MAX));
        assert_eq!([0, 1, 2, PRODUCTS - 1].map(|at| standing.may_use(at)), [true, false, true, false].map(Some));
        assert_eq!(standing.may_use(PRODUCTS), None);
        assert!(standing.scope_suffices() && !standing.product_exists());
        let other = Standing::new(CredentialId(1), 0, true, false);
        assert!(!other.scope_suffices() && other.product_exists());

        let standings = Standings::new();
        let last = BLOCK * BLOCKS - 1;
        for number in [0, BLOCK, last] {
            let grant = GrantId::numbered(number as u32);
            assert_eq!(standings.get(grant), None);
            standings.note(grant, standing);
            assert_eq!(standings.get(grant), Some(standing));
        }
        let beyond = GrantId::numbered(last as u32 + 1);
        standings.note(beyond, standing);
        assert_eq!(standings.get(beyond), None);
    }
}
