//! gRPC services that are implemented and that no server answers with.

use svclint_model::{GrpcImpl, Listener, Model, Protocol, Service};

use crate::Context;

/// The server that a service is implemented for and that it was never added to.
pub(super) fn server_that_lacks<'m>(
    cx: &Context<'m>,
    implemented: &GrpcImpl,
) -> Option<(&'m Service, &'m Listener)> {
    let server = server_of(cx.model, implemented)?;
    (!is_served(cx.model, implemented) && !implemented.named).then_some(server)
}

/// The program with a gRPC server that a service is implemented for.
fn server_of<'m>(model: &'m Model, implemented: &GrpcImpl) -> Option<(&'m Service, &'m Listener)> {
    let grpc = |s: &'m Service| Some((s, s.listeners.iter().find(|l| l.protocol == Protocol::Grpc)?));
    let own = model.services.iter().filter(|s| s.package == implemented.package);
    own.map(|s| &**s).find_map(grpc)
}

/// Whether some program answers with it.
fn is_served(model: &Model, implemented: &GrpcImpl) -> bool {
    let prefix = format!("/{}/", implemented.full_name);
    let serves = |s: &Service| {
        s.routes
            .iter()
            .any(|r| r.handler.is_some_and(|h| implemented.fns.contains(&h)) || r.path.starts_with(&prefix))
    };
    model.services.iter().any(|s| serves(s))
}
