//! SemanticCachePopulate: keeps the response to a prompt for similar ones.

use super::PolicySyntax;
use super::common::ValueOrRef;
use super::semantic_cache_lookup::SimilaritySearch;
use super::shape::shape;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::xml::Element;

shape! {
    /// `<SemanticCachePopulate>` as its document says it.
    pub struct SemanticCachePopulate {
        /// `<SimilaritySearch>`: where the vector of the prompt is kept.
        child "SimilaritySearch" similarity_search: SimilaritySearch,
        /// `<TTLInSeconds>`: how long the response is kept.
        child "TTLInSeconds" ttl_in_seconds: Option<ValueOrRef>,
        /// `<IgnoreUnresolvedVariables>`: whether an unresolved variable reads as empty text.
        child "IgnoreUnresolvedVariables" ignore_unresolved_variables: bool = false,
    }
}

impl PolicySyntax for SemanticCachePopulate {
    const ELEMENT: &'static str = "SemanticCachePopulate";

    fn check(&self, root: Element<'_>, d: &mut Diagnostics) {
        if let Some(ttl) = self.ttl_in_seconds.as_ref().and_then(|value| value.text.as_ref())
            && ttl.parse::<u64>().is_err()
        {
            // No document says that it refuses a deployment, and samples leave a word to be replaced there.
            let message = format!("`TTLInSeconds` is `{}`, which is no number of seconds", ttl.value);
            d.push(Diagnostic::warning("semantic-cache::ttl", message).at(root.source(), ttl.span));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::policy::tests::codes;

    #[test]
    fn a_response_is_kept_for_a_time() {
        let index = "<SimilaritySearch><VertexAI><URL>u</URL></VertexAI></SimilaritySearch>";
        for (inside, want) in [
            (format!("{index}<TTLInSeconds>60</TTLInSeconds>"), &[][..]),
            (format!("{index}<TTLInSeconds ref='t'/>"), &[]),
            (format!("{index}<TTLInSeconds>A_WHILE</TTLInSeconds>"), &["semantic-cache::ttl"]),
            (String::new(), &["xml::missing-element"]),
        ] {
            assert_eq!(codes(&format!("<SemanticCachePopulate>{inside}</SemanticCachePopulate>")), want, "{inside}");
        }
    }
}
