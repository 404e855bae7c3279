//! What is written reads back: the bundles of the collection, and endpoints nobody would write.
#![allow(clippy::disallowed_methods, reason = "the collection is a folder")]

use std::path::{Path, PathBuf};

use proptest::prelude::*;

use crate::Limits;
use crate::bundle::*;
use crate::diagnostic::{Diagnostics, Source, Span};

/// Reads what a bundle writes.
fn again(bundle: &Bundle) -> (Bundle, Diagnostics) {
    let (again, found) = Bundle::from_files("again", bundle.to_files(), &Limits::default());
    (again.unwrap_or_else(|| panic!("{found}")), found)
}

/// The same bundle with its policies in files of one name: where a policy lies is no part of what it says.
fn saying(bundle: &Bundle) -> Bundle {
    let mut bundle = bundle.clone();
    for policy in &mut bundle.policies {
        policy.source = Source::new("policy.xml", policy.source.text());
    }
    bundle
}

/// The files of the folder of a bundle.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let around = folder.parent().unwrap();
    let mut open = vec![folder.to_owned()];
    let mut found = Vec::new();
    while let Some(next) = open.pop() {
        for path in std::fs::read_dir(next).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(around).unwrap().to_str().unwrap().to_owned();
                found.push((name, std::fs::read(&path).unwrap()));
            }
        }
    }
    found
}

#[test]
fn bundles_of_the_collection_read_back() {
    let near = ["../shared/corpus", "../../shared/corpus"];
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder: Option<PathBuf> = near.iter().map(|path| here.join(path)).find(|path| path.is_dir());
    let Some(folder) = folder else {
        println!("skipped: no corpus");
        return;
    };
    let index = std::fs::read_to_string(folder.join("BUNDLES.tsv")).unwrap();
    let at = index.lines().next().unwrap().split('\t').position(|column| column == "bundle_dir").unwrap();
    let (mut same, mut refused) = (0, 0);
    for line in index.lines().skip(1) {
        let name = line.split('\t').nth(at).unwrap();
        let (bundle, found) = Bundle::from_files("again", files(&folder.join(name)), &Limits::default());
        let Some(bundle) = bundle.filter(|_| !found.has_errors()) else {
            refused += 1;
            continue;
        };
        let (again, found) = again(&bundle);
        assert!(!found.has_errors(), "{name}: {found}");
        assert_eq!(saying(&again), saying(&bundle), "{name}");
        assert_eq!(again.to_files(), bundle.to_files(), "{name}");
        same += 1;
    }
    println!("{same} bundles read back, {refused} were refused");
    assert!(same > 500, "{same}");
}

/// Random choices, read off bytes.
struct Dice(Vec<u8>);

impl Dice {
    fn throw(&mut self) -> u8 {
        self.0.pop().unwrap_or(0)
    }

    fn flag(&mut self) -> bool {
        self.throw() & 1 == 1
    }

    fn number(&mut self) -> u16 {
        u16::from(self.throw()) * 7
    }

    fn text(&mut self) -> Located<String> {
        const TEXTS: [&str; 8] =
            ["a", "b c", "<x y='1'/>", "a & b", "\"q\" 'p'", "é\u{1F600}", "]]>", "line\nand line"];
        let text = TEXTS[usize::from(self.throw()) % TEXTS.len()];
        Located::new(text.to_owned(), &Source::new("", ""), Span::default())
    }

    /// A name by which something is told from others.
    fn own(&mut self, number: usize) -> Located<String> {
        self.text().map(|text| format!("{} {number}", text.lines().next().unwrap_or_default()))
    }

    fn maybe<T>(&mut self, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        self.flag().then(|| make(self))
    }

    fn many<T>(&mut self, mut make: impl FnMut(&mut Self) -> T) -> Vec<T> {
        (0..self.throw() % 3).map(|_| make(self)).collect()
    }

    fn property(&mut self) -> Property {
        Property { name: self.text().map(|text| text.replace('\n', " ")), value: self.text() }
    }

