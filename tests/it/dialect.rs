//! Switches of the dialect that no vendor's name sets: what each changes.

use bytes::Bytes;
use tollgate::dialect::{AddressJudgement, BasicCredentials, ForwardedFor, ScopeMatch, UnreadableAddress};
use tollgate::entity::Entities;
use tollgate::host::{AccessToken, Answer, Host, MemoryTokenStore, TokenKey, TokenStatus, TokenStore as _};
use tollgate::{Deployment, Dialect, PolicyEngine};

const ENTITIES: &[u8] = br#"{
    "apiProducts": [{"name": "Open", "scopes": ["READ", "WRITE"]}],
    "developers": [{"email": "ada@example.com"}],
    "apps": [{"name": "Shop", "developerEmail": "ada@example.com", "credentials": [
        {"consumerKey": "shop key", "consumerSecret": "p+q%41:r", "apiProducts": ["Open"]}
    ]}]
}"#;

const ISSUE: &str = "<OAuthV2 name='p'><Operation>GenerateAccessToken</Operation>\
    <SupportedGrantTypes><GrantType>client_credentials</GrantType></SupportedGrantTypes></OAuthV2>";

fn engine(policy: &str, dialect: Dialect) -> PolicyEngine {
    let entities = Entities::from_json("entities.json", ENTITIES).unwrap();
    let store = MemoryTokenStore::new();
    let record = AccessToken {
        client_id: "shop key".into(),
        scope: "READ".into(),
        grant_type: "client_credentials".into(),
        status: TokenStatus::Approved,
        issued_at_ms: 0,
        expires_at_ms: None,
        api_products: ["Open".into()].into(),
        end_user: None,
        attributes: [].into(),
        refresh_count: 0,
        paired: None,
    };
    assert!(matches!(store.insert(TokenKey::new("tok"), record.into()), Answer::Ready(())));
    let deployment = Deployment::new().policy("p.xml", policy).entities(entities).dialect(dialect);
    PolicyEngine::new(deployment, Host::in_memory().with_tokens(store)).unwrap()
}

