//! Databases and other stores.

super::category![];
