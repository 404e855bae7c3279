//! GraphQL: reads a GraphQL request into variables, and bounds it.

use super::PolicySyntax;
use super::shape::{shape, words};
use crate::diagnostic::Spanned;

shape! {
    /// `<GraphQL>` as its document says it.
    pub struct GraphQl {
        /// `<Source>`: the message; the request when absent.
        child "Source" source: Option<Spanned<String>>,
        /// `<OperationType>`: what may be asked for.
        child "OperationType" operation_type: OperationType = OperationType::Query,
        /// `<MaxDepth>`: the deepest nesting of a query; 10 when absent.
        child "MaxDepth" max_depth: Option<i64>,
        /// `<MaxCount>`: the most fragments; 10 when absent.
        child "MaxCount" max_count: Option<i64>,
        /// `<MaxPayloadSizeInBytes>`: the largest body.
        child "MaxPayloadSizeInBytes" max_payload_size_in_bytes: Option<i64>,
        /// `<Action>`: what is done.
        child "Action" action: GraphQlAction = GraphQlAction::Parse,
        /// `<ResourceURL>`: the schema, `graphql://` and its name.
        child "ResourceURL" resource_url: Option<Spanned<String>>,
    }
}

words! {
    /// What may be asked for.
    pub enum OperationType: any_case {
        /// Queries.
        Query = "query",
        /// Mutations.
        Mutation = "mutation",
        /// Both.
        QueryMutation = "query_mutation",
    }
}

words! {
    /// What is done with a request.
    pub enum GraphQlAction: any_case {
        /// It is read into variables.
        Parse = "parse",
        /// It is checked against the schema.
        Verify = "verify",
        /// Both.
        ParseVerify = "parse_verify",
    }
}

impl PolicySyntax for GraphQl {
    const ELEMENT: &'static str = "GraphQL";
}

#[cfg(test)]
mod tests {
    use crate::policy::tests::codes;

    #[test]
    fn words_and_numbers_are_read() {
        for (inside, want) in [
            ("", &[][..]),
            ("<OperationType>query_mutation</OperationType><Action>Parse_Verify</Action><MaxDepth>4</MaxDepth>", &[]),
            ("<OperationType>subscription</OperationType>", &["policy::unknown-word"]),
            ("<MaxCount>ten</MaxCount>", &["xml::not-an-integer"]),
        ] {
            assert_eq!(codes(&format!("<GraphQL>{inside}</GraphQL>")), want, "{inside}");
        }
    }
}
