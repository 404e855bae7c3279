use super::*;
use crate::diagnostic::{Diagnostics, Severity};
use crate::entity::Entities;
use serde_json::{Value, json};

const PROXIES: [&str; 3] = ["orders", "users", "API_2"];
const ORDERS: ProxyId = ProxyId(0);
const USERS: ProxyId = ProxyId(1);
const API_2: ProxyId = ProxyId(2);

fn try_build(document: &Value, rules: PathRules) -> (Option<Directory>, Diagnostics) {
    let entities = Entities::from_json("entities.json", document.to_string().as_bytes()).unwrap();
    let mut diagnostics = Diagnostics::new();
    let directory = Directory::build(entities, &PROXIES, "test", rules, &mut diagnostics);
    assert_eq!(directory.is_none(), diagnostics.has_errors());
    (directory, diagnostics)
}

fn build(document: &Value) -> Directory {
    let (directory, diagnostics) = try_build(document, PathRules::APIGEE);
    directory.unwrap_or_else(|| panic!("{diagnostics}"))
}

/// A directory of some products, all approved for the key `k` in their order.
fn with_products(products: &Value, rules: PathRules) -> Directory {
    let names: Vec<_> = products.as_array().unwrap().iter().map(|product| product["name"].clone()).collect();
    let (directory, diagnostics) = try_build(
        &json!({
            "apiProducts": products,
            "developers": [{"email": "ada@example.com"}],
            "apps": [{"name": "a", "developerEmail": "Ada@Example.com",
                      "credentials": [{"consumerKey": "k", "apiProducts": names}]}]
        }),
        rules,
    );
    directory.unwrap_or_else(|| panic!("{diagnostics}"))
}

fn admitted<'a>(directory: &'a Directory, proxy: ProxyId, path: &str, verb: &Method) -> Option<&'a str> {
    let admission = directory.admit_first(directory.find("k").unwrap(), proxy, path, verb)?;
    Some(&directory.product(admission.product).unwrap().name)
}

#[test]
fn a_directory_is_shared_between_threads() {
    fn shared<T: Send + Sync + 'static>() {}
    shared::<Directory>();
    shared::<CredentialRecord>();
}

#[test]
fn the_first_product_that_fits_wins() {
    let directory = with_products(
        &json!([
            {"name": "elsewhere", "environments": ["prod"]},
            {"name": "users", "proxies": ["users"], "environments": ["prod", "test"]},
            {"name": "narrow", "proxies": ["orders"], "apiResources": ["/orders"]},
            {"name": "wide", "apiResources": ["/**"]},
            {"name": "all"},
        ]),
        PathRules::APIGEE,
    );
    let get = |proxy, path| admitted(&directory, proxy, path, &Method::GET);
    assert_eq!(get(USERS, ""), Some("users"));
    assert_eq!(get(ORDERS, "/orders"), Some("narrow"));
    assert_eq!(get(ORDERS, "/orders/1"), Some("wide"));
    assert_eq!(get(ORDERS, ""), Some("all"));
    assert_eq!(get(ProxyId(99), "/x"), Some("wide"));
}

#[test]
fn unknown_proxies_and_unset_operations_open_nothing() {
    let directory = with_products(
        &json!([
            {"name": "gone", "proxies": ["gone"]},
            {"name": "no-operations", "operationGroup": {"operationConfigs": [{"apiSource": "orders"}]}},
            {"name": "remote", "operationGroup": {"operationConfigType": "remoteservice", "operationConfigs": [
                {"apiSource": "orders", "operations": [{"resource": "/"}]}]}},
            {"name": "graphql", "graphqlOperationGroup": {"operationConfigs": [{"apiSource": "orders"}]}},
        ]),
        PathRules::APIGEE,
    );
    for path in ["", "/", "/a"] {
        assert_eq!(admitted(&directory, ORDERS, path, &Method::GET), None);
    }
}

