//! When AssignMessage and its kin do nothing at all.
//!
//! The vendors document that an edit which makes no sense for its message is skipped in silence, not a fault. The edits
//! themselves do not ask; a policy asks [`applies`] first.

use http::Method;
use serde::Serialize;

use super::MessageRef;

/// What a policy does to a part of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Appends values.
    Add,
    /// Takes values from another message.
    Copy,
    /// Deletes values.
    Remove,
    /// Overwrites or creates values.
    Set,
}

/// A part of a message that a policy edits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum Part {
    /// Headers.
    Headers,
    /// Query parameters.
    QueryParams,
    /// Form parameters.
    FormParams,
    /// The body.
    Payload,
    /// The path.
    Path,
    /// The method.
    Verb,
    /// The HTTP version.
    Version,
    /// The status code.
    StatusCode,
    /// The reason phrase.
    ReasonPhrase,
}

/// Whose list of methods holds for query parameters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum QueryVerbs {
    /// Apigee: add and remove for GET, POST, PATCH and DELETE; set and copy for PUT too.
    #[default]
    Apigee,
    /// SAP: GET only.
    Sap,
}

/// Whether an action has an effect on a part of the destination; `source` is the other message of a copy.
pub fn applies(
    action: Action,
    part: Part,
    destination: MessageRef<'_>,
    source: Option<MessageRef<'_>>,
    verbs: QueryVerbs,
) -> bool {
    let verb = destination.request().map(http::Request::method);
    let same_kind = source.is_none_or(|source| source.request().is_some() == verb.is_some());
    match part {
        Part::Headers | Part::Payload => true,
        Part::StatusCode | Part::ReasonPhrase => verb.is_none() && same_kind,
        Part::Path | Part::Verb | Part::Version => verb.is_some() && same_kind,
        Part::QueryParams => same_kind && verb.is_some_and(|verb| takes_query(action, verb, verbs)),
        Part::FormParams => same_kind && verb.is_some_and(|verb| takes_form(action, verb, destination, source)),
    }
}

fn takes_query(action: Action, verb: &Method, verbs: QueryVerbs) -> bool {
    match verbs {
        QueryVerbs::Sap => *verb == Method::GET,
        QueryVerbs::Apigee => {
            [Method::GET, Method::POST, Method::PATCH, Method::DELETE].contains(verb)
                || (*verb == Method::PUT && matches!(action, Action::Set | Action::Copy))
        }
    }
}

fn takes_form(action: Action, verb: &Method, destination: MessageRef<'_>, source: Option<MessageRef<'_>>) -> bool {
    match action {
        Action::Add | Action::Set => *verb == Method::POST,
        Action::Copy => {
            (*verb == Method::POST || *verb == Method::PUT) && source.is_none_or(|source| source.form().is_some())
        }
        Action::Remove => destination.form().is_some(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use http::{Request, Response};

    #[test]
    fn parts_by_kind_of_message() {
        let request = Request::new(Bytes::new());
        let response = Response::new(Bytes::new());
        for (part, on_request, on_response) in [
            (Part::Headers, true, true),
            (Part::Payload, true, true),
            (Part::QueryParams, true, false),
            (Part::FormParams, false, false),
            (Part::Path, true, false),
            (Part::Verb, true, false),
            (Part::Version, true, false),
            (Part::StatusCode, false, true),
            (Part::ReasonPhrase, false, true),
        ] {
            let (request, response) = (MessageRef::from(&request), MessageRef::from(&response));
            assert_eq!(applies(Action::Set, part, request, None, QueryVerbs::Apigee), on_request, "{part:?}");
            assert_eq!(applies(Action::Set, part, response, None, QueryVerbs::Apigee), on_response, "{part:?}");
            let between_kinds = matches!(part, Part::Headers | Part::Payload);
            assert_eq!(
                applies(Action::Copy, part, request, Some(response), QueryVerbs::Apigee),
                between_kinds,
                "{part:?}"
            );
            assert_eq!(
                applies(Action::Copy, part, response, Some(request), QueryVerbs::Apigee),
                between_kinds,
                "{part:?}"
            );
        }
    }

    #[test]
    fn parameters_by_method() {
        use Action::{Add, Copy, Remove, Set};
        let form = |method: &str| {
            Request::builder()
                .method(method)
                .header("content-type", "application/x-www-form-urlencoded")
                .body(Bytes::new())
                .unwrap()
        };
        let source = form("POST");
        let plain = Request::builder().method("POST").body(Bytes::new()).unwrap();
        // method, then the actions that reach the query (Apigee), the query (SAP) and the form.
        for (method, query, sap, forms) in [
            ("GET", &[Add, Copy, Remove, Set][..], &[Add, Copy, Remove, Set][..], &[Remove][..]),
            ("POST", &[Add, Copy, Remove, Set], &[], &[Add, Copy, Remove, Set]),
            ("PUT", &[Copy, Set], &[], &[Copy, Remove]),
            ("PATCH", &[Add, Copy, Remove, Set], &[], &[Remove]),
            ("DELETE", &[Add, Copy, Remove, Set], &[], &[Remove]),
            ("HEAD", &[], &[], &[Remove]),
            ("OPTIONS", &[], &[], &[Remove]),
        ] {
            let request = form(method);
            let request = MessageRef::from(&request);
            for action in [Add, Copy, Remove, Set] {
                let from = (action == Copy).then_some(MessageRef::from(&source));
                assert_eq!(
                    applies(action, Part::QueryParams, request, from, QueryVerbs::Apigee),
                    query.contains(&action),
                    "{method} {action:?}"
                );
                assert_eq!(
                    applies(action, Part::QueryParams, request, from, QueryVerbs::Sap),
                    sap.contains(&action),
                    "{method} {action:?}"
                );
                assert_eq!(
                    applies(action, Part::FormParams, request, from, QueryVerbs::Apigee),
                    forms.contains(&action),
                    "{method} {action:?}"
                );
            }
        }
        let (plain, source) = (MessageRef::from(&plain), MessageRef::from(&source));
        assert!(!applies(Copy, Part::FormParams, source, Some(plain), QueryVerbs::Apigee));
        assert!(applies(Copy, Part::FormParams, plain, Some(source), QueryVerbs::Apigee));
        assert!(!applies(Remove, Part::FormParams, plain, None, QueryVerbs::Apigee));
    }
}
