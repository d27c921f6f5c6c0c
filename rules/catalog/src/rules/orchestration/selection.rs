//! What the selectors of Services may be meant for, found by labels and names: clusters have thousands of both.

use rustc_hash::FxHashMap;
use svclint_model::{Environment, Labels, Manifests, NetService, OtherObject, Workload};

use super::pods::selects;
use super::services::{Services, is_open, known};
use crate::rules::spelling::digits;

/// The objects of all manifests by what selectors ask for.
pub(super) struct Selection<'m> {
    manifests: &'m Manifests,
    workloads: Pods<'m>,
    services: Services<'m>,
    /// By the digits of a label's value: a slip of the hand leaves them as they are.
    near: FxHashMap<(&'m Environment, &'m str, String), Vec<&'m Workload>>,
    named: FxHashMap<(&'m Environment, &'m str), Vec<&'m Workload>>,
    others: FxHashMap<&'m str, Vec<&'m OtherObject>>,
}

/// Workloads by a label with its value; and those that may have others.
#[derive(Default)]
struct Pods<'m> {
    by_label: FxHashMap<(&'m str, &'m str), Vec<usize>>,
    open: Vec<usize>,
}

impl<'m> Selection<'m> {
    pub(super) fn read(manifests: &'m Manifests) -> Self {
        let mut workloads = Pods::default();
        let (mut near, mut named, mut others) =
            (FxHashMap::default(), FxHashMap::default(), FxHashMap::default());
        for (number, workload) in manifests.workloads.iter().enumerate().filter(|(_, w)| !w.is_compose()) {
            if is_open(&workload.labels) {
                workloads.open.push(number);
            }
            for (key, value) in known(&workload.labels) {
                workloads.by_label.entry((key, value)).or_default().push(number);
                push(&mut near, (&workload.environment, key, digits(value)), workload);
            }
            push(&mut named, (&workload.environment, workload.shown.as_str()), workload);
        }
        for other in &manifests.others {
            push(&mut others, other.name.as_str(), other);
        }
        Selection { manifests, workloads, services: Services::read(manifests), near, named, others }
    }

    /// The workloads of Kubernetes whose pods a selector takes, or may take, as they stand in the manifests.
    pub(super) fn pods(&self, service: &NetService, selector: &Labels) -> Vec<&'m Workload> {
        let of_label = |label| self.workloads.by_label.get(&label).map_or(&[][..], Vec::as_slice);
        let mut numbers = match known(selector).map(of_label).min_by_key(|found| found.len()) {
            Some(found) => [found, &self.workloads.open].concat(),
            None => (0..self.manifests.workloads.len()).collect(),
        };
        numbers.sort_unstable();
        numbers.dedup();
        let workloads = numbers.into_iter().filter_map(|number| self.manifests.workloads.get(number));
        workloads.filter(|w| !w.is_compose() && !selects(&service.selector, w).is_absent()).collect()
    }

    /// Whether some Service beside a workload leads to its pods, or may.
    pub(super) fn is_selected(&self, workload: &Workload) -> bool {
        self.services.may_lead_to(workload)
    }

    /// The workloads beside a Service whose labels may be those of its selector with a slip of the hand.
    pub(super) fn nearly(&self, service: &'m NetService, selector: &'m Labels) -> &[&'m Workload] {
        let of_label = |(key, value): (&'m str, &'m str)| {
            self.near.get(&(&service.environment, key, digits(value))).map_or(&[][..], Vec::as_slice)
        };
        known(selector).map(of_label).min_by_key(|found| found.len()).unwrap_or_default()
    }

    /// The workloads beside a Service that have its name.
    pub(super) fn namesakes(&self, service: &'m NetService) -> &[&'m Workload] {
        let key = (&service.environment, service.written.as_str());
        self.named.get(&key).map_or(&[][..], Vec::as_slice)
    }

    /// The objects of other kinds that have a name.
    pub(super) fn others(&self, name: &str) -> &[&'m OtherObject] {
        self.others.get(name).map_or(&[][..], Vec::as_slice)
    }
}

fn push<K: std::hash::Hash + Eq, V>(index: &mut FxHashMap<K, Vec<V>>, key: K, value: V) {
    index.entry(key).or_default().push(value);
}
