//! What many JWT access tokens of one policy have in common, kept once: their grants and their headers.

use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwapOption;

use super::standing::Standing;
use crate::entity::Directory;
use crate::host::{AccessToken, TokenStatus};

/// What tokens of one client, scope and end user say alike. The record's times are nobody's.
pub(super) struct Grant {
    pub(super) record: Arc<AccessToken>,
    /// Its credential and products, once they were found out; its scope is judged each time.
    pub(super) standing: OnceLock<Standing>,
}

/// The latest grants, compared in full and replaced one by one, so that a new token of a client that was seen before
/// needs no memory of its own.
pub(super) struct Grants(Box<[ArcSwapOption<Grant>]>);

const GRANTS: usize = 256;

impl Grants {
    pub(super) fn new() -> Self {
        Self((0..GRANTS).map(|_| ArcSwapOption::empty()).collect())
    }

    /// The grant of a verified token.
    pub(super) fn find(
        &self,
        directory: &Directory,
        client_id: &str,
        scope: &str,
        end_user: Option<&str>,
    ) -> Arc<Grant> {
        // Which place a grant has is no secret, and two of one place only take turns.
        let user = end_user.unwrap_or_default();
        let end = |text: &str| text.as_bytes().last_chunk().map_or(0, |end| u32::from_le_bytes(*end));
        let mix = |sum: u64, text| (sum ^ u64::from(end(text))).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(32);
        let at = [client_id, scope, user].into_iter().fold((scope.len() + user.len()) as u64, mix);
        let place = self.0.get(at as usize % GRANTS);
        if let Some(known) = place.map(ArcSwapOption::load).as_ref().and_then(|known| known.as_ref()) {
            let record = &known.record;
            if *record.client_id == *client_id && *record.scope == *scope && record.end_user.as_deref() == end_user {
                return Arc::clone(known);
            }
        }
        let grant = Arc::new(Grant {
            record: Arc::new(record(directory, client_id, scope, end_user)),
            standing: OnceLock::new(),
        });
        if let Some(place) = place {
            place.store(Some(Arc::clone(&grant)));
        }
        grant
    }
}

#[cold]
fn record(directory: &Directory, client_id: &str, scope: &str, end_user: Option<&str>) -> AccessToken {
    let known = directory.find(client_id).and_then(|id| directory.credential(id));
    AccessToken {
        client_id: known.map_or_else(|| client_id.into(), |known| known.consumer_key().clone()),
        scope: scope.into(),
        // A token does not tell which grant produced it.
        grant_type: Arc::default(),
        status: TokenStatus::Approved,
        issued_at_ms: 0,
        expires_at_ms: None,
        api_products: Arc::default(),
        end_user: end_user.map(Arc::from),
        attributes: Arc::default(),
        refresh_count: 0,
        paired: None,
    }
}

/// The texts of headers that were found in order, as whole tokens were verified with them: issuers have few.
#[derive(Default)]
pub(super) struct Headers([OnceLock<Box<[u8]>>; 4]);

impl Headers {
    #[inline]
    pub(super) fn has(&self, text: &[u8]) -> bool {
        self.0.iter().map_while(OnceLock::get).any(|known| **known == *text)
    }

    /// Notes a header while there is a place for it.
    pub(super) fn note(&self, text: &[u8]) {
        for place in &self.0 {
            if place.get_or_init(|| text.into()).as_ref() == text {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_kept_until_the_places_are_taken() {
        let headers = Headers::default();
        for text in ["a", "b", "a", "c", "d", "e"] {
            headers.note(text.as_bytes());
        }
        assert_eq!(["a", "b", "c", "d", "e"].map(|text| headers.has(text.as_bytes())), [true, true, true, true, false]);
    }

    #[test]
    fn a_grant_is_the_same_only_with_everything_in_it() {
        let mut findings = crate::diagnostic::Diagnostics::new();
        let entities = crate::entity::Entities::from_json("entities.json", b"{}").unwrap();
        let rules = crate::entity::PathRules::APIGEE;
        let directory = Directory::build(entities, &["orders"], "test", rules, &mut findings).unwrap();
        let grants = Grants::new();
        let find = |client: &str, scope: &str, user: Option<&str>| grants.find(&directory, client, scope, user);
        let first = find("client-1", "READ", None);
        assert!(Arc::ptr_eq(&first, &find("client-1", "READ", None)));
        for (client, scope, user) in [
            ("client-2", "READ", None),
            ("another-client-1", "READ", None),
            ("client-1", "XREAD", None),
            ("client-1", "READ", Some("")),
        ] {
            let other = find(client, scope, user);
            assert!(!Arc::ptr_eq(&first, &other), "{client} {scope} {user:?}");
            let record = &other.record;
            assert_eq!((&*record.client_id, &*record.scope, record.end_user.as_deref()), (client, scope, user));
        }
    }
}
