//! The flows of SAP's policy templates: XML text inside the XML, without a root of their own.
//!
//! They are read as a document of their own. Its places mean nothing to an author, so everything that comes out of it,
//! endpoints and findings alike, is moved to where it stands in the file of the template.

use super::{Bundle, FaultRule, Flow, Located, Pipeline, Step, read, sap};
use crate::Limits;
use crate::diagnostic::{Diagnostic, Diagnostics, Source, Span};
use crate::xml::{Document, Element};

/// Reads the flows of `<PolicyTemplateContainer>`.
pub(super) fn template(root: Element<'_>, bundle: &mut Bundle, limits: &Limits, d: &mut Diagnostics) {
    let own = read::child(root, "name", d).map_or_else(|| bundle.name.clone(), |name| name.value);
    let proxy = embedded(root, "proxyEndPointxml", limits, d, |inner, d| {
        let place = |text: String| Located::new(text, inner.source(), inner.span());
        sap::bare_proxy_endpoint(inner, place(own.clone()), place("/".to_owned()), d)
    });
    bundle.proxy_endpoints.extend(proxy.map(|(mut endpoint, places)| {
        places.located(&mut endpoint.name);
        places.located(&mut endpoint.base_path);
        places.pipeline(&mut endpoint.pipeline);
        places.flow(&mut endpoint.post_client_flow);
        endpoint
    }));
    let target = embedded(root, "targetEndPointxml", limits, d, |inner, d| {
        sap::bare_target_endpoint(inner, Located::new(own.clone(), inner.source(), inner.span()), d)
    });
    bundle.target_endpoints.extend(target.map(|(mut endpoint, places)| {
        places.located(&mut endpoint.name);
        places.pipeline(&mut endpoint.pipeline);
        endpoint
    }));
}

