//! Counts allocations: what the hot path promises is exact, so it is a test.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    missing_docs,
    reason = "tests read files and stop at surprises"
)]

#[path = "../benches/jobs.rs"]
mod jobs;

/// Allocations of a hundred runs after a warm-up.
fn count(run: impl Fn()) -> u64 {
    (0..600).for_each(|_| run());
    allocation_counter::measure(|| (0..100).for_each(|_| run())).count_total
}

#[test]
fn verification_allocates_nothing() {
    for (name, run) in jobs::counted() {
        let allocations = count(run);
        // `benches/check-baseline.sh` reads these lines.
        println!("{name}: {allocations} allocations in 100 runs");
        if name.starts_with("verify: ") {
            assert_eq!(allocations, 0, "{name}");
        }
    }
}

#[test]
fn a_remembered_jwt_allocates_nothing() {
    for job in jobs::verify_jwt() {
        let allocations = count(|| job.run());
        println!("{}: {allocations} allocations in 100 runs", job.name);
        if job.name == "verify JWT: remembered" {
            assert_eq!(allocations, 0);
        }
    }
}

#[test]
fn an_accepted_key_allocates_nothing() {
    let entities = br#"{
        "apiProducts": [{"name": "Items", "apiResources": ["/items/*"]}],
        "developers": [{"email": "ada@example.com"}],
        "apps": [{"name": "Shop", "developerEmail": "ada@example.com", "credentials": [
            {"consumerKey": "shopKey", "apiProducts": ["Items"]}
        ]}]
    }"#;
    let entities = tollgate::entity::Entities::from_json("entities.json", entities).unwrap();
    for variable in ["request.header.x-apikey", "request.queryparam.apikey"] {
        let policy = format!("<VerifyAPIKey name='key'><APIKey ref='{variable}'/></VerifyAPIKey>");
        let deployment = tollgate::Deployment::new().policy("key.xml", &policy).entities(entities.clone());
        let engine = tollgate::PolicyEngine::new(deployment, tollgate::host::Host::in_memory()).unwrap();
        let request = http::Request::get("/items/7?apikey=shopKey").header("X-ApiKey", "shopKey");
        let request = request.body(bytes::Bytes::new()).unwrap();
        let allocations = count(|| assert!(engine.evaluate(&request).unwrap().is_allowed()));
        assert_eq!(allocations, 0, "{variable}");
    }
}