    fn step(&mut self) -> Step {
        Step { policy: self.text(), condition: self.maybe(Self::text) }
    }

    fn attribute(&mut self) -> Option<Located<String>> {
        self.maybe(|dice| dice.text().map(|text| text.replace('\n', " ")))
    }

    /// A flow with what a layout has.
    fn flow(&mut self, layout: Layout, is_conditional: bool) -> Flow {
        let is_apigee = layout == Layout::Apigee;
        Flow {
            name: self.attribute(),
            description: self.maybe(|dice| dice.text().value).filter(|_| is_apigee),
            condition: self.maybe(Self::text).filter(|_| is_conditional),
            request: self.many(Self::step),
            response: self.many(Self::step),
        }
    }

    fn fault_rule(&mut self) -> FaultRule {
        FaultRule { name: self.attribute(), condition: self.maybe(Self::text), steps: self.many(Self::step) }
    }

    fn pipeline(&mut self, layout: Layout) -> Pipeline {
        Pipeline {
            pre_flow: self.flow(layout, false),
            flows: self.many(|dice| dice.flow(layout, true)),
            post_flow: self.flow(layout, false),
            event_flow: self
                .maybe(|dice| EventFlow { content_type: dice.attribute(), flow: dice.flow(layout, false) })
                .filter(|_| layout == Layout::Apigee),
            fault_rules: self.many(Self::fault_rule),
            default_fault_rule: self.maybe(|dice| {
                let FaultRule { name, condition, steps } = dice.fault_rule();
                DefaultFaultRule { name, condition, steps, always_enforce: dice.flag() }
            }),
        }
    }

    fn proxy_endpoint(&mut self, layout: Layout, number: usize) -> ProxyEndpoint {
        let is_apigee = layout == Layout::Apigee;
        ProxyEndpoint {
            name: self.own(number),
            description: self.maybe(|dice| dice.text().value).filter(|_| is_apigee),
            base_path: self.text().map(|text| format!("/{text}")),
            virtual_hosts: self.many(Self::text).into_iter().filter(|_| is_apigee).collect(),
            properties: self.many(Self::property),
            default: self.flag() && !is_apigee,
            pipeline: self.pipeline(layout),
            post_client_flow: self.flow(layout, false),
            route_rules: self.many(|dice| RouteRule {
                name: dice.attribute(),
                condition: dice.maybe(Self::text),
                target: match dice.throw() % 4 {
                    1 => RouteTarget::TargetEndpoint(dice.text()),
                    2 if is_apigee => RouteTarget::Url(dice.text()),
                    3 if is_apigee => RouteTarget::IntegrationEndpoint(dice.text()),
                    _ => RouteTarget::None,
                },
                fault_rules: dice.many(Self::fault_rule).into_iter().filter(|_| !is_apigee).collect(),
            }),
        }
    }

    fn algorithm(&mut self) -> Algorithm {
        [Algorithm::RoundRobin, Algorithm::Weighted, Algorithm::LeastConnections][usize::from(self.throw() % 3)]
    }

    fn referable(&mut self) -> Referable {
        Referable { reference: self.attribute(), value: self.maybe(Self::text) }
    }

    fn monitor(&mut self) -> Monitor {
        if self.flag() {
            return Monitor::Tcp(TcpMonitor {
                connect_timeout_in_sec: self.maybe(|dice| dice.number().into()),
                port: self.maybe(Self::number),
            });
        }
        Monitor::Http(Box::new(HttpMonitor {
            connect_timeout_in_sec: self.maybe(|dice| dice.number().into()),
            socket_read_timeout_in_sec: self.maybe(|dice| dice.number().into()),
            port: self.maybe(Self::number),
            verb: self.maybe(Self::text),
            path: self.maybe(Self::text),
            headers: self.many(Self::property),
            payload: self.maybe(Self::text),
            is_ssl: self.maybe(Self::flag),
            trust_all_ssl: self.maybe(Self::flag),
            use_target_server_ssl_info: self.maybe(Self::flag),
            include_health_check_id_header: self.maybe(Self::flag),
            success_codes: self.many(Self::number),
            success_headers: self.many(Self::property),
        }))
    }

