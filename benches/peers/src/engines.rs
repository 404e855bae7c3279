//! Other engines: one that checks opaque tokens, and three that match a request against policies.
//!
//! The three get a request whose token is already resolved, so they do a part of the job.

use std::borrow::Cow;
use std::hint::black_box;

use crate::bench::Bench;

pub fn add(bench: &mut Bench) {
    oxide(bench);
    cedar(bench);
    regorus(bench);
    casbin(bench);
}

fn oxide(bench: &mut Bench) {
    use oxide_auth::code_grant::resource::{Endpoint, Request, protect};
    use oxide_auth::primitives::generator::RandomGenerator;
    use oxide_auth::primitives::grant::{Extensions, Grant};
    use oxide_auth::primitives::issuer::{Issuer, TokenMap};
    use oxide_auth::primitives::scope::Scope;

    struct Guard {
        scopes: Vec<Scope>,
        issuer: TokenMap<RandomGenerator>,
    }
    impl Endpoint for Guard {
        fn scopes(&mut self) -> &[Scope] {
            &self.scopes
        }
        fn issuer(&mut self) -> &dyn Issuer {
            &self.issuer
        }
    }
    struct Header(String);
    impl Request for Header {
        fn valid(&self) -> bool {
            true
        }
        fn token(&self) -> Option<Cow<'_, str>> {
            Some(Cow::Borrowed(&self.0))
        }
    }

    bench.add("opaque token accepted/oxide-auth protect, no product", 1_000, |stored| {
        let mut guard =
            Guard { scopes: vec!["READ".parse().unwrap()], issuer: TokenMap::new(RandomGenerator::new(16)) };
        let mut headers = Vec::new();
        // It needs over a kilobyte for each token, so it gets a tenth of them.
        for n in 0..stored / 10 + 256 {
            let grant = Grant {
                owner_id: format!("owner-{n}"),
                client_id: format!("client-{}", n % 1_000),
                scope: "READ WRITE".parse().unwrap(),
                redirect_uri: "https://example.com/callback".parse().unwrap(),
                until: chrono::Utc::now() + chrono::Duration::days(1),
                extensions: Extensions::new(),
            };
            let token = guard.issuer.issue(grant).unwrap().token;
            if n < 256 {
                headers.push(Header(format!("Bearer {token}")));
            }
        }
        let mut at = 0;
        move |times| {
            for _ in 0..times {
                at = (at + 1) % headers.len();
                assert!(black_box(protect(&mut guard, black_box(&headers[at]))).is_ok());
            }
        }
    });
}

