//! SemanticCacheLookup: answers a prompt with the response to a similar one.

use super::PolicySyntax;
use super::common::ValueOrRef;
use super::shape::shape;
use crate::diagnostic::{Diagnostic, Diagnostics, Spanned};
use crate::xml::Element;

shape! {
    /// `<SemanticCacheLookup>` as its document says it.
    pub struct SemanticCacheLookup {
        /// `<UserPromptSource>`: the prompt, a template; where Gemini has it when absent.
        child "UserPromptSource" user_prompt_source: Option<Spanned<String>>,
        /// `<Embeddings>`: what turns the prompt into a vector.
        child "Embeddings" embeddings: Embeddings,
        /// `<SimilaritySearch>`: what finds similar vectors.
        child "SimilaritySearch" similarity_search: SimilaritySearch,
        /// `<IgnoreUnresolvedVariables>`: whether an unresolved variable reads as empty text.
        child "IgnoreUnresolvedVariables" ignore_unresolved_variables: bool = false,
    }
}

shape! {
    /// `<Embeddings>` of a [`SemanticCacheLookup`].
    pub struct Embeddings {
        /// `<VertexAI>`: Google's service.
        child "VertexAI" vertex_ai: VertexEmbeddings,
    }
}

shape! {
    /// `<VertexAI>` of [`Embeddings`].
    pub struct VertexEmbeddings {
        /// `<URL>`: the model, a template.
        child "URL" url: Spanned<String>,
    }
}

shape! {
    /// `<SimilaritySearch>`, where the vectors are.
    pub struct SimilaritySearch {
        /// `<VertexAI>`: Google's service.
        child "VertexAI" vertex_ai: VertexSearch,
    }
}

shape! {
    /// `<VertexAI>` of a [`SimilaritySearch`].
    pub struct VertexSearch {
        /// `<URL>`: the index, a template.
        child "URL" url: Spanned<String>,
        /// `<DeployedIndexID>`: which of the deployed indexes; for lookups.
        child "DeployedIndexID" deployed_index_id: Option<Spanned<String>>,
        /// `<Threshold>`: how similar is similar enough, from 0 to 1; for lookups.
        child "Threshold" threshold: Option<ValueOrRef>,
        /// `<DistanceMeasureType>`: how similarity is measured, such as `DOT_PRODUCT_DISTANCE`.
        child "DistanceMeasureType" distance_measure_type: Option<Spanned<String>>,
    }
}

impl PolicySyntax for SemanticCacheLookup {
    const ELEMENT: &'static str = "SemanticCacheLookup";

    fn check(&self, root: Element<'_>, d: &mut Diagnostics) {
        let threshold = self.similarity_search.vertex_ai.threshold.as_ref().and_then(|value| value.text.as_ref());
        if let Some(threshold) = threshold
            && !threshold.parse::<f64>().is_ok_and(|number| (0.0..=1.0).contains(&number))
        {
            // No document says that it refuses a deployment, and samples leave a word to be replaced there.
            let message = format!("the threshold `{}` is no number from 0 to 1", threshold.value);
            let finding = Diagnostic::warning("semantic-cache::threshold", message);
            d.push(finding.at(root.source(), threshold.span));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::policy::tests::codes;

    #[test]
    fn a_lookup_has_a_model_and_an_index() {
        let model = "<Embeddings><VertexAI><URL>https://{host}/m:predict</URL></VertexAI></Embeddings>";
        let index = |more| format!("<SimilaritySearch><VertexAI><URL>u</URL>{more}</VertexAI></SimilaritySearch>");
        for (inside, want) in [
            (format!("{model}{}", index("<DeployedIndexID>i</DeployedIndexID>")), &[][..]),
            (format!("{model}{}", index("<Threshold ref='t'>0.95</Threshold>")), &[]),
            (format!("{model}{}", index("<Threshold>95</Threshold>")), &["semantic-cache::threshold"]),
            (model.to_owned(), &["xml::missing-element"]),
            (index(""), &["xml::missing-element"]),
            (format!("{model}<SimilaritySearch><VertexAI/></SimilaritySearch>"), &["xml::missing-element"]),
        ] {
            assert_eq!(codes(&format!("<SemanticCacheLookup>{inside}</SemanticCacheLookup>")), want, "{inside}");
        }
    }
}
