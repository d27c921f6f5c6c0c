//! The services that protobuf files declare: generated code is often not here, and spells packages its own way.

use rustc_hash::FxHashMap;

use crate::place::{FileFacts, SourceFile};

/// The packages of all services, by the service's name.
#[derive(Default)]
pub(crate) struct Protos {
    packages: FxHashMap<String, Vec<String>>,
}

impl Protos {
    pub(crate) fn read(files: &[SourceFile]) -> Protos {
        let mut protos = Protos::default();
        for file in files {
            let FileFacts::Proto(proto) = &file.facts else { continue };
            for service in &proto.services {
                let packages = protos.packages.entry(service.name.to_string()).or_default();
                if !packages.contains(&proto.package.to_string()) {
                    packages.push(proto.package.to_string());
                }
            }
        }
        protos
    }

    /// The full name of a service. `package` is what the code calls the package: a file name that the generator made of it
    /// (`shop_api.v1` for `shopApi.v1`), or the names of modules. `None` when no file declares the service so.
    pub(crate) fn full_name(&self, package: &str, service: &str) -> Option<String> {
        let packages = self.packages.get(service)?;
        let plain = |text: &str| text.replace(['_', '.', ':'], "").to_lowercase();
        let wanted = plain(package);
        let exact = packages.iter().find(|p| *p == package);
        let spelled = || packages.iter().find(|p| plain(p) == wanted);
        let inside = || packages.iter().find(|p| !p.is_empty() && wanted.ends_with(&plain(p)));
        let found = exact.or_else(spelled).or_else(inside).or(match packages.as_slice() {
            [only] => Some(only),
            _ => None,
        })?;
        Some(if found.is_empty() { service.to_owned() } else { format!("{found}.{service}") })
    }
}
