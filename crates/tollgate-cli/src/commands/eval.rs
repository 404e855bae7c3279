//! `tollgate eval`: one request, and all there is to see of it.

use std::io::Write;
use std::path::PathBuf;

use bytes::Bytes;
use clap::Args;
use http::header::{HeaderName, HeaderValue};
use http::{HeaderMap, Method, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt, Full};
use tollgate::entity::Entities;
use tollgate::host::{FixedClock, Host, HostFailure};
use tollgate::message::ClientInfo;
use tollgate::{Decision, NeedTarget, Outcome, PolicyEngine, Progress};
use tollgate_cases::{format, issue, parse_time};
use tollgate_gateway::server::Targets;
use tower_service::Service;

use crate::deploy::{Contents, DeployOptions, complain, sorted};
use crate::failure::Failure;
use crate::mask::Mask;

/// Exit code 0 whatever the decision; 1 when the policies cannot be deployed.
#[derive(Args)]
#[command(override_usage = "tollgate eval [OPTIONS] <PATH>... <URL-PATH>")]
pub(crate) struct Arguments {
    /// Policy files, or folders, trees and zip archives of bundles; and last, path and query of the request
    #[arg(required = true, num_args = 1.., value_name = "PATH")]
    paths_and_url: Vec<String>,
    #[command(flatten)]
    options: DeployOptions,
    /// Method; POST when there is a body, GET otherwise
    #[arg(short = 'X', long = "method", value_name = "METHOD")]
    method: Option<Method>,
    /// A header, as in `Accept: text/plain`
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE", value_parser = header)]
    headers: Vec<(HeaderName, HeaderValue)>,
    /// The body; a form unless a header says otherwise
    #[arg(short = 'd', long = "data", value_name = "BODY")]
    data: Option<String>,
    /// A token in the store, approved for all products of the client, with all their scopes
    #[arg(long = "token", value_name = "TEXT=CLIENT_ID", value_parser = token)]
    tokens: Vec<(String, String)>,
    /// What the target answers, in place of a call
    #[arg(long, value_name = "STATUS[:BODY]", value_parser = respond, conflicts_with = "targets")]
    respond: Option<(StatusCode, String)>,
    /// The time, as in `2026-01-02T03:04:05Z`
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    now: Option<i64>,
    /// Shows credentials and tokens in place of `***`
    #[arg(long)]
    show_secrets: bool,
}

fn header(text: &str) -> Result<(HeaderName, HeaderValue), String> {
    let (name, value) = text.split_once(':').ok_or("want NAME: VALUE")?;
    let name = name.trim().parse().map_err(|_| format!("`{name}` is not a header name"))?;
    Ok((name, HeaderValue::from_str(value.trim()).map_err(|_| "the value has characters no header may have")?))
}

fn token(text: &str) -> Result<(String, String), String> {
    // Tokens may end in `=`, client ids do not hold one.
    match text.rsplit_once('=') {
        Some((token, client)) if !token.is_empty() && !client.is_empty() => Ok((token.into(), client.into())),
        _ => Err("want TEXT=CLIENT_ID".into()),
    }
}

fn respond(text: &str) -> Result<(StatusCode, String), String> {
    let (status, body) = text.split_once(':').unwrap_or((text, ""));
    let status = status.parse().map_err(|_| format!("`{status}` is not a status"))?;
    Ok((status, body.to_owned()))
}

fn path(text: &str) -> Result<Uri, String> {
    if !text.starts_with('/') {
        return Err("want a path that starts with `/`".into());
    }
    text.parse().map_err(|error| format!("`{text}` is not a path: {error}"))
}

pub(crate) fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<(), Failure> {
    // Split here, because options may stand between the two.
    let Some((url, paths)) = arguments.paths_and_url.split_last() else {
        return Err(Failure::Usage("want a path of the request".into()));
    };
    let url = path(url).map_err(|wrong| Failure::Usage(format!("`{url}` as the path of the request: {wrong}")))?;
    if paths.is_empty() {
        return Err(Failure::Usage("want the path of a policy or bundle before the path of the request".into()));
    }
    let paths: Vec<PathBuf> = paths.iter().map(PathBuf::from).collect();
    let contents = Contents::read(&paths)?;
    if !contents.policies.is_empty() && !contents.loaded.bundles.is_empty() {
        return Err(Failure::Usage("give bundles or policy files, not both".into()));
    }
    let entities = arguments.options.read_entities()?;
    let host = match arguments.now {
        Some(now) => Host::in_memory().with_clock(FixedClock(now)),
        None => Host::in_memory(),
    };
    let mut mask = Mask::new(arguments.show_secrets);
    fill_store(arguments, &entities, &host, &mut mask)?;
    let deployment = arguments.options.deployment(&contents, &entities);
    let refused = contents.loaded.diagnostics.has_errors();
    complain(sorted([contents.loaded.diagnostics, deployment.check()]));
    if refused {
        return Err(Failure::Failed("the bundles have errors".into()));
    }
    let engine = PolicyEngine::new(deployment, host).map_err(|error| Failure::Failed(error.kind().to_string()))?;

    let request = request(arguments, url);
    mask.learn_request(&request);
    let mut progress = engine.begin(&request);
    let outcome = loop {
        progress = match progress {
            Progress::Done(outcome) => break outcome,
            // The store in memory never waits.
            Progress::NeedToken(need) => need.fail(HostFailure),
            // A command that evaluates one request opens no connection.
            Progress::NeedJwks(need) => need.fail(HostFailure),
            Progress::NeedTarget(need) => {
                show_target(need.request(), &mask, out)?;
                match answer(arguments, need)? {
                    Some(progress) => progress,
                    None => {
                        writeln!(out, "decision: call the target; say what it answers with `--respond` or `--target`")?;
                        return Ok(());
                    }
                }
            }
        };
    };
    show(outcome, &mask, out)
}

