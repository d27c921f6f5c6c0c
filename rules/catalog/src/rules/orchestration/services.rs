//! The Services of a cluster, found by the labels that their selectors ask for: there may be thousands.

use rustc_hash::FxHashMap;
use svclint_model::{Labels, Manifests, NetService, Tri, Workload};

use super::pods::{in_same_tree, same_namespace, selects, together};

/// Services by one label that their selector asks for; and those that ask for none that is known.
pub(in crate::rules) struct Services<'m> {
    all: &'m [NetService],
    by_label: FxHashMap<(&'m str, &'m str), Vec<usize>>,
    open: Vec<usize>,
}

impl<'m> Services<'m> {
    pub(in crate::rules) fn read(manifests: &'m Manifests) -> Self {
        let (mut by_label, mut open) = (FxHashMap::<_, Vec<usize>>::default(), Vec::new());
        for (number, service) in manifests.services.iter().enumerate() {
            match service.selector.present().and_then(|selector| known(selector).next()) {
                Some(label) => by_label.entry(label).or_default().push(number),
                None => open.push(number),
            }
        }
        Services { all: &manifests.services, by_label, open }
    }

    /// The services that lead traffic to a workload's pods, for certain.
    pub(in crate::rules) fn of(&self, workload: &'m Workload) -> impl Iterator<Item = &'m NetService> {
        let leads = |s: &&NetService| {
            same_namespace(&s.namespace, &workload.namespace)
                && matches!(selects(&s.selector, workload), Tri::Present(()))
        };
        let mut leading = self.asking_for(&workload.labels);
        leading.retain(leads);
        let beside = |s: &NetService| together(&s.environment, &workload.environment);
        let has_own = leading.iter().any(|s| beside(s));
        let near = move |s: &NetService| {
            beside(s) || !has_own && in_same_tree(&s.environment, &workload.environment)
        };
        leading.into_iter().filter(move |s| near(s))
    }

    /// Whether some Service beside a workload leads to its pods, or may.
    pub(super) fn may_lead_to(&self, workload: &Workload) -> bool {
        let leads = |service: &NetService| {
            together(&service.environment, &workload.environment)
                && !selects(&service.selector, workload).is_absent()
        };
        match is_open(&workload.labels) {
            true => self.all.iter().any(leads),
            false => self.asking_for(&workload.labels).into_iter().any(leads),
        }
    }

    /// The services whose selectors ask for one of the labels, or for none that is known, as they stand in the manifests.
    fn asking_for(&self, labels: &Labels) -> Vec<&'m NetService> {
        let found = known(labels).filter_map(|label| self.by_label.get(&label)).flatten();
        let mut numbers: Vec<usize> = found.chain(&self.open).copied().collect();
        numbers.sort_unstable();
        numbers.into_iter().filter_map(|number| self.all.get(number)).collect()
    }
}

/// The labels whose value is known.
pub(super) fn known(labels: &Labels) -> impl Iterator<Item = (&str, &str)> {
    labels.all.iter().filter_map(|(key, value)| Some((key.as_str(), value.as_deref()?)))
}

/// Whether there may be labels or values that are not known.
pub(super) fn is_open(labels: &Labels) -> bool {
    !labels.complete || labels.all.values().any(Option::is_none)
}