#[test]
fn operations_decide_by_proxy_path_and_method() {
    let directory = with_products(
        &json!([{
            "name": "p", "quota": "100", "quotaInterval": "1", "quotaTimeUnit": "day", "apiResources": ["/ignored"],
            "operationGroup": {"operationConfigs": [
                {"apiSource": "users", "operations": [{"resource": "/users/*", "methods": []}]},
                {"apiSource": "orders", "operations": [{"resource": "/orders", "methods": ["get", "POST"]}],
                 "quota": {"limit": "5", "interval": "1"}, "attributes": [{"name": "tier", "value": "gold"}]},
                {"apiSource": "orders", "operations": [{"resource": "/orders/**", "methods": ["ALL"]}],
                 "quota": {"limit": "null"}},
            ]}
        }]),
        PathRules::APIGEE,
    );
    let credential = directory.find("k").unwrap();
    let admit = |proxy, path: &str, verb: Method| directory.admit_first(credential, proxy, path, &verb);
    let orders = admit(ORDERS, "/orders", Method::POST).unwrap();
    let (config, operation) = directory.operation(orders.operation.unwrap()).unwrap();
    assert_eq!((config.api_source.as_str(), operation.resource.as_str()), ("orders", "/orders"));
    let quota = directory.quota(&orders).unwrap();
    assert_eq!((quota.limit.as_str(), quota.time_unit.as_deref()), ("5", Some("hour")));
    assert_eq!(directory.operation_attributes(&orders)[0].value, "gold");

    assert!(admit(ORDERS, "/orders", Method::GET).is_some());
    assert!(admit(ORDERS, "/orders", Method::DELETE).is_none());
    assert!(admit(ORDERS, "/ignored", Method::GET).is_none());
    assert!(admit(API_2, "/orders", Method::GET).is_none());
    assert!(admit(USERS, "/users/7", Method::PATCH).is_some());

    let below = admit(ORDERS, "/orders/7", Method::DELETE).unwrap();
    assert_eq!(directory.quota(&below).unwrap().limit, "100");
    assert_eq!(directory.operation_attributes(&below), []);
}

#[test]
fn sap_products_open_the_cross_product_of_apis_and_resources() {
    let products = json!([{"name": "p", "proxies": ["orders", "API_2"], "apiResources": ["/R1", "/R2", "/R3"]}]);
    let directory = with_products(&products, PathRules::SAP);
    let get = |proxy, path| admitted(&directory, proxy, path, &Method::GET).is_some();
    // R2 was chosen under the first API only, yet opens under the second one too.
    assert!(get(ORDERS, "/R1") && get(ORDERS, "/R2") && get(API_2, "/R2") && get(API_2, "/R3"));
    assert!(get(API_2, "/R1('x')"));
    assert!(!get(API_2, "/R1('x')/R2") && !get(API_2, "/R4") && !get(USERS, "/R1") && !get(ORDERS, "/$metadata"));
    let whole = with_products(&json!([{"name": "p", "proxies": ["orders"]}]), PathRules::SAP);
    assert_eq!(admitted(&whole, ORDERS, "/$metadata", &Method::GET), Some("p"));
}

#[test]
fn states_are_checked_in_order() {
    let good = ("approved", "-1", "approved", "active");
    let check = |(key, expires, app, developer): (&str, &str, &str, &str)| {
        let directory = build(&json!({
            "developers": [{"email": "ada@example.com", "developerId": "d", "status": developer}],
            "apps": [{"name": "a", "developerId": "d", "status": app,
                      "credentials": [{"consumerKey": "k", "status": key, "expiresAt": expires}]}]
        }));
        directory.credential(directory.find("k").unwrap()).unwrap().check(1_000)
    };
    assert_eq!(check(good), CredentialCheck::Ok);
    assert_eq!(check(("APPROVED", "1001", "Approved", "ACTIVE")), CredentialCheck::Ok);
    for (key, expires, app, developer, want) in [
        ("pending", "1", "revoked", "inactive", CredentialCheck::KeyNotApproved),
        ("zzz", "-1", "approved", "active", CredentialCheck::KeyNotApproved),
        ("approved", "1000", "revoked", "inactive", CredentialCheck::KeyExpired),
        ("approved", "-1", "pending", "inactive", CredentialCheck::AppNotApproved),
        ("approved", "-1", "approved", "login_lock", CredentialCheck::DeveloperNotActive),
        ("approved", "-1", "approved", "zzz", CredentialCheck::DeveloperNotActive),
    ] {
        assert_eq!(check((key, expires, app, developer)), want, "{key} {expires} {app} {developer}");
    }
}

#[test]
fn a_company_stands_for_the_developer() {
    let directory = build(&json!({
        "companies": [{"name": "acme", "status": "inactive"}],
        "apps": [{"name": "a", "companyName": "acme", "credentials": [{"consumerKey": "k"}]}]
    }));
    let credential = directory.credential(directory.find("k").unwrap()).unwrap();
    assert_eq!(credential.check(0), CredentialCheck::CompanyNotActive);
    assert_eq!((credential.company().unwrap().name.as_str(), credential.developer()), ("acme", None));
}

