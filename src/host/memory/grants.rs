//! What many tokens have in common, kept once: client, scope, grant type, products.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::host::AccessToken;

/// The number of a grant in its store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GrantId(pub(in crate::host) u32);

impl GrantId {
    #[inline]
    pub(crate) fn number(self) -> usize {
        self.0 as usize
    }

    #[cfg(test)]
    pub(crate) fn numbered(number: u32) -> Self {
        Self(number)
    }
}

/// Blocks of 1, 2, 4, ... grants.
const BLOCKS: usize = 26;

/// Grants by number, only ever added, so that reading one needs neither lock nor count.
///
/// There are as many as clients ask for different scopes, not as many as tokens; beyond a limit no more are kept.
pub(super) struct Grants {
    blocks: [OnceLock<Block>; BLOCKS],
    /// The numbers of the grants, for who adds one.
    numbers: Mutex<Numbers>,
    most: usize,
}

/// The numbers of all grants, and those asked for last, which are found by where their parts are in memory.
struct Numbers {
    all: HashMap<Grant, GrantId>,
    recent: [Option<(Grant, GrantId)>; RECENT],
}

const RECENT: usize = 64;

type Block = Box<[OnceLock<Arc<AccessToken>>]>;

/// A token without what distinguishes it from others of its grant.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Grant {
    client_id: crate::host::ClientId,
    scope: Arc<str>,
    grant_type: Arc<str>,
    api_products: Arc<[Arc<str>]>,
}

impl Grants {
    pub(super) fn new(most: usize) -> Self {
        Self { blocks: [const { OnceLock::new() }; BLOCKS], numbers: Mutex::new(Numbers::new()), most }
    }

    /// A grant; its status, times and count of refreshes mean nothing.
    #[inline]
    pub(super) fn get(&self, id: GrantId) -> Option<&Arc<AccessToken>> {
        let number = id.0.saturating_add(1);
        let block = number.ilog2();
        self.blocks.get(block as usize)?.get()?.get((number - (1 << block)) as usize)?.get()
    }

    /// The number of a token's grant; none when too many are known.
    pub(super) fn intern(&self, token: &Arc<AccessToken>) -> Option<GrantId> {
        let mut numbers = self.numbers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(id) = numbers.find(token) {
            return Some(id);
        }
        let grant = Grant {
            client_id: token.client_id.clone(),
            scope: Arc::clone(&token.scope),
            grant_type: Arc::clone(&token.grant_type),
            api_products: Arc::clone(&token.api_products),
        };
        let id = match numbers.all.get(&grant) {
            Some(id) => *id,
            None => self.add(&mut numbers, token, grant.clone())?,
        };
        numbers.remember(grant, id);
        Some(id)
    }

    /// Keeps a grant that is new.
    fn add(&self, numbers: &mut Numbers, token: &Arc<AccessToken>, grant: Grant) -> Option<GrantId> {
        let id = GrantId(u32::try_from(numbers.all.len()).ok().filter(|id| (*id as usize) < self.most)?);
        let number = id.0 + 1;
        let block = number.ilog2();
        let grants = self.blocks.get(block as usize)?;
        let grants = grants.get_or_init(|| (0..1usize << block).map(|_| OnceLock::new()).collect());
        grants.get((number - (1 << block)) as usize)?.get_or_init(|| Arc::clone(token));
        numbers.all.insert(grant, id);
        Some(id)
    }
}

impl Numbers {
    fn new() -> Self {
        Self { all: HashMap::new(), recent: [const { None }; RECENT] }
    }

    /// The number of a token's grant if one of the same parts was asked for lately.
    ///
    /// Whoever issues tokens shares the parts of a grant among them, so that nothing needs to be hashed or compared.
    fn find(&self, token: &AccessToken) -> Option<GrantId> {
        let (grant, id) = self.recent.get(place(&token.client_id, &token.scope))?.as_ref()?;
        let is_same = grant.client_id.is(&token.client_id)
            && Arc::ptr_eq(&grant.scope, &token.scope)
            && Arc::ptr_eq(&grant.grant_type, &token.grant_type)
            && Arc::ptr_eq(&grant.api_products, &token.api_products);
        is_same.then_some(*id)
    }

    fn remember(&mut self, grant: Grant, id: GrantId) {
        if let Some(place) = self.recent.get_mut(place(&grant.client_id, &grant.scope)) {
            *place = Some((grant, id));
        }
    }
}

/// The place among the recent ones of a grant to a client.
fn place(client: &crate::host::ClientId, scope: &Arc<str>) -> usize {
    let scope: *const u8 = Arc::as_ptr(scope).cast();
    // Addresses are multiples of the alignment.
    ((client.address() / 16) ^ (scope.addr() / 32)) % RECENT
}
