//! APIs and their versions.

super::category![unversioned_api];
