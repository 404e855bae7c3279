//! A panic ends one request, never the server.

use std::any::Any;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

/// Runs a future; a panic inside of it is an error with the panic's message.
///
/// The future is dropped with everything it owns, and what it shares (engine, store, client) is built of atomics and
/// maps that no half-done change can leave broken: hence the assertion.
pub(super) async fn catch_panic<F: Future>(future: F) -> Result<F::Output, String> {
    let mut future = pin!(future);
    poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
        Ok(poll) => poll.map(Ok),
        Err(panic) => Poll::Ready(Err(message(&*panic))),
    })
    .await
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_an_error_with_its_message() {
        assert_eq!(catch_panic(async { 1 }).await, Ok(1));
        let yields = async {
            tokio::task::yield_now().await;
            std::panic::panic_any("as it should")
        };
        assert_eq!(
            catch_panic::<std::pin::Pin<Box<dyn Future<Output = ()>>>>(Box::pin(yields)).await,
            Err("as it should".to_owned())
        );
    }
}
