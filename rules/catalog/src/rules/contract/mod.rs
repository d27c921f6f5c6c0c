//! What services promise each other.

super::category![];
