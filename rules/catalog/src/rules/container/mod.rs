//! Images and how they are built.

super::category![];
