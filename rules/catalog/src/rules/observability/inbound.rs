//! What a service makes of the ids and traces of the requests that it answers.

use svclint_model::{Carries, Deed, Place, Service, Tri, What, is_correlation_header};

use crate::Context;

/// Whether nothing in a service takes an id or a trace from a request, nor gives it one: all its middleware is known, and no
/// code of the packages that it is built from does.
pub(super) fn takes_nothing_in(cx: &Context<'_>, service: &Service) -> bool {
    let known = service.routes.iter().flat_map(|r| &r.layers).all(|l| l.known);
    if service.correlation_in.is_some() || !service.routes_complete || !known {
        return false;
    }
    let mut packages: Vec<u32> = service.functions.iter().map(|f| cx.model.function(*f).package).collect();
    packages.sort_unstable();
    packages.dedup();
    let own = cx.model.functions.iter().filter(|f| packages.contains(&f.package));
    !own.flat_map(|f| &f.does).any(may_take_in)
}

fn may_take_in(deed: &Deed) -> bool {
    match &deed.what {
        What::Propagates(_) | What::Carries(Carries::CorrelationIn) => true,
        What::ReadHeader(Tri::Present(name)) => is_correlation_header(name),
        What::ReadHeader(Tri::Unknown) => true,
        _ => false,
    }
}

/// Where the spans of a service are sent away.
pub(super) fn exported(cx: &Context<'_>, service: &Service) -> Option<Place> {
    let all = service.functions.iter().flat_map(|f| &cx.model.function(*f).does);
    all.filter(|d| matches!(d.what, What::ExportTraces(_))).map(|d| d.at).min()
}

/// What ties the requests of a service together.
#[derive(Clone, Copy)]
pub(super) enum Trail {
    /// The id, or the trace, that it takes in or gives them.
    Id(Place),
    /// The traces that it exports.
    Spans(Place),
}

/// What is said of a call that loses it.
pub(super) struct Words {
    pub(super) what: &'static str,
    pub(super) begins: &'static str,
    pub(super) lost: &'static str,
    pub(super) label: &'static str,
    pub(super) help: &'static str,
}

impl Trail {
    pub(super) fn of(cx: &Context<'_>, service: &Service) -> Option<Trail> {
        let id = service.correlation_in.map(Trail::Id);
        id.or_else(|| exported(cx, service).map(Trail::Spans))
    }

    /// Where it begins, and what is said of it.
    pub(super) fn told(self) -> (Place, &'static Words) {
        match self {
            Trail::Id(at) => (at, &ID),
            Trail::Spans(at) => (at, &SPANS),
        }
    }
}

const ID: Words = Words {
    what: "request id",
    begins: "incoming requests get their id here",
    lost: "the next service cannot be tied to this request",
    label: "sent without the id",
    help: "set the id as a header of the outbound request, or wrap the client in a middleware that does",
};

const SPANS: Words = Words {
    what: "trace",
    begins: "the spans of its requests are exported here",
    lost: "the next service begins a new one",
    label: "sent without the context of the trace",
    help: "have the propagator write the context of the span into the headers, or wrap the client in a middleware that does",
};
