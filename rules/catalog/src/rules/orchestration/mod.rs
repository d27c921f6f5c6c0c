//! Workloads and what runs them.

super::category![];