/// Reads the XML text in a child, and tells where its parts stand.
fn embedded<T>(
    root: Element<'_>,
    name: &'static str,
    limits: &Limits,
    d: &mut Diagnostics,
    read: impl FnOnce(Element<'_>, &mut Diagnostics) -> T,
) -> Option<(T, Places)> {
    let text = read::child(root, name, d)?;
    // Lines are those of the file, because findings name some in their words.
    let (line, _) = text.source.position(text.span.start as usize);
    let lines = "\n".repeat(line.saturating_sub(1));
    let source = Source::new(text.source.name(), format!("{lines}<{name}>{}</{name}>", text.value));
    let mut found = Diagnostics::new();
    let read = Document::parse(&source, limits, &mut found).map(|document| {
        let endpoint = read(document.root(), &mut found);
        document.root().finish(&mut found);
        endpoint
    });
    let places = Places::new(text, lines.len() + name.len() + 2);
    d.extend(found.into_iter().map(|finding| places.finding(finding)));
    Some((read?, places))
}

/// Where the characters of an embedded document stand in the document around it.
struct Places {
    /// The embedded text.
    text: Located<String>,
    /// Length of what stands before the text in the embedded document.
    before: usize,
    /// Offsets in the text and in what is written, wherever the two begin to differ by another number; nothing when
    /// they cannot be told apart.
    steps: Option<Vec<(usize, usize)>>,
}

impl Places {
    fn new(text: Located<String>, before: usize) -> Self {
        let steps = steps(text.source.spanned(text.span), &text.value);
        Self { text, before, steps }
    }

    /// The place of a part of the embedded document; what is not in the text is at the text as a whole.
    fn span(&self, part: Span) -> Span {
        let inside = |offset: u32| (offset as usize).checked_sub(self.before).filter(|at| *at <= self.text.value.len());
        let place = |offset| Some(self.text.span.start as usize + written(self.steps.as_deref()?, inside(offset)?));
        match (place(part.start), place(part.end)) {
            (Some(start), Some(end)) => Span::new(start, end),
            _ => self.text.span,
        }
    }

    fn finding(&self, finding: Diagnostic) -> Diagnostic {
        let place = finding.place.map(|(_, span)| (self.text.source.clone(), self.span(span)));
        Diagnostic { place, ..finding }
    }

    fn located<T>(&self, value: &mut Located<T>) {
        value.span = self.span(value.span);
        value.source = self.text.source.clone();
    }

    fn pipeline(&self, pipeline: &mut Pipeline) {
        self.flow(&mut pipeline.pre_flow);
        pipeline.flows.iter_mut().for_each(|flow| self.flow(flow));
        self.flow(&mut pipeline.post_flow);
        pipeline.fault_rules.iter_mut().for_each(|rule| self.fault_rule(rule));
        if let Some(rule) = &mut pipeline.default_fault_rule {
            rule.name.iter_mut().chain(&mut rule.condition).for_each(|text| self.located(text));
            self.steps(&mut rule.steps);
        }
    }

    fn flow(&self, flow: &mut Flow) {
        flow.name.iter_mut().chain(&mut flow.condition).for_each(|text| self.located(text));
        self.steps(&mut flow.request);
        self.steps(&mut flow.response);
    }

    fn fault_rule(&self, rule: &mut FaultRule) {
        rule.name.iter_mut().chain(&mut rule.condition).for_each(|text| self.located(text));
        self.steps(&mut rule.steps);
    }

    fn steps(&self, steps: &mut [Step]) {
        for step in steps {
            self.located(&mut step.policy);
            step.condition.iter_mut().for_each(|condition| self.located(condition));
        }
    }
}

/// Walks a text along with how it is written: a reference and a line end count as one character each.
fn steps(written: &str, text: &str) -> Option<Vec<(usize, usize)>> {
    let mut steps = vec![(0, 0)];
    let mut at = 0;
    for (offset, c) in text.char_indices() {
        let rest = written.get(at..)?;
        let length = match rest.chars().next()? {
            '&' => rest.find(';')? + 1,
            '\r' if c == '\n' => 1 + usize::from(rest.starts_with("\r\n")),
            other if other == c => other.len_utf8(),
            _ => return None,
        };
        at += length;
        if length != c.len_utf8() {
            steps.push((offset + c.len_utf8(), at));
        }
    }
    Some(steps)
}

/// Where an offset of the text is written.
fn written(steps: &[(usize, usize)], offset: usize) -> usize {
    let after = steps.partition_point(|(text, _)| *text <= offset);
    let step = after.checked_sub(1).and_then(|at| steps.get(at));
    step.map_or(offset, |(text, written)| written + (offset - text))
}

#[cfg(test)]
mod tests {
    use crate::Limits;
    use crate::bundle::{Bundle, BundleKind};

    const TEMPLATE: &str = "<PolicyTemplateContainer>
  <name>T</name>
  <proxyEndPointxml>&lt;preFlow&gt;&lt;request&gt;&lt;steps&gt;&lt;step&gt;
    &lt;policy_name&gt;known&lt;/policy_name&gt;&lt;condition&gt;a = &amp;quot;b&amp;quot;&lt;/condition&gt;
    &lt;/step&gt;&lt;step&gt;
    &lt;policy_name&gt;unknown&lt;/policy_name&gt;&lt;/step&gt;&lt;/steps&gt;&lt;/request&gt;&lt;/preFlow&gt;
    &lt;postFlou/&gt;</proxyEndPointxml>
  <targetEndPointxml>&lt;preFlow&gt;
  </targetEndPointxml>
</PolicyTemplateContainer>";

    #[test]
    fn places_are_those_of_the_file() {
        let files =
            [("PolicyTemplateContainer/T.xml", TEMPLATE), ("PolicyTemplateContainer/Policy/known.xml", "<Quota/>")];
        let (bundle, found) = Bundle::from_files("t", files, &Limits::default());
        let bundle = bundle.unwrap();
        assert_eq!(bundle.kind, BundleKind::PolicyTemplate);
        assert_eq!(serde_json::to_value(&bundle).unwrap()["kind"], "policy_template");
        let said: Vec<_> = found.iter().map(|finding| (finding.code, finding.file(), finding.position())).collect();
        let file = "PolicyTemplateContainer/T.xml";
        assert_eq!(
            said,
            [
                ("xml::unknown-element", file, (7, 9)),
                ("xml::mismatched-tag", file, (8, 22)),
                ("bundle::unknown-policy", file, (6, 24)),
            ],
            "{found}"
        );
        let step = &bundle.proxy_endpoints[0].pipeline.pre_flow.request[0];
        let condition = step.condition.as_ref().unwrap();
        assert_eq!(condition.value, "a = \"b\"");
        assert_eq!(condition.source.spanned(condition.span), "a = &amp;quot;b&amp;quot;");
        assert_eq!(step.policy.source.spanned(step.policy.span), "known");
    }
}
