//! Reading documents: events alone, a tree of somebody else's, our typed policy, and the plan linked from it.

use std::hint::black_box;

use tollgate::bundle::Bundle;
use tollgate::diagnostic::{Diagnostics, Source};
use tollgate::host::Host;
use tollgate::policy::PolicyDocument;
use tollgate::{Deployment, Limits, PolicyEngine};

use crate::bench::Bench;

const POLICY: &str = "XML policy, 2.2 KB";
const ENDPOINT: &str = "XML endpoint, 30 KB";

pub fn add(bench: &mut Bench) {
    bench.add(&format!("{POLICY}/ours"), 500, |_| {
        let (source, limits) = (Source::new("policy.xml", policy()), Limits::default());
        move |times| {
            for _ in 0..times {
                let mut findings = Diagnostics::new();
                let document = PolicyDocument::parse(black_box(&source), "policy", &limits, &mut findings);
                assert!(document.is_some() && !findings.has_errors());
            }
        }
    });
    bench.add(&format!("{POLICY}, to the linked plan/ours"), 500, |_| {
        let (text, host) = (policy(), Host::in_memory());
        move |times| {
            for _ in 0..times {
                let deployment = Deployment::new().policy("policy.xml", black_box(&text));
                black_box(PolicyEngine::new(deployment, host.clone()).unwrap());
            }
        }
    });
    bench.add(&format!("{ENDPOINT}/ours"), 50, |_| {
        let files = bundle();
        move |times| (0..times).for_each(|_| drop(black_box(read(&files))))
    });
    bench.add(&format!("{ENDPOINT}, to the linked plan/ours"), 50, |_| {
        let (files, host) = (bundle(), Host::in_memory());
        move |times| {
            for _ in 0..times {
                let deployment = Deployment::new().bundle(read(&files));
                black_box(PolicyEngine::new(deployment, host.clone()).unwrap());
            }
        }
    });
    for (row, text) in [(POLICY, policy as fn() -> String), (ENDPOINT, endpoint)] {
        let times = if row == POLICY { 500 } else { 50 };
        bench.add(&format!("{row}/quick-xml events"), times, |_| {
            let text = text();
            move |times| (0..times).for_each(|_| assert!(black_box(events(black_box(&text))) > 10))
        });
        bench.add(&format!("{row}/roxmltree tree"), times, |_| {
            let text = text();
            move |times| (0..times).for_each(|_| drop(black_box(roxmltree::Document::parse(black_box(&text)).unwrap())))
        });
    }
}

fn events(text: &str) -> usize {
    let mut reader = quick_xml::Reader::from_str(text);
    let mut count = 0;
    while !matches!(reader.read_event().unwrap(), quick_xml::events::Event::Eof) {
        count += 1;
    }
    count
}

fn read(files: &[(String, String)]) -> Bundle {
    let files = files.iter().map(|(path, text)| (path, text.as_bytes()));
    let (bundle, findings) = Bundle::from_files("orders", files, &Limits::default());
    assert!(!findings.has_errors(), "{findings}");
    bundle.unwrap()
}

/// A policy that issues tokens, with comments and attributes as people write them.
fn policy() -> String {
    let attributes: String = (0..13)
        .map(|n| {
            format!(
                "        <Attribute name=\"attribute-{n}\" ref=\"request.queryparam.p{n}\" display=\"{}\">value \
                 {n}</Attribute>\n",
                n % 2 == 0
            )
        })
        .collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n<OAuthV2 async=\"false\" continueOnError=\"false\" \
         enabled=\"true\" name=\"issue\">\n    <DisplayName>Issue an access token</DisplayName>\n    <Operation>\
         GenerateAccessToken</Operation>\n    <!-- milliseconds; a client may not ask for more than the operator \
         allows, and the operator allows what this file says -->\n    <ExpiresIn ref=\"flow.expires\">1800000</ExpiresIn>\
         \n    <SupportedGrantTypes>\n        <GrantType>client_credentials</GrantType>\n    </SupportedGrantTypes>\n    \
         <GrantType>request.formparam.grant_type</GrantType>\n    <Scope>request.formparam.scope</Scope>\n    \
         <Attributes>\n{attributes}    </Attributes>\n    <!-- the response is that of RFC 6749, without the vendor's \
         own fields -->\n    <RFCCompliantRequestResponse>true</RFCCompliantRequestResponse>\n    <GenerateResponse \
         enabled=\"true\"/>\n    <GenerateErrorResponse enabled=\"true\"/>\n</OAuthV2>\n"
    )
}

/// An endpoint of 51 conditional flows.
fn endpoint() -> String {
    let flows: String = (0..51)
        .map(|n| {
            format!(
                "        <Flow name=\"operation-{n}\">\n            <Description>Operation {n} of the orders, with its \
                 checks and its mediation</Description>\n            <Request>\n                <Step>\n                    \
                 <Name>verify</Name>\n                    <Condition>request.header.x-trace != \"off\"</Condition>\n                \
                 </Step>\n            </Request>\n            <Response>\n                <Step>\n                    \
                 <Name>assign</Name>\n                </Step>\n            </Response>\n            \
                 <Condition>(proxy.pathsuffix MatchesPath \"/orders/{n}/**\") and (request.verb = \"GET\")</Condition>\n        \
                 </Flow>\n"
            )
        })
        .collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n<ProxyEndpoint name=\"default\">\n    <PreFlow \
         name=\"PreFlow\"/>\n    <Flows>\n{flows}    </Flows>\n    <PostFlow name=\"PostFlow\"/>\n    \
         <HTTPProxyConnection>\n        <BasePath>/v1/orders</BasePath>\n    </HTTPProxyConnection>\n    <RouteRule \
         name=\"none\"/>\n</ProxyEndpoint>\n"
    )
}

fn bundle() -> Vec<(String, String)> {
    let verify = "<OAuthV2 name='verify'><Operation>VerifyAccessToken</Operation></OAuthV2>";
    let assign = "<AssignMessage name='assign'><Set><StatusCode>200</StatusCode></Set></AssignMessage>";
    [
        ("apiproxy/orders.xml", "<APIProxy name='orders'/>".to_owned()),
        ("apiproxy/proxies/default.xml", endpoint()),
        ("apiproxy/policies/verify.xml", verify.to_owned()),
        ("apiproxy/policies/assign.xml", assign.to_owned()),
    ]
    .map(|(path, text)| (path.to_owned(), text))
    .into()
}

#[cfg(test)]
mod tests {
    #[test]
    fn documents_have_the_sizes_in_their_names() {
        assert!((2_100..2_300).contains(&super::policy().len()), "{}", super::policy().len());
        assert!((29_000..31_000).contains(&super::endpoint().len()), "{}", super::endpoint().len());
    }
}