#[test]
fn credentials_give_products_and_scopes() {
    let directory = build(&json!({
        "apiProducts": [{"name": "p", "scopes": ["READ", "WRITE"]}, {"name": "q", "scopes": ["", "WRITE", "ADMIN"]},
                        {"name": "r", "scopes": ["ROOT"]}],
        "developers": [{"email": "ada@example.com"}],
        "apps": [{"name": "a", "developerEmail": "ada@example.com", "apiProducts": ["r"], "credentials": [
            {"consumerKey": "one", "consumerSecret": "s", "issuedAt": 5, "expiresInSeconds": 2,
             "apiProducts": ["p", {"apiproduct": "r", "status": "revoked"}, "q", "p"]},
            {"consumerKey": "two", "consumerSecret": "", "apiProducts": ["p", "q"]},
            {"consumerKey": "three", "apiProducts": ["q", "p"]},
            {"consumerKey": "four", "apiProducts": []}]}]
    }));
    let record = |key| directory.credential(directory.find(key).unwrap()).unwrap();
    assert_eq!(directory.scopes_of(directory.find("one").unwrap()), ["READ", "WRITE", "ADMIN"]);
    assert_eq!(record("one").expires_at(), Some(2_005));
    assert!(record("one").secret().unwrap().matches(b"s") && record("two").secret().is_none());
    let names = |key: &'static str| record(key).product_names().iter().map(|name| name.to_string()).collect::<Vec<_>>();
    assert_eq!(names("one"), ["p", "q"]);
    assert_eq!(names("one"), names("two"));
    assert_ne!(names("two"), names("three"));
    assert_eq!(record("four").products(), [directory.product_id("r").unwrap()]);
    assert_eq!(directory.find("ONE"), None);
    assert!(directory.credential(CredentialId(99)).is_none());
    assert_eq!(directory.admit_first(CredentialId(99), ORDERS, "/", &Method::GET), None);
}

#[test]
fn contradictions_are_found() {
    let developers =
        json!([{"email": "ada@example.com", "developerId": "1"}, {"email": "bob@example.com", "developerId": "2"}]);
    let app = |members: Value| {
        let mut app = json!({"name": "a", "developerEmail": "ada@example.com"});
        app.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        json!({"developers": developers.clone(), "apps": [app]})
    };
    let path = |path: &str| json!({"apiProducts": [{"name": "p", "apiResources": [path]}]});
    for (document, code, severity) in [
        (app(json!({"developerEmail": "eve@example.com"})), "entity::unknown-owner", Severity::Error),
        (app(json!({"companyName": "acme"})), "entity::unknown-owner", Severity::Error),
        (app(json!({"developerEmail": null})), "entity::no-owner", Severity::Error),
        (app(json!({"developerId": "2"})), "entity::two-owners", Severity::Error),
        (app(json!({"status": "zzz"})), "entity::status", Severity::Warning),
        (app(json!({"credentials": [{"consumerKey": ""}]})), "entity::empty-key", Severity::Error),
        (
            app(json!({"credentials": [{"consumerKey": "SECRET"}, {"consumerKey": "SECRET"}]})),
            "entity::duplicate-key",
            Severity::Error,
        ),
        (
            app(json!({"credentials": [{"consumerKey": "SECRET", "apiProducts": ["zzz"]}]})),
            "entity::unknown-product",
            Severity::Error,
        ),
        (
            app(json!({"credentials": [{"consumerKey": "SECRET", "expiresInSeconds": "60"}]})),
            "entity::expiry",
            Severity::Error,
        ),
        (json!({"apiProducts": [{"name": "p"}, {"name": "p"}]}), "entity::duplicate-product", Severity::Error),
        (json!({"developers": [{"email": "a@b"}, {"email": "A@b"}]}), "entity::duplicate-developer", Severity::Error),
        (path("orders"), "entity::resource-path", Severity::Warning),
        (path("/abc*/a"), "entity::resource-path", Severity::Warning),
        (path(&format!("/a*{}", "b".repeat(600))), "entity::resource-path", Severity::Error),
        (
            json!({"apiProducts": [{"name": "p", "apiResources": ["/a"], "operationGroup": {"operationConfigs": [
                {"apiSource": "orders", "operations": [{"resource": "/a", "methods": ["GET"]}]}]}}]}),
            "entity::resources-ignored",
            Severity::Warning,
        ),
        (
            json!({"apiProducts": [{"name": "p", "operationGroup": {"operationConfigs": [
                {"apiSource": "orders", "operations": [{"resource": "/a", "methods": ["GET IT"]}]}]}}]}),
            "entity::method",
            Severity::Error,
        ),
        (
            json!({"apiProducts": [{"name": "p", "llmOperationGroup": {"operationConfigs": [{}]}}]}),
            "entity::operation-group",
            Severity::Warning,
        ),
    ] {
        let (_, diagnostics) = try_build(&document, PathRules::APIGEE);
        let found: Vec<_> = diagnostics.iter().map(|d| (d.code, d.severity)).collect();
        assert_eq!(found, [(code, severity)], "{document}\n{diagnostics}");
        assert!(!diagnostics.to_string().contains("SECRET"), "{diagnostics}");
    }
    let (_, diagnostics) = try_build(&path("/$batch"), PathRules::SAP);
    assert_eq!(diagnostics.len(), 1);
    let empty = json!({"apiProducts": [{"name": "p", "llmOperationGroup": {"operationConfigs": []}}]});
    assert!(try_build(&empty, PathRules::SAP).1.is_empty());
}
