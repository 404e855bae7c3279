//! What was observed against what the case wants, and the two ways of running it against each other.

use bytes::Bytes;
use http::HeaderMap;
use serde_json::{Map, Value};

use crate::format::{Want, WantMessage};
use crate::observe::{Message, Observed};

/// A scalar as text; everything else as JSON.
pub(crate) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// What differs from what the case wants, a sentence each.
pub(crate) fn failures(observed: &Observed, want: &Want) -> Vec<String> {
    let mut failures = Failures(Vec::new());
    if observed.surprised && want.target.is_none() {
        failures.0.push("the target was called, and the case has no `target`".into());
    }
    if let Some(decision) = want.decision {
        failures.equal("decision", decision.as_str(), observed.decision.as_str());
    }
    if let Some(fault) = &want.fault {
        failures.equal("fault", fault, observed.fault.as_deref().unwrap_or("none"));
    }
    let looks_at_response =
        want.status.is_some() || !want.headers.is_empty() || want.body.is_some() || want.json.is_some();
    match &observed.response {
        Some(response) => {
            if let Some(status) = want.status {
                failures.equal("status", &status.to_string(), &response.status.to_string());
            }
            failures.headers("", &want.headers, &response.headers);
            failures.body("", want.body.as_deref(), want.json.as_ref(), &response.body);
        }
        None if looks_at_response => failures.0.push("there is no response: the request may go on".into()),
        None => {}
    }
    if let Some(target) = &want.target {
        match (target.called.unwrap_or(true), &observed.target) {
            (true, Some(message)) => failures.message("target.", target, message),
            (true, None) => failures.0.push("the target was not called".into()),
            (false, Some(message)) => failures.0.push(format!("the target was called: `{}`", message.url)),
            (false, None) => {}
        }
    }
    if let Some(request) = &want.request {
        failures.message("request.", request, &observed.request);
    }
    for ((name, want), found) in want.variables.iter().zip(&observed.wanted) {
        match (want, found) {
            (Value::Null, None) => {}
            (Value::Null, Some(found)) => {
                failures.0.push(format!("variable `{name}`: want it unresolved, found `{found}`"))
            }
            (want, None) => failures.0.push(format!("variable `{name}`: want `{}`, found it unresolved", text(want))),
            (want, Some(found)) => failures.equal(&format!("variable `{name}`"), &text(want), found),
        }
    }
    failures.0
}

/// How the two ways of running a request differ.
pub(crate) fn differences(inline: &Observed, deferred: &Observed) -> Vec<String> {
    let mut failures = Failures(Vec::new());
    let mut same = |what: &str, same: bool, inline: String, deferred: String| {
        if !same {
            failures.0.push(format!("{what} differs: `{inline}` inline, `{deferred}` deferred"));
        }
    };
    let debug = |value: &dyn std::fmt::Debug| format!("{value:?}");
    same("decision", inline.decision == deferred.decision, debug(&inline.decision), debug(&deferred.decision));
    same("fault", inline.fault == deferred.fault, debug(&inline.fault), debug(&deferred.fault));
    same("response", inline.response == deferred.response, debug(&inline.response), debug(&deferred.response));
    same("request", inline.request == deferred.request, debug(&inline.request), debug(&deferred.request));
    same("target call", inline.target == deferred.target, debug(&inline.target), debug(&deferred.target));
    same("variables asked for", inline.wanted == deferred.wanted, debug(&inline.wanted), debug(&deferred.wanted));
    let only = |these: &Observed, those: &Observed| {
        let missing = these.variables.iter().filter(|variable| !those.variables.contains(variable));
        debug(&missing.collect::<Vec<_>>())
    };
    let (ours, theirs) = (only(inline, deferred), only(deferred, inline));
    same("variables", inline.variables == deferred.variables, ours, theirs);
    failures.0
}

struct Failures(Vec<String>);

impl Failures {
    fn equal(&mut self, what: &str, want: &str, found: &str) {
        if want != found {
            self.0.push(format!("{what}: want `{want}`, found `{found}`"));
        }
    }

