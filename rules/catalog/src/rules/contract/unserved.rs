//! gRPC services that are implemented and that no server answers with.

use svclint_model::{FileId, GrpcImpl, Listener, Model, Protocol, Service};

use crate::Context;

/// The server that a service is implemented for and that it was never added to.
pub(super) fn server_that_lacks<'m>(
    cx: &Context<'m>,
    implemented: &GrpcImpl,
) -> Option<(&'m Service, &'m Listener)> {
    let server = server_of(cx.model, implemented)?;
    (!is_served(cx.model, implemented) && !is_named(cx, implemented)).then_some(server)
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

/// Whether any code names what would serve it: macros and generic helpers may add it out of sight, and generators write
/// other modules beside the server's (`orders_actix`) that serve it too.
fn is_named(cx: &Context<'_>, implemented: &GrpcImpl) -> bool {
    let name = format!("{}Server", implemented.service);
    let module = snake(&implemented.service);
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let holds = |text: &str| {
        text.split(|c| !is_part(c)).any(|word| {
            let beside = word.strip_prefix(&module).and_then(|rest| rest.strip_prefix('_'));
            word == name || beside.is_some_and(|kind| kind != "server" && kind != "client")
        })
    };
    let files = cx.model.files.iter().enumerate();
    files
        .filter(|(_, path)| path.extension().is_some_and(|e| e == "rs"))
        .filter(|(number, _)| !cx.model.generated.get(*number).copied().unwrap_or(false))
        .any(|(number, _)| holds(cx.sources.text(FileId(number as u32))))
}

/// `StockLevels` → `stock_levels`
fn snake(name: &str) -> String {
    let mut snake = String::new();
    for c in name.chars() {
        if c.is_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.extend(c.to_lowercase());
    }
    snake
}
