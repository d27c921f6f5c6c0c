//! What one body says: its function, and what it sends, makes, reads and serves.

use std::sync::Arc;

use smol_str::SmolStr;
use svclint_knowledge::Action;

use crate::bodies::{BodyId, BodyOwner};
use crate::clients::{Built, made_at, make_client, open_finish};
use crate::delays;
use crate::functions::{Known, function};
use crate::limits::{channel, key_store, policy};
use crate::loops;
use crate::requests::{Sent, sent};
use crate::settings;
use crate::system::{Backoff, Channel, Function, KeyStore, Policy, Setting, What};
use crate::tracer::{At, Tracer};

/// What one body says.
pub(crate) struct Reading {
    /// Its requests and settings are counted within this reading.
    pub(crate) function: Option<Arc<Function>>,
    pub(crate) requests: Vec<Sent>,
    pub(crate) settings: Vec<Setting>,
    pub(crate) policies: Vec<Policy>,
    pub(crate) backoffs: Vec<Backoff>,
    pub(crate) channels: Vec<Channel>,
    pub(crate) key_stores: Vec<KeyStore>,
    /// The clients that its calls make or complete.
    pub(crate) made: Vec<(At, Option<Built>)>,
    /// The types of builders that its calls finish, of which it is not known where they come from.
    pub(crate) open: Vec<SmolStr>,
    /// The constructors of clients that it hands on as values.
    pub(crate) handed: Vec<At>,
    /// The calls that serve.
    pub(crate) serves: Vec<At>,
}

impl Reading {
    pub(crate) fn of(tracer: &Tracer<'_>, body: BodyId) -> Reading {
        let mut reading = Reading {
            function: None,
            requests: Vec::new(),
            settings: Vec::new(),
            policies: Vec::new(),
            backoffs: delays::backoffs(tracer, body),
            channels: Vec::new(),
            key_stores: Vec::new(),
            made: Vec::new(),
            open: Vec::new(),
            handed: Vec::new(),
            serves: Vec::new(),
        };
        let mut known = Known::default();
        for call in tracer.calls(body) {
            reading.made.extend(made_at(tracer, call));
            reading.open.extend(open_finish(tracer, call));
            let actions = tracer.actions(call);
            if actions.is_empty() {
                continue;
            }
            if actions.iter().any(|a| matches!(a, Action::Send))
                && let Some(sent) = sent(tracer, call)
            {
                known.requests.insert(call, reading.requests.len() as u32);
                reading.requests.push(sent);
            }
            let settings = settings::all(tracer, call);
            if !settings.is_empty() {
                known.settings.insert(call, reading.settings.len() as u32);
                reading.settings.extend(settings);
            }
            reading.policies.extend(policy(tracer, call));
            reading.channels.extend(channel(tracer, call));
            reading.key_stores.extend(key_store(tracer, call));
            if actions.iter().any(|a| matches!(a, Action::Serve { .. })) {
                reading.serves.push(call);
            }
        }
        let values = tracer.function_values(body).into_iter();
        reading.handed = values.filter(|at| make_client(tracer, *at).is_some()).collect();
        let loops = loops::retries(tracer, body);
        if let BodyOwner::Fn(id) = tracer.body(body).owner {
            let mut function = function(tracer, &known, id);
            loops::mark(&loops, &mut function);
            reading.function = Some(Arc::new(function));
        }
        reading.policies.extend(loops.into_iter().map(|l| l.policy));
        reading
    }

    /// The function with its requests and settings counted among those of the whole workspace.
    pub(crate) fn counted(&self, requests_before: u32, settings_before: u32) -> Option<Arc<Function>> {
        let function = self.function.as_ref()?;
        if self.requests.is_empty() && self.settings.is_empty() {
            return Some(function.clone());
        }
        let mut counted = Function::clone(function);
        for deed in &mut counted.does {
            match &mut deed.what {
                What::Request(number) => *number += requests_before,
                What::ReadEnv(number) => *number += settings_before,
                _ => {}
            }
        }
        Some(Arc::new(counted))
    }
}