/// The fault and its status, or nothing when the request may go on; and the lifetime of the token that was issued.
fn run(policy: &str, dialect: Dialect, authorization: &str) -> (Option<(&'static str, u16)>, Option<String>) {
    let request = http::Request::post("/")
        .header("Authorization", authorization)
        .header("Content-Type", "application/x-www-form-urlencoded")
        .body(Bytes::from_static(b"grant_type=client_credentials"))
        .unwrap();
    let engine = engine(policy, dialect);
    let outcome = engine.evaluate(&request).unwrap();
    let lifetime = outcome.variable("oauthv2accesstoken.p.expires_in").map(|value| value.to_text().into_owned());
    (outcome.fault().map(|fault| (fault.code(), fault.status())), lifetime)
}

const RAW: &str = "Basic c2hvcCBrZXk6cCtxJTQxOnI=";
const ENCODED: &str = "Basic c2hvcCtrZXk6cCUyQnElMjU0MSUzQXI=";
const MALFORMED: &str = "Basic c2hvcCtrZXk6JXp6";

#[test]
fn basic_credentials_are_compared_raw_or_decoded() {
    let wrong = Some(("oauth.v2.InvalidClientIdentifier", 500));
    for (switch, authorization, want) in [
        (BasicCredentials::Raw, RAW, None),
        (BasicCredentials::Raw, ENCODED, wrong),
        (BasicCredentials::FormDecoded, RAW, wrong),
        (BasicCredentials::FormDecoded, ENCODED, None),
        (BasicCredentials::FormDecoded, MALFORMED, wrong),
    ] {
        let mut dialect = Dialect::apigee_x();
        dialect.basic_credentials = switch;
        assert_eq!(run(ISSUE, dialect, authorization).0, want, "{switch:?} {authorization}");
    }
}

#[test]
fn the_status_of_a_wrong_client_is_a_switch() {
    let mut dialect = Dialect::edge();
    dialect.invalid_client_identifier_status = 401;
    assert_eq!(run(ISSUE, dialect, "Basic eDp5").0, Some(("oauth.v2.InvalidClientIdentifier", 401)));
}

#[test]
fn the_lifetime_without_an_element_is_a_switch() {
    let mut dialect = Dialect::edge();
    dialect.access_token_lifetime_ms = 1_800_000;
    assert_eq!(run(ISSUE, dialect, RAW), (None, Some("1799".into())));
}

#[test]
fn listed_scopes_are_alternatives_or_all_needed() {
    let policy =
        |scope| format!("<OAuthV2 name='p'><Operation>VerifyAccessToken</Operation><Scope>{scope}</Scope></OAuthV2>");
    let lacks = Some(("steps.oauth.v2.InsufficientScope", 403));
    for (switch, scope, want) in [
        (ScopeMatch::Any, "READ WRITE", None),
        (ScopeMatch::Any, "WRITE", lacks),
        (ScopeMatch::All, "READ WRITE", lacks),
        (ScopeMatch::All, "READ", None),
        (ScopeMatch::All, "", None),
    ] {
        let mut dialect = Dialect::sap();
        dialect.scope_match = switch;
        assert_eq!(run(&policy(scope), dialect, "Bearer tok").0, want, "{switch:?} {scope}");
    }
}

#[test]
fn the_status_of_a_failed_lookup_is_a_switch() {
    let policy = "<GetOAuthV2Info name='p'><AccessToken>nobody</AccessToken></GetOAuthV2Info>";
    for status in [500, 404] {
        let mut dialect = Dialect::apigee_x();
        dialect.get_info_failure_status = status;
        assert_eq!(run(policy, dialect, RAW).0, Some(("keymanagement.service.invalid_access_token", status)));
    }
}

#[test]
fn the_status_of_a_failed_deletion_is_a_switch() {
    let policy = "<DeleteOAuthV2Info name='p'><AccessToken>nobody</AccessToken></DeleteOAuthV2Info>";
    for status in [401, 404] {
        let mut dialect = Dialect::apigee_x();
        dialect.delete_info_failure_status = status;
        assert_eq!(run(policy, dialect, RAW).0, Some(("keymanagement.service.invalid_access_token", status)));
    }
}

/// The fault of a request with this form, the text of it, and where it is redirected to.
fn post(policy: &str, dialect: Dialect, form: &'static str) -> (Option<String>, Option<String>) {
    let request = http::Request::post("/nowhere")
        .header("Authorization", "Bearer tok")
        .header("Content-Type", "application/x-www-form-urlencoded")
        .body(Bytes::from_static(form.as_bytes()))
        .unwrap();
    let engine = engine(policy, dialect);
    let outcome = engine.evaluate(&request).unwrap();
    let fault = outcome.fault().map(|fault| fault.to_string());
    let lifetime = outcome.variable("oauthv2accesstoken.p.refresh_token_expires_in");
    (fault, lifetime.map(|value| value.to_text().into_owned()))
}

#[test]
fn older_platforms_name_the_resource_that_is_missing() {
    let policy = "<OAuthV2 name='p'><Operation>VerifyAccessToken</Operation></OAuthV2>";
    let mut dialect = Dialect::edge();
    dialect.names_missing_resource = true;
    // The product opens every path, but not to a token that was issued for another.
    let (fault, _) = post(policy, dialect, "");
    assert_eq!(fault, None);
    let entities =
        String::from_utf8(ENTITIES.to_vec()).unwrap().replace("\"scopes\"", "\"apiResources\": [\"/a\"], \"scopes\"");
    let entities = Entities::from_json("entities.json", entities.as_bytes()).unwrap();
    for (named, code) in [
        (true, "401 keymanagement.service.apiresource_doesnot_exist: APIResource /nowhere does not exist"),
        (
            false,
            "401 keymanagement.service.InvalidAPICallAsNoApiProductMatchFound: Invalid API call as no apiproduct match found",
        ),
    ] {
        let mut dialect = Dialect::edge();
        dialect.names_missing_resource = named;
        let engine = engine(policy, dialect.clone());
        let deployment = Deployment::new().policy("p.xml", policy).entities(entities.clone()).dialect(dialect);
        engine.deploy(deployment).unwrap();
        let request = http::Request::get("/nowhere").header("Authorization", "Bearer tok").body(Bytes::new()).unwrap();
        let outcome = engine.evaluate(&request).unwrap();
        assert_eq!(outcome.fault().map(|fault| fault.to_string()).as_deref(), Some(code));
    }
}

const PASSWORD: &str = "<OAuthV2 name='p'><Operation>GenerateAccessToken</Operation>\
    <SupportedGrantTypes><GrantType>password</GrantType></SupportedGrantTypes></OAuthV2>";
const FORM: &str = "grant_type=password&client_id=shop+key&client_secret=p%2Bq%2541%3Ar&username=ada&password=x";

#[test]
fn the_lifetime_of_a_refresh_token_is_a_switch() {
    for (ms, seconds) in [(-1, "2147483647"), (60_000, "59")] {
        let mut dialect = Dialect::apigee_x();
        dialect.refresh_token_lifetime_ms = ms;
        assert_eq!(post(PASSWORD, dialect, FORM), (None, Some(seconds.to_owned())));
    }
}

#[test]
fn repeated_parameters_are_refused_or_not() {
    let repeated =
        "grant_type=password&grant_type=x&client_id=shop+key&client_secret=p%2Bq%2541%3Ar&username=a&password=x";
    for refuse in [true, false] {
        let mut dialect = Dialect::apigee_x();
        dialect.refuse_repeated_parameters = refuse;
        assert_eq!(post(PASSWORD, dialect, repeated).0.is_some(), refuse);
    }
}

#[test]
fn several_addresses_are_judged_apart_or_together_and_text_that_is_none_may_be_denied() {
    let policy = "<AccessControl name='p'><IPRules noRuleMatchAction='ALLOW'>\
        <MatchRule action='ALLOW'><SourceAddress mask='32'>192.0.2.1</SourceAddress></MatchRule>\
        <MatchRule action='DENY'><SourceAddress mask='8'>10.0.0.0</SourceAddress></MatchRule>\
        </IPRules></AccessControl>";
    let passes = |dialect: Dialect, forwarded: &str| {
        let request = http::Request::get("/").header("X-Forwarded-For", forwarded).body(Bytes::new()).unwrap();
        engine(policy, dialect).evaluate(&request).unwrap().is_allowed()
    };
    let mut together = Dialect::edge();
    together.address_judgement = AddressJudgement::FirstMatch;
    let mut strict = Dialect::edge();
    strict.unreadable_address = UnreadableAddress::Denied;
    for (forwarded, want) in [
        // Judged apart, judged together, text denied.
        ("192.0.2.1, 10.0.0.1", [false, true, false]),
        ("198.51.100.1, 10.0.0.1", [false, false, false]),
        ("198.51.100.1", [true, true, true]),
        ("198.51.100.1, unknown", [true, true, false]),
    ] {
        let got = [Dialect::edge(), together.clone(), strict.clone()].map(|dialect| passes(dialect, forwarded));
        assert_eq!(got, want, "{forwarded}");
    }
    let mut trusting = Dialect::apigee_x();
    assert!(!passes(trusting.clone(), "198.51.100.1, 10.0.0.1"));
    assert!(passes(trusting.clone(), "10.0.0.1, 198.51.100.1"));
    trusting.validate_based_on_alone = true;
    assert!(!passes(trusting.clone(), "10.0.0.1, 198.51.100.1"));
    trusting.forwarded_for = ForwardedFor::Last;
    assert!(passes(trusting, "10.0.0.1, 198.51.100.1"));
}
