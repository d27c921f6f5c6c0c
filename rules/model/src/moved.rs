//! Places in what is kept: they move with the text before them.

use std::sync::Arc;

use svclint_syntax::Span;

use crate::joined::EditedFile;
use crate::place::{Place, Tri};
use crate::reading::Reading;
use crate::services::Binary;
use crate::system::{
    Backoff, Client, ClientSite, Deed, Function, Growing, Listener, Policy, Request, Route, RouteLayer,
    RouterSite, Service, What,
};

/// Where everything stands now.
pub(crate) struct Moved<'e> {
    pub(crate) edited: &'e [EditedFile],
}

impl Moved<'_> {
    fn place(&self, place: &mut Place) {
        if let Some(file) = self.edited.iter().find(|e| e.file == place.file) {
            let start = file.moved(place.span.start);
            place.span = Span::new(start, start + place.span.len());
        }
    }

    fn tri(&self, place: &mut Tri<Place>) {
        if let Tri::Present(place) = place {
            self.place(place);
        }
    }

    /// Whether a place lies in a file that was edited.
    fn is_in(&self, place: Place) -> bool {
        self.edited.iter().any(|e| e.file == place.file)
    }

    pub(crate) fn reading(&self, reading: &mut Reading) {
        if let Some(function) = &mut reading.function {
            self.function(function);
        }
        reading.requests.iter_mut().for_each(|sent| self.request(sent.request_mut()));
        for setting in &mut reading.settings {
            self.place(&mut setting.at);
            setting.fallback_at.iter_mut().for_each(|at| self.place(at));
        }
        reading.policies.iter_mut().for_each(|p| self.policy(p));
        reading.backoffs.iter_mut().for_each(|b| self.backoff(b));
        reading.channels.iter_mut().for_each(|c| self.place(&mut c.at));
        reading.key_stores.iter_mut().for_each(|s| self.place(&mut s.at));
    }

    pub(crate) fn function(&self, function: &mut Arc<Function>) {
        // A statement may be written in a constant of another file.
        let elsewhere = |deed: &Deed| match &deed.what {
            What::Sql(sql) => sql.text.is_some_and(|text| self.is_in(text)),
            What::SplicedSql(_) => self.is_in(deed.at),
            _ => false,
        };
        if !self.is_in(function.name) && !function.does.iter().any(elsewhere) {
            return;
        }
        let function = Arc::make_mut(function);
        for place in [&mut function.name, &mut function.whole, &mut function.params, &mut function.body] {
            self.place(place);
        }
        if let Some(span) = &mut function.span {
            self.place(&mut span.at);
            span.notes.iter_mut().for_each(|n| self.place(&mut n.at));
        }
        function.calls.iter_mut().for_each(|call| self.place(&mut call.at));
        function.does.iter_mut().for_each(|deed| self.deed(deed));
        function.course.places(&mut |place| self.place(place));
    }

    fn deed(&self, deed: &mut Deed) {
        self.place(&mut deed.at);
        match &mut deed.what {
            What::Unlimited { value, .. } => value.iter_mut().for_each(|place| self.place(place)),
            What::HeldLock(held) | What::HeldSpan { held, .. } | What::LockedClient { held, .. } => {
                held.places(&mut |place| self.place(place));
            }
            What::Log(noted) => noted.iter_mut().for_each(|n| self.place(&mut n.at)),
            What::Sql(sql) => sql.text.iter_mut().for_each(|text| self.place(text)),
            What::SplicedSql(spliced) => {
                self.place(&mut spliced.given_to);
                if let Some(parameters) = &mut spliced.parameters {
                    self.place(&mut parameters.statement);
                    self.place(&mut parameters.literal);
                }
            }
            What::LoadEnvFile(file) => file.demand.iter_mut().for_each(|at| self.place(at)),
            What::Layer(layer) => {
                layer.missed.iter_mut().for_each(|missed| self.place(&mut missed.at));
                layer.move_after.iter_mut().for_each(|at| self.place(at));
            }
            _ => {}
        }
    }

    fn policy(&self, policy: &mut Policy) {
        self.place(&mut policy.at);
        let parts = policy.given.iter_mut().map(|g| &mut g.at);
        let parts = parts.chain(&mut policy.pause).chain(&mut policy.delay).chain(&mut policy.block);
        parts.for_each(|place| self.place(place));
        policy.grows.iter_mut().for_each(|g| self.place(&mut g.base_at));
    }

    fn backoff(&self, backoff: &mut Backoff) {
        self.place(&mut backoff.at);
        self.place(&mut backoff.sleep);
        match &mut backoff.by {
            Growing::Power { exponent } => self.place(exponent),
            Growing::Times { statement, delay, factor, .. } => {
                [statement, delay, factor].into_iter().for_each(|place| self.place(place));
            }
        }
    }

    fn request(&self, request: &mut Request) {
        self.place(&mut request.at);
        self.place(&mut request.begun_at);
        self.place(&mut request.begun_call);
        self.tri(&mut request.bound);
        self.tri(&mut request.answer.status);
        if let Some(taken) = &mut request.answer.taken {
            self.place(&mut taken.at);
            taken.result.iter_mut().chain(&mut taken.question).for_each(|place| self.place(place));
        }
        if let Some(key) = &mut request.fresh_key {
            self.place(&mut key.value);
            self.place(&mut key.fresh);
            if let Some(hoist) = &mut key.hoist {
                let places = [&mut hoist.value, &mut hoist.before].into_iter().chain(&mut hoist.statement);
                places.for_each(|place| self.place(place));
            }
        }
    }

    pub(crate) fn client(&self, client: &mut Client) {
        let ClientSite { at, made, type_path, calls, .. } = &mut client.built;
        [at, made, type_path].into_iter().for_each(|place| self.place(place));
        calls.iter_mut().for_each(|(_, place)| self.place(place));
        self.tri(&mut client.retries);
    }

    pub(crate) fn binary(&self, binary: &mut Binary) {
        if let Some(service) = &mut binary.service {
            self.service(Arc::make_mut(service));
        }
    }

    fn service(&self, service: &mut Service) {
        service.listeners.iter_mut().for_each(|l| self.listener(l));
        service.routes.iter_mut().for_each(|r| self.route(r));
        service.correlation_in.iter_mut().chain(&mut service.handler_timeout).for_each(|p| self.place(p));
    }

    fn listener(&self, listener: &mut Listener) {
        self.place(&mut listener.at);
        self.tri(&mut listener.shutdown);
        listener.address_at.iter_mut().for_each(|p| self.place(p));
        if let Tri::Present(signals) = &mut listener.stops_on {
            signals.iter_mut().for_each(|s| self.place(&mut s.at));
        }
        if let Some(RouterSite { made, chain, calls, .. }) = &mut listener.router {
            self.place(made);
            self.place(chain);
            for call in calls {
                self.place(&mut call.at);
                call.arg.iter_mut().for_each(|arg| self.place(arg));
            }
        }
    }

    fn route(&self, route: &mut Route) {
        self.place(&mut route.at);
        route.path_at.iter_mut().for_each(|p| self.place(p));
        route.layers.iter_mut().for_each(|RouteLayer { at, .. }| self.place(at));
    }
}
