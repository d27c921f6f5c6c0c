//! A panic in one handler is one error answer.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::FutureExt;
use tower_lsp_server::jsonrpc::{Error, Request, Response};
use tower_service::Service;

/// Wraps the service. The inner call is made at once: the order of calls is the order of messages.
pub(super) struct Barrier<S>(pub(super) S);

impl<S> Service<Request> for Barrier<S>
where
    S: Service<Request, Response = Option<Response>>,
    S::Future: Send + 'static,
{
    type Response = Option<Response>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Option<Response>, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let (_, id, _) = request.clone().into_parts();
        let answer = self.0.call(request);
        Box::pin(async move {
            match AssertUnwindSafe(answer).catch_unwind().await {
                Ok(answer) => answer,
                Err(_) => Ok(id.map(|id| Response::from_error(id, Error::internal_error()))),
            }
        })
    }
}
