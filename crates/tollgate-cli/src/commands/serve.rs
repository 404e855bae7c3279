//! `tollgate serve`: bundles over HTTP until a signal stops it.

use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use clap::Args;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tollgate::bundle::{Bundle, Connection, Destination};
use tollgate::host::Host;
use tollgate::{Deployment, PolicyEngine};
use tollgate_gateway::server::{Targets, Timeouts, serve_layer};
use tollgate_gateway::{FailClosed, TokenBackend, TollgateLayer};

use crate::deploy::{Contents, DeployArguments, DeployOptions, complain, sorted};
use crate::failure::Failure;

#[cfg(feature = "redis")]
mod redis;

/// Serves on the loopback address only, unless told otherwise; prints one line when it is ready.
#[derive(Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    deploy: DeployArguments,
    /// Port; 0 for a free one
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// Address to listen on
    #[arg(long, value_name = "ADDRESS", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    bind: IpAddr,
    #[cfg(feature = "redis")]
    #[command(flatten)]
    redis: redis::RedisArguments,
}

pub(crate) fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<(), Failure> {
    let runtime = Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Failed(format!("cannot start: {error}")))?;
    #[cfg(feature = "redis")]
    if let Some(tokens) = runtime.block_on(arguments.redis.open())? {
        let host = Host::in_memory().with_tokens(tokens.clone());
        return run_on(&runtime, arguments, host, tokens, out);
    }
    run_on(&runtime, arguments, Host::in_memory(), FailClosed, out)
}

/// Serves with the tokens of a host, and a backend for those it defers.
fn run_on<T: TokenBackend + 'static>(
    runtime: &Runtime,
    arguments: &Arguments,
    host: Host,
    tokens: T,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let DeployArguments { paths, options } = &arguments.deploy;
    let layer = TollgateLayer::new(engine(paths, options, host)?).token_backend(tokens);
    let targets = Targets::builder().report(|what| eprintln!("tollgate: {what}")).build();
    let address = SocketAddr::new(arguments.bind, arguments.port);
    runtime.block_on(async {
        let listening = async {
            let listener = TcpListener::bind(address).await?;
            let address = listener.local_addr()?;
            io::Result::Ok((listener, address))
        };
        let (listener, address) = listening.await.map_err(|error| cannot_listen(address, &error))?;
        // Before the line: whoever waits for it may send the signal at once.
        let stop = stop_signal().map_err(|error| Failure::Failed(format!("cannot wait for signals: {error}")))?;
        writeln!(out, "listening on http://{address}")?;
        out.flush()?;
        let served = serve_layer(listener, layer, targets, Timeouts::default(), stop).await;
        served.map_err(|error| Failure::Failed(format!("cannot go on: {error}")))
    })
}

/// The engine for what the paths hold; findings go to standard error.
fn engine(paths: &[std::path::PathBuf], options: &DeployOptions, host: Host) -> Result<PolicyEngine, Failure> {
    let contents = Contents::read(paths)?;
    if !contents.policies.is_empty() {
        return Err(Failure::Usage("`serve` takes bundles; `eval` runs single policies".into()));
    }
    let entities = options.read_entities()?;
    let deployment: Deployment = options.deployment(&contents, &entities);
    let refused = contents.loaded.diagnostics.has_errors();
    let findings = deployment.check();
    complain(sorted([contents.loaded.diagnostics, findings]));
    if refused {
        return Err(Failure::Failed("the bundles have errors".into()));
    }
    warn_of_https(&contents.loaded.bundles, options);
    // The findings were shown above.
    PolicyEngine::new(deployment, host).map_err(|error| Failure::Failed(error.kind().to_string()))
}

/// Says which targets cannot be reached before a request finds out.
fn warn_of_https(bundles: &[Bundle], options: &DeployOptions) {
    for bundle in bundles {
        for target in &bundle.target_endpoints {
            let given = |name: &str| options.targets.iter().find(|it| it.proxy == bundle.name && it.endpoint == name);
            let url = match given(&target.name.value) {
                Some(given) => Some(given.url.as_str()),
                None => match &target.connection {
                    Some(Connection::Http(http)) => match &http.destination {
                        Some(Destination::Url(url)) => Some(url.value.as_str()),
                        _ => None,
                    },
                    _ => None,
                },
            };
            if let Some(url) = url.filter(|url| url.starts_with("https:")) {
                let place = format!("{}/{}", bundle.name, target.name.value);
                eprintln!(
                    "tollgate: target `{place}` is `{url}`, but only plain http is spoken: give `--target {place}=http://...`"
                );
            }
        }
    }
}

fn cannot_listen(address: SocketAddr, error: &io::Error) -> Failure {
    Failure::Failed(match error.kind() {
        io::ErrorKind::AddrInUse => format!("cannot listen on {address}: the port is taken"),
        _ => format!("cannot listen on {address}: {error}"),
    })
}

/// Resolves at the first SIGINT or SIGTERM.
#[cfg(unix)]
fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    use std::future::poll_fn;
    use std::task::Poll;
    use tokio::signal::unix::{SignalKind, signal};

    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(poll_fn(move |cx| match (interrupt.poll_recv(cx), terminate.poll_recv(cx)) {
        (Poll::Pending, Poll::Pending) => Poll::Pending,
        _ => Poll::Ready(()),
    }))
}

/// Resolves at the first Ctrl-C.
#[cfg(not(unix))]
fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    Ok(async { drop(tokio::signal::ctrl_c().await) })
}
