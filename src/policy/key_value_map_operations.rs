//! KeyValueMapOperations: reads, writes and deletes entries of a key value map.

use super::PolicySyntax;
use super::common::ValueOrRef;
use super::shape::{Hidden, OrRef, choice, shape, words};
use crate::diagnostic::{Diagnostic, Diagnostics, Spanned};
use crate::xml::Element;

shape! {
    /// `<KeyValueMapOperations>` as its document says it.
    pub struct KeyValueMapOperations {
        /// The `mapIdentifier` attribute: the map; `kvmap` when there is no `<MapName>` either.
        attribute "mapIdentifier" map_identifier: Option<Spanned<String>>,
        /// The `encrypted` attribute, which only Edge's schema knows.
        attribute "encrypted" encrypted: Option<bool>,
        /// `<MapName>`: the map, in place of the attribute; Apigee X only.
        child "MapName" map_name: Option<ValueOrRef>,
        /// `<Scope>`: who sees the map.
        child "Scope" scope: MapScope = MapScope::Environment,
        /// `<ExpiryTimeInSecs>`: how long a value that was read is kept; 300 when absent, 0 or negative.
        child "ExpiryTimeInSecs" expiry_time_in_secs: Option<OrRef<Spanned<i64>>>,
        /// `<ExpiryTimeInSeconds>`: a newer spelling of it.
        child "ExpiryTimeInSeconds" expiry_time_in_seconds: Option<OrRef<Spanned<i64>>>,
        /// `<ExclusiveCache>`: the predecessor of `<Scope>`.
        child "ExclusiveCache" exclusive_cache: bool = false,
        /// `<InitialEntries>`: what a deployment writes into the map.
        list "InitialEntries" / "Entry" initial_entries: Vec<Entry>,
        /// What it does, in the order of the document.
        any operations: Vec<MapOperation>,
    }
}

words! {
    /// Who sees a key value map.
    pub enum MapScope: exact {
        /// All of an organization.
        Organization = "organization",
        /// All proxies of an environment.
        Environment = "environment",
        /// One proxy.
        ApiProxy = "apiproxy",
        /// One revision of a proxy.
        Policy = "policy",
    }
}

choice! {
    /// What is done to a map.
    pub enum MapOperation {
        /// `<Put>`: writes an entry.
        Put(Put) = "Put",
        /// `<Get>`: reads an entry.
        Get(Get) = "Get",
        /// `<Delete>`: removes an entry.
        Delete(Delete) = "Delete",
    }
}

shape! {
    /// `<Put>`.
    pub struct Put {
        /// The `override` attribute: whether a value that is there is replaced.
        attribute "override" replaces: bool = false,
        /// `<Key>`: the parts of the key, joined by `__`.
        list "Key" / "Parameter" key: Vec<ValueOrRef>,
        /// `<Value>`: the values of the entry.
        children "Value" values: Vec<ValueOrRef>,
    }
}

shape! {
    /// `<Get>`.
    pub struct Get {
        /// The `assignTo` attribute: the variable that gets the value.
        attribute "assignTo" assign_to: Spanned<String>,
        /// The `index` attribute: which of several values, from 1; all of them when absent.
        attribute "index" index: Option<Spanned<i64>>,
        /// `<Key>`: the parts of the key, joined by `__`.
        list "Key" / "Parameter" key: Vec<ValueOrRef>,
    }
}

shape! {
    /// `<Delete>`.
    pub struct Delete {
        /// `<Key>`: the parts of the key, joined by `__`.
        list "Key" / "Parameter" key: Vec<ValueOrRef>,
    }
}

shape! {
    /// An `<Entry>` of `<InitialEntries>`.
    pub struct Entry {
        /// `<Key>`: the parts of the key, which cannot be variables here.
        list "Key" / "Parameter" key: Vec<Spanned<String>>,
        /// `<Value>`: the values.
        children "Value" values: Vec<Spanned<Hidden>>,
        /// Where it is.
        #[serde(skip)]
        place place: Spanned<()>,
    }
}

impl PolicySyntax for KeyValueMapOperations {
    const ELEMENT: &'static str = "KeyValueMapOperations";

    fn check(&self, root: Element<'_>, d: &mut Diagnostics) {
        for entry in &self.initial_entries {
            let rows = [
                (entry.key.is_empty(), "no `Parameter` in its `Key`", "KeyIsMissing"),
                (entry.values.is_empty(), "no `Value`", "ValueIsMissing"),
            ];
            for (_, what, vendor) in rows.into_iter().filter(|(missing, ..)| *missing) {
                let finding = Diagnostic::error("kvm::incomplete-entry", format!("an initial entry has {what}"));
                d.push(finding.vendor(vendor).at(root.source(), entry.place.span));
            }
        }
        for operation in &self.operations {
            if let MapOperation::Get(Get { index: Some(index), .. }) = operation
                && index.value < 1
            {
                d.push(
                    Diagnostic::error("kvm::invalid-index", format!("the index of a `Get` is {}", index.value))
                        .vendor("InvalidIndex")
                        .at(root.source(), index.span)
                        .help("the first value has the index 1"),
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::policy::tests::codes;

    #[test]
    fn deployment_faults_have_the_vendors_codes() {
        let get = "<Get assignTo='v' index='0'><Key><Parameter>k</Parameter></Key></Get>";
        for (inside, want) in [
            (get, &["InvalidIndex"][..]),
            ("<Get><Key/></Get>", &["xml::missing-attribute"]),
            ("<InitialEntries><Entry/></InitialEntries>", &["KeyIsMissing", "ValueIsMissing"]),
            ("<InitialEntries><Entry><Key/><Value>v</Value></Entry></InitialEntries>", &["KeyIsMissing"]),
            ("<Scope>world</Scope>", &["policy::unknown-word"]),
            ("<Delete><Key><Parameter ref='v'/></Key></Delete><Put override='true'/>", &[]),
        ] {
            assert_eq!(codes(&format!("<KeyValueMapOperations>{inside}</KeyValueMapOperations>")), want, "{inside}");
        }
    }
}