    fn message(&mut self, at: &str, want: &WantMessage, found: &Message) {
        for (what, want, found) in
            [("method", &want.method, &found.method), ("url", &want.url, &found.url), ("path", &want.path, &found.path)]
        {
            if let Some(want) = want {
                self.equal(&format!("{at}{what}"), want, found);
            }
        }
        self.headers(at, &want.headers, &found.headers);
        self.body(at, want.body.as_deref(), want.json.as_ref(), &found.body);
    }

    fn headers(&mut self, at: &str, want: &Map<String, Value>, found: &HeaderMap) {
        for (name, want) in want {
            let values: Vec<_> =
                found.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
            let want: Vec<String> = match want {
                Value::Null => Vec::new(),
                Value::Array(values) => values.iter().map(text).collect(),
                value => vec![text(value)],
            };
            if values != want {
                let shown = |values: &[String]| match values {
                    [] => "none".to_owned(),
                    values => format!("`{}`", values.join("`, `")),
                };
                let values: Vec<String> = values.into_iter().map(Into::into).collect();
                self.0.push(format!("{at}header `{name}`: want {}, found {}", shown(&want), shown(&values)));
            }
        }
    }

    fn body(&mut self, at: &str, want: Option<&str>, json: Option<&Value>, found: &Bytes) {
        if let Some(want) = want {
            self.equal(&format!("{at}body"), want, &String::from_utf8_lossy(found));
        }
        if let Some(want) = json {
            match serde_json::from_slice(found) {
                Ok(found) => self.json(&format!("{at}json"), want, Some(&found)),
                Err(_) => self.0.push(format!("{at}body: want JSON, found `{}`", String::from_utf8_lossy(found))),
            }
        }
    }

    /// Members of objects are looked up by name, at any depth; lists have the same length. The YAML parser bounds the depth.
    fn json(&mut self, at: &str, want: &Value, found: Option<&Value>) {
        match (want, found) {
            (Value::Null, None) => {}
            (Value::Object(want), Some(Value::Object(found))) => {
                for (name, want) in want {
                    self.json(&format!("{at}.{name}"), want, found.get(name));
                }
            }
            (Value::Array(want), Some(Value::Array(found))) if want.len() == found.len() => {
                for (at_item, (want, found)) in want.iter().zip(found).enumerate() {
                    self.json(&format!("{at}[{at_item}]"), want, Some(found));
                }
            }
            (want, Some(found)) if want == found => {}
            (want, Some(found)) => self.0.push(format!("{at}: want `{want}`, found `{found}`")),
            (want, None) => self.0.push(format!("{at}: want `{want}`, found none")),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn json_failures(want: &Value, found: &Value) -> usize {
        let mut failures = Failures(Vec::new());
        failures.json("json", want, Some(found));
        failures.0.len()
    }

    #[test]
    fn named_members_must_be_equal() {
        let found = json!({"a": "1", "b": {"c": [1, {"d": null}], "e": true}});
        for (want, count) in [
            (json!({}), 0),
            (json!({"a": "1"}), 0),
            (json!({"a": 1}), 1),
            (json!({"b": {"e": true}}), 0),
            (json!({"b": {"c": [1, {}]}}), 0),
            (json!({"b": {"c": [1]}}), 1),
            (json!({"x": null, "b": {"c": [1, {"d": null}]}}), 0),
            (json!({"a": null}), 1),
            (json!({"x": 1, "y": 2}), 2),
            (json!([]), 1),
        ] {
            assert_eq!(json_failures(&want, &found), count, "{want}");
        }
    }

    #[test]
    fn header_values_are_exact() {
        let mut found = HeaderMap::new();
        found.append("x", "a".parse().unwrap());
        found.append("x", "b".parse().unwrap());
        for (want, count) in [
            (json!({"X": ["a", "b"]}), 0),
            (json!({"X": "a"}), 1),
            (json!({"X": null}), 1),
            (json!({"Y": null}), 0),
            (json!({"Y": "c"}), 1),
        ] {
            let mut failures = Failures(Vec::new());
            failures.headers("", want.as_object().unwrap(), &found);
            assert_eq!(failures.0.len(), count, "{want}");
        }
    }
}
