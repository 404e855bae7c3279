//! SetIntegrationRequest: makes the request that runs an integration.

use super::PolicySyntax;
use super::common::ValueOrRef;
use super::shape::{choice, shape, words};
use crate::diagnostic::{Diagnostic, Diagnostics, Spanned};
use crate::xml::{Element, codes};

shape! {
    /// `<SetIntegrationRequest>` as its document says it.
    pub struct SetIntegrationRequest {
        /// `<ProjectId>`: the project of the integration.
        child "ProjectId" project_id: ValueOrRef,
        /// `<IntegrationName>`: the integration.
        child "IntegrationName" integration_name: ValueOrRef,
        /// `<IntegrationRegion>`: where it runs.
        child "IntegrationRegion" integration_region: ValueOrRef,
        /// `<ApiTrigger>`: what starts it, such as `api_trigger/name`.
        child "ApiTrigger" api_trigger: ValueOrRef,
        /// `<ScheduleTime>`: when it runs; at once when absent.
        child "ScheduleTime" schedule_time: Option<ValueOrRef>,
        /// `<Parameters>`: what it gets.
        child "Parameters" parameters: Option<IntegrationParameters>,
        /// `<Request>`: the variable that gets the request; `integration.request` when absent.
        child "Request" request: Option<Spanned<String>>,
    }
}

shape! {
    /// `<Parameters>` of a [`SetIntegrationRequest`].
    pub struct IntegrationParameters {
        /// The parameters, in the order of the document.
        any parameters: Vec<IntegrationParameter>,
    }
}

choice! {
    /// A parameter of an integration.
    pub enum IntegrationParameter {
        /// `<Parameter>`: one value.
        One(SingleParameter) = "Parameter",
        /// `<ParameterArray>`: a list of values.
        Array(ArrayParameter) = "ParameterArray",
    }
}

shape! {
    /// A `<Parameter>` of a [`SetIntegrationRequest`].
    pub struct SingleParameter {
        /// The `name` attribute.
        attribute "name" name: Spanned<String>,
        /// The `type` attribute.
        attribute "type" kind: Option<ParameterType>,
        /// Its value.
        flat value: ValueOrRef,
    }
}

shape! {
    /// A `<ParameterArray>` of a [`SetIntegrationRequest`].
    pub struct ArrayParameter {
        /// The `name` attribute.
        attribute "name" name: Spanned<String>,
        /// The `type` attribute: that of each value.
        attribute "type" kind: Option<ParameterType>,
        /// The `ref` attribute: the variable with the list.
        attribute "ref" reference: Option<Spanned<String>>,
        /// `<Value>`: the values.
        children "Value" values: Vec<ValueOrRef>,
    }
}

words! {
    /// What a parameter of an integration is.
    pub enum ParameterType: any_case {
        /// `string`
        String = "string",
        /// `integer`
        Integer = "integer" | "int",
        /// `double`
        Double = "double",
        /// `boolean`
        Boolean = "boolean",
        /// `json`
        Json = "json",
    }
}

impl PolicySyntax for SetIntegrationRequest {
    const ELEMENT: &'static str = "SetIntegrationRequest";

    fn check(&self, root: Element<'_>, d: &mut Diagnostics) {
        for (name, value) in [
            ("ProjectId", &self.project_id),
            ("IntegrationName", &self.integration_name),
            ("IntegrationRegion", &self.integration_region),
            ("ApiTrigger", &self.api_trigger),
        ] {
            if value.says_nothing() {
                let finding = Diagnostic::error(codes::MISSING_ELEMENT, format!("`{name}` is empty"));
                d.push(finding.at(root.source(), root.span()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::policy::tests::codes;

    #[test]
    fn a_request_names_its_integration() {
        let integration = "<ProjectId ref='p'/><IntegrationName>i</IntegrationName>
            <IntegrationRegion>r</IntegrationRegion>";
        let trigger = "<ApiTrigger>api_trigger/t</ApiTrigger>";
        let array = "<ParameterArray name='b' type='integer'><Value>1</Value><Value ref='v'/></ParameterArray>";
        for (inside, want) in [
            (&*format!("{trigger}<Parameters><Parameter name='a' type='json' ref='v'/>{array}</Parameters>"), &[][..]),
            (&*format!("{trigger}<Request>v</Request><ScheduleTime>2022-01-15T01:30:15Z</ScheduleTime>"), &[]),
            ("<ApiTrigger/>", &["xml::missing-element"]),
            ("", &["xml::missing-element"]),
            (
                &*format!("{trigger}<Parameters><Parameter name='a' type='blob'/></Parameters>"),
                &["policy::unknown-word"],
            ),
        ] {
            let document = format!("<SetIntegrationRequest>{integration}{inside}</SetIntegrationRequest>");
            assert_eq!(codes(&document), want, "{inside}");
        }
    }
}