    fn http(&mut self) -> HttpTargetConnection {
        HttpTargetConnection {
            destination: Some(match self.flag() {
                true => Destination::Url(self.text()),
                false => Destination::LoadBalancer(LoadBalancer {
                    algorithm: self.algorithm(),
                    servers: self.many(|dice| Server {
                        name: dice.text().map(|text| text.replace('\n', " ")),
                        weight: dice.maybe(|dice| dice.number().into()),
                        is_fallback: dice.flag(),
                    }),
                    max_failures: self.number().into(),
                    server_unhealthy_response: self.many(Self::number),
                    retry_enabled: self.flag(),
                    target_disable_secs: self.maybe(|dice| dice.number().into()),
                }),
            }),
            path: self.maybe(Self::text),
            properties: self.many(Self::property),
            ssl_info: self.maybe(|dice| SslInfo {
                enabled: dice.flag(),
                enforce: dice.maybe(Self::flag),
                trust_store: dice.maybe(Self::text),
                key_store: dice.maybe(Self::text),
                key_alias: dice.maybe(Self::text),
                client_auth_enabled: dice.flag(),
                ignore_validation_errors: dice.flag(),
                protocols: dice.many(Self::text),
                ciphers: dice.many(Self::text),
                common_name: dice.maybe(|dice| CommonName { value: dice.text(), wildcard_match: dice.flag() }),
            }),
            health_monitor: self.maybe(|dice| HealthMonitor {
                is_enabled: dice.flag(),
                interval_in_sec: dice.maybe(|dice| dice.number().into()),
                monitor: dice.maybe(Self::monitor),
            }),
            authentication: self.maybe(|dice| Authentication {
                header_name: dice.maybe(Self::referable),
                token: Some(match dice.flag() {
                    true => GoogleToken::AccessToken(GoogleAccessToken {
                        scopes: dice.many(Self::text),
                        lifetime_in_seconds: dice.maybe(|dice| dice.number().into()),
                    }),
                    false => GoogleToken::IdToken(Box::new(GoogleIdToken {
                        audience: Some(dice.referable()),
                        use_target_url: dice.flag(),
                        include_email: dice.maybe(Self::referable),
                    })),
                }),
            }),
        }
    }

    fn connection(&mut self, layout: Layout) -> Connection {
        if layout == Layout::Sap {
            return Connection::Http(Box::new(HttpTargetConnection {
                destination: Some(match self.flag() {
                    true => Destination::Url(self.text()),
                    false => Destination::Provider(Box::new(Provider {
                        id: self.text(),
                        relative_path: self.maybe(Self::text),
                        additional: self.many(Self::text),
                        load_balancer: self.maybe(|dice| ProviderLoadBalancer {
                            max_failures: dice.number().into(),
                            fall_back_server: dice.maybe(Self::text),
                            algorithm: dice.algorithm(),
                            server_unhealthy_response_code: dice.many(Self::number),
                            is_retry: dice.flag(),
                            health_monitor: dice.maybe(|dice| ProviderHealthMonitor {
                                is_enabled: dice.flag(),
                                interval_in_sec: dice.maybe(|dice| dice.number().into()),
                                http_monitor: dice.maybe(Self::text),
                                tcp_monitor: dice.maybe(Self::text),
                            }),
                        }),
                    })),
                }),
                properties: self.many(Self::property),
                ..HttpTargetConnection::default()
            }));
        }
        match self.throw() % 8 {
            0 => Connection::Hosted,
            1 => Connection::Local(LocalTargetConnection::Path(self.text())),
            2 => {
                Connection::Local(LocalTargetConnection::Proxy { api_proxy: self.text(), proxy_endpoint: self.text() })
            }
            3 => Connection::Script(ScriptTarget {
                resource_url: self.text(),
                arguments: self.many(Self::text),
                environment_variables: self.many(Self::property),
                properties: self.many(Self::property),
            }),
            _ => Connection::Http(Box::new(self.http())),
        }
    }

