//! Probes that speak HTTP/1.1 to servers that take only gRPC.

use svclint_model::{Listener, Place, Probe, ProbeAction, ProbeKind, Protocol, Tri};

use super::grpc_service_drift::GRPC_SERVICE_DRIFT;
use crate::rules::deployed::{Deployed, deployed};
use crate::{Context, Finding};

/// The probes that a program refuses.
pub(super) fn findings(cx: &Context<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for program in deployed(cx) {
        for probe in &program.container.probes {
            let refused = asked_port(&program, probe)
                .and_then(|(port, at)| Some((port, at, listener_at(&program, port)?)));
            found.extend(refused.map(|(port, at, by)| finding(&program, probe, port, at, by)));
        }
    }
    found
}

/// The port that a probe asks over HTTP, and where it stands.
fn asked_port(program: &Deployed<'_>, probe: &Probe) -> Option<(u16, Place)> {
    match &probe.action {
        ProbeAction::Http { port: Tri::Present(port), elsewhere: false, .. } => {
            Some((program.port_number(&port.value)?, port.at))
        }
        _ => None,
    }
}

/// The server of gRPC alone that is known to bind a port.
fn listener_at<'m>(program: &Deployed<'m>, port: u16) -> Option<&'m Listener> {
    let binds = |l: &&Listener| program.bound_port(l) == Some(port);
    let listener = program.service.listeners.iter().find(binds)?;
    let refuses = listener.protocol == Protocol::Grpc && matches!(listener.http2_only, Tri::Present(()));
    refuses.then_some(listener)
}

fn finding(program: &Deployed<'_>, probe: &Probe, port: u16, at: Place, by: &Listener) -> Finding {
    let (name, so) = match probe.kind {
        ProbeKind::Liveness => ("liveness", "the pod is restarted again and again"),
        ProbeKind::Readiness => ("readiness", "the pod never gets any traffic"),
        ProbeKind::Startup => ("startup", "the pod is restarted before it ever serves"),
        ProbeKind::Health => ("health", "the container never counts as healthy"),
    };
    let message = format!(
        "the {name} probe speaks HTTP/1.1 to port {port}, where `{}` takes only gRPC: {so}",
        program.service.name
    );
    program.explained(
        Finding::new(&GRPC_SERVICE_DRIFT, at, message)
            .help(format!("ask by `grpc: {{ port: {port} }}`, and serve `grpc.health.v1.Health`"))
            .label("only gRPC is answered here")
            .related(by.at, "the server, which does not accept HTTP/1.1")
            .subject(format!("{} {name} {port}", program.subject())),
    )
}
