//! The checks that images bring along: `HEALTHCHECK`.

use svclint_model::{AskedPath, ContainerEnv, Image, Protocol, Service, Tri};

use crate::Context;

/// The images of which it is known what they ship, with the service that it is.
pub(super) fn built<'m>(cx: &Context<'m>) -> impl Iterator<Item = (&'m Image, &'m Service)> {
    let services = &cx.model.services;
    cx.model.images.iter().filter_map(move |image| {
        let ships = image.ships.as_ref()?;
        let is_it =
            |s: &&std::sync::Arc<Service>| s.package as usize == ships.package && s.binary == ships.binary;
        Some((image, &**services.iter().find(is_it)?))
    })
}

/// Whether a check asks the only server of a service, at the port that it binds in its image.
pub(super) fn checks_own_port(image: &Image, service: &Service, asked: &AskedPath<'_>) -> bool {
    let [only] = service.listeners.as_slice() else { return false };
    let set = image.last().map_or(&[][..], |stage| &stage.env);
    let variables = set.iter().map(|v| (v.name.clone(), (v.value.clone(), v.at))).collect();
    let env = ContainerEnv { variables, complete: true };
    let Tri::Present(address) = &only.address else { return false };
    let bound = env.expand(address).and_then(|a| a.rsplit(':').next()?.parse::<u16>().ok());
    only.protocol == Protocol::Http && asked.port.is_some() && bound == asked.port
}