fn cedar(bench: &mut Bench) {
    use cedar_policy::{
        Authorizer, Context, Decision, Entities, EntityUid, PolicySet, Request, RestrictedExpression as Value,
    };

    let mut policies = r#"
        permit(principal in Product::"gold", action in [Action::"GET", Action::"POST"], resource == Proxy::"orders")
        when { context.status == "approved" && context.expires > context.now && context.scopes.containsAny(["READ"]) &&
            (context.path like "/open/*" || context.path == "/status" || context.path like "/items/*") };
        forbid(principal, action, resource) when { context.status == "revoked" };"#
        .to_owned();
    for n in 0..8 {
        policies.push_str(&format!(
            "permit(principal in Product::\"other-{n}\", action == Action::\"GET\", resource == Proxy::\"p{n}\") when {{ \
             context.path like \"/x{n}/*\" }};"
        ));
    }
    let entities = r#"[
        {"uid": {"type": "App", "id": "shop"}, "attrs": {}, "parents": [{"type": "Product", "id": "gold"}]},
        {"uid": {"type": "Product", "id": "gold"}, "attrs": {}, "parents": []},
        {"uid": {"type": "Proxy", "id": "orders"}, "attrs": {}, "parents": []},
        {"uid": {"type": "Action", "id": "GET"}, "attrs": {}, "parents": []},
        {"uid": {"type": "Action", "id": "POST"}, "attrs": {}, "parents": []}]"#;
    let request = || {
        let text = |text: &str| Value::new_string(text.to_owned());
        let context = Context::from_pairs([
            ("status".to_owned(), text("approved")),
            ("expires".to_owned(), Value::new_long(2_000_000_000)),
            ("now".to_owned(), Value::new_long(1_767_323_045)),
            ("scopes".to_owned(), Value::new_set([text("READ"), text("WRITE")])),
            ("path".to_owned(), text("/items/7")),
        ]);
        let id = |text: &str| text.parse::<EntityUid>().unwrap();
        let (app, get, orders) = (id(r#"App::"shop""#), id(r#"Action::"GET""#), id(r#"Proxy::"orders""#));
        Request::new(app, get, orders, context.unwrap(), None).unwrap()
    };
    bench.add("authorization only/cedar, 10 policies, request ready", 300, |_| {
        let policies: PolicySet = policies.parse().unwrap();
        let entities = Entities::from_json_str(entities, None).unwrap();
        let (request, authorizer) = (request(), Authorizer::new());
        move |times| {
            for _ in 0..times {
                let answer = authorizer.is_authorized(black_box(&request), &policies, &entities);
                assert_eq!(answer.decision(), Decision::Allow);
            }
        }
    });
}

fn regorus(bench: &mut Bench) {
    use regorus::languages::rego::compiler::Compiler;
    use regorus::rvm::RegoVM;
    use regorus::{Engine, Rc, Value};

    const POLICY: &str = r#"package authz
import rego.v1
default allow := false
allow if {
    input.token.status == "approved"
    input.token.expires > input.now
    "READ" in input.token.scopes
    some name in input.token.products
    product := data.products[name]
    input.proxy in product.proxies
    input.method in product.methods
    some pattern in product.paths
    glob.match(pattern, ["/"], input.path)
}
"#;
    const DATA: &str = r#"{"products": {
        "gold": {"proxies": ["orders"], "methods": ["GET", "POST"], "paths": ["/open/**", "/status", "/items/*"]},
        "basic": {"proxies": ["other"], "methods": ["GET"], "paths": ["/none"]}}}"#;
    const INPUT: &str = r#"{"token": {"status": "approved", "expires": 2000000000, "scopes": ["READ", "WRITE"],
        "products": ["gold"]}, "now": 1767323045, "proxy": "orders", "method": "GET", "path": "/items/7"}"#;
    // Most of the first is its glob matcher, so the second has prefixes in place of globs.
    let prefixes = (
        POLICY.replace("glob.match(pattern, [\"/\"], input.path)", "startswith(input.path, pattern)"),
        DATA.replace("**", "").replace('*', ""),
    );
    for (name, policy, data) in [
        ("regorus RVM with cache, globs, input ready", POLICY, DATA),
        ("regorus RVM, prefixes, input ready", &prefixes.0, &prefixes.1),
    ] {
        bench.add(&format!("authorization only/{name}"), 500, |_| {
            let mut engine = Engine::new();
            engine.add_policy("authz.rego".into(), policy.into()).unwrap();
            engine.add_data_json(data).unwrap();
            let entry: Rc<str> = "data.authz.allow".into();
            let compiled = engine.compile_with_entrypoint(&entry).unwrap();
            let mut machine = RegoVM::new();
            machine.load_program(Compiler::compile_from_policy(&compiled, &["data.authz.allow"]).unwrap());
            machine.set_data(Value::from_json_str(data).unwrap()).unwrap();
            let input = Value::from_json_str(INPUT).unwrap();
            move |times| {
                for _ in 0..times {
                    machine.set_input(input.clone());
                    assert_eq!(black_box(machine.execute().unwrap()), Value::from(true));
                }
            }
        });
    }
}

fn casbin(bench: &mut Bench) {
    use casbin::prelude::{CoreApi, DefaultModel, Enforcer, MemoryAdapter, MgmtApi};

    const MODEL: &str = "[request_definition]\nr = sub, proxy, path, act\n[policy_definition]\np = sub, proxy, path, \
                         act\n[role_definition]\ng = _, _\n[policy_effect]\ne = some(where (p.eft == allow))\n\
                         [matchers]\nm = g(r.sub, p.sub) && r.proxy == p.proxy && r.act == p.act && \
                         keyMatch2(r.path, p.path)\n";
    bench.add("authorization only/casbin, 10 policies", 50, |_| {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let enforcer = runtime.block_on(async {
            let model = DefaultModel::from_str(MODEL).await.unwrap();
            let mut enforcer = Enforcer::new(model, MemoryAdapter::default()).await.unwrap();
            let mut rules: Vec<[String; 4]> =
                (0..8).map(|n| [format!("other-{n}"), format!("p{n}"), format!("/x{n}/*"), "GET".to_owned()]).collect();
            rules.push(["gold", "orders", "/open/*", "GET"].map(str::to_owned));
            rules.push(["gold", "orders", "/items/:id", "GET"].map(str::to_owned));
            for rule in rules {
                enforcer.add_policy(rule.to_vec()).await.unwrap();
            }
            enforcer.add_grouping_policy(vec!["shop".to_owned(), "gold".to_owned()]).await.unwrap();
            enforcer
        });
        move |times| {
            for _ in 0..times {
                assert!(enforcer.enforce((black_box("shop"), "orders", "/items/7", "GET")).unwrap());
            }
        }
    });
}