fn fill_store(arguments: &Arguments, entities: &Entities, host: &Host, mask: &mut Mask) -> Result<(), Failure> {
    let now_ms = host.clock().now_ms().map_err(|error| Failure::Failed(error.to_string()))?;
    for (text, client) in &arguments.tokens {
        mask.learn(text);
        let token = format::Token {
            access_token: text.clone(),
            client_id: client.clone(),
            scope: scopes(entities, client),
            ..format::Token::default()
        };
        issue(host.tokens(), &token, entities, now_ms).map_err(|error| Failure::Failed(error.to_string()))?;
    }
    Ok(())
}

/// Every scope of the products of a client's apps, each once.
fn scopes(entities: &Entities, client: &str) -> String {
    let apps = entities.apps.iter().filter(|app| app.credentials.iter().any(|it| it.consumer_key == client));
    let named =
        apps.flat_map(|app| app.api_products.iter().chain(app.credentials.iter().flat_map(|it| &it.api_products)));
    let mut all: Vec<&str> = Vec::new();
    for name in named {
        for product in entities.api_products.iter().filter(|product| product.name == name.apiproduct) {
            for scope in product.scopes.iter().map(|scope| scope.trim()).filter(|scope| !scope.is_empty()) {
                if !all.contains(&scope) {
                    all.push(scope);
                }
            }
        }
    }
    all.join(" ")
}

fn request(arguments: &Arguments, url: Uri) -> Request<Bytes> {
    let body = arguments.data.clone().unwrap_or_default();
    let mut request = Request::new(Bytes::from(body));
    *request.uri_mut() = url;
    let usual = if arguments.data.is_some() { Method::POST } else { Method::GET };
    *request.method_mut() = arguments.method.clone().unwrap_or(usual);
    for (name, value) in &arguments.headers {
        request.headers_mut().append(name, value.clone());
    }
    if arguments.data.is_some() {
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        request.headers_mut().entry(http::header::CONTENT_TYPE).or_insert(form);
    }
    let loopback = std::net::Ipv4Addr::LOCALHOST.into();
    request.extensions_mut().insert(ClientInfo {
        ip: Some(loopback),
        scheme: Some("http".into()),
        ..ClientInfo::default()
    });
    request
}

/// Goes on with what the target answers, where the command line says how to get it.
fn answer<'r>(arguments: &Arguments, need: NeedTarget<'r>) -> Result<Option<Progress<'r>>, Failure> {
    if let Some((status, body)) = &arguments.respond {
        let mut response = Response::new(Bytes::from(body.clone()));
        *response.status_mut() = *status;
        return Ok(Some(need.answer(response)));
    }
    let called = |it: &crate::deploy::TargetUrl| it.proxy == need.proxy() && it.endpoint == need.target_endpoint();
    if !arguments.options.targets.iter().any(called) {
        return Ok(None);
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Failed(format!("cannot start: {error}")))?;
    let request = need.request().clone().map(Full::new);
    let result = runtime.block_on(async {
        // The client belongs to the runtime: it is made and dropped inside of it.
        let mut targets = Targets::builder().report(|what| eprintln!("tollgate: {what}")).build();
        let (parts, body) = targets.call(request).await?.into_parts();
        let Ok(body) = body.collect().await;
        Ok::<_, tollgate_gateway::TargetError>(Response::from_parts(parts, body.to_bytes()))
    });
    Ok(Some(match result {
        Ok(response) => need.answer(response),
        Err(error) => need.fail(error.failure()),
    }))
}

fn show_target(request: &Request<Bytes>, mask: &Mask, out: &mut dyn Write) -> Result<(), Failure> {
    writeln!(out, "target: {} {}", request.method(), mask.text(&request.uri().to_string()))?;
    show_message(request.headers(), request.body(), mask, out)
}

fn show_message(headers: &HeaderMap, body: &[u8], mask: &Mask, out: &mut dyn Write) -> Result<(), Failure> {
    for (name, value) in headers {
        writeln!(out, "{name}: {}", mask.named(name.as_str(), &String::from_utf8_lossy(value.as_bytes())))?;
    }
    writeln!(out)?;
    if !body.is_empty() {
        writeln!(out, "{}\n", mask.body(body))?;
    }
    Ok(())
}

fn show(outcome: Outcome<'_>, mask: &Mask, out: &mut dyn Write) -> Result<(), Failure> {
    match outcome.decision() {
        Decision::Continue(request) => {
            writeln!(out, "decision: continue")?;
            writeln!(out, "request: {} {}", request.method(), mask.text(&request.uri().to_string()))?;
            show_message(request.headers(), request.body(), mask, out)?;
        }
        Decision::Respond(_) => writeln!(out, "decision: respond")?,
        Decision::Fault(fault) => {
            let policy = fault.policy().map(|policy| format!(" by policy `{policy}`")).unwrap_or_default();
            writeln!(out, "decision: fault {}{policy}: {}", fault.code(), mask.text(&fault.message()))?;
        }
    }
    let variables: Vec<(String, String)> = outcome
        .variables()
        .into_iter()
        .map(|(name, value)| (name.to_owned(), mask.named(name, &value.to_text())))
        .collect();
    if let Some(response) = outcome.into_response() {
        let status = response.status();
        writeln!(out, "response: {} {}", status.as_u16(), status.canonical_reason().unwrap_or_default())?;
        show_message(response.headers(), response.body(), mask, out)?;
    }
    writeln!(out, "variables:")?;
    for (name, value) in variables {
        writeln!(out, "  {name} = {value}")?;
    }
    Ok(())
}
