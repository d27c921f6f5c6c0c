//! APIs and their versions.

mod unversioned_api;

super::category![unversioned_api];