    fn target_endpoint(&mut self, layout: Layout, number: usize) -> TargetEndpoint {
        TargetEndpoint {
            name: self.own(number),
            description: self.maybe(|dice| dice.text().value).filter(|_| layout == Layout::Apigee),
            connection: Some(self.connection(layout)),
            default: self.flag() && layout == Layout::Sap,
            pipeline: self.pipeline(layout),
        }
    }
}

/// A bundle with its endpoints in files whose names put them into the order they have.
fn bundle(dice: &mut Dice, kind: BundleKind, layout: Layout) -> Bundle {
    let mut bundle = load::empty("p", kind, layout);
    bundle.revision = dice.attribute().map(|it| it.value).filter(|_| layout == Layout::Apigee);
    bundle.manifest.description = dice.maybe(|dice| dice.text().value);
    bundle.manifest.policies = dice.many(|dice| dice.text().value);
    bundle.manifest.resources = dice.many(|dice| dice.text().value);
    if kind == BundleKind::SharedFlowBundle {
        let steps = dice.many(Dice::step);
        bundle.shared_flows = vec![SharedFlow { name: dice.own(1), steps }];
    } else {
        bundle.proxy_endpoints = (0..2).map(|number| dice.proxy_endpoint(layout, number)).collect();
        bundle.target_endpoints = (0..2).map(|number| dice.target_endpoint(layout, number)).collect();
    }
    if kind == BundleKind::ApiProxy && layout == Layout::Apigee {
        bundle.integration_endpoints = vec![IntegrationEndpoint { name: dice.own(1), async_execution: dice.flag() }];
    }
    if kind == BundleKind::PolicyTemplate {
        // A template has flows only, of one endpoint of each kind that is named after it.
        bundle.proxy_endpoints.truncate(1);
        bundle.target_endpoints.truncate(1);
        let place = |text: &str| Located::new(text.to_owned(), &Source::new("", ""), Span::default());
        for endpoint in &mut bundle.proxy_endpoints {
            (endpoint.name, endpoint.base_path) = (place("p"), place("/"));
            (endpoint.properties, endpoint.route_rules, endpoint.default) = (Vec::new(), Vec::new(), false);
        }
        for endpoint in &mut bundle.target_endpoints {
            (endpoint.name, endpoint.connection, endpoint.default) = (place("p"), None, false);
        }
    }
    let file = |folder: &str, number: usize| Source::new(format!("{folder}/{number}.xml"), "");
    let named = |folder: &str, names: Vec<&mut Located<String>>| {
        names.into_iter().enumerate().for_each(|(number, name)| name.source = file(folder, number));
    };
    named("proxies", bundle.proxy_endpoints.iter_mut().map(|it| &mut it.name).collect());
    named("targets", bundle.target_endpoints.iter_mut().map(|it| &mut it.name).collect());
    named("integration-endpoints", bundle.integration_endpoints.iter_mut().map(|it| &mut it.name).collect());
    named("sharedflows", bundle.shared_flows.iter_mut().map(|it| &mut it.name).collect());
    bundle
}

proptest! {
    #[test]
    fn generated_bundles_read_back(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        for (kind, layout) in [
            (BundleKind::ApiProxy, Layout::Apigee),
            (BundleKind::SharedFlowBundle, Layout::Apigee),
            (BundleKind::ApiProxy, Layout::Sap),
            (BundleKind::PolicyTemplate, Layout::Sap),
        ] {
            let bundle = bundle(&mut Dice(bytes.clone()), kind, layout);
            let (again, found) = again(&bundle);
            // The names of policies and targets are made up; that something is not read is not.
            prop_assert!(found.iter().all(|it| !it.code.starts_with("xml::")), "{}", found);
            prop_assert_eq!(&again, &bundle, "{:?}", again.to_files());
        }
    }
}
