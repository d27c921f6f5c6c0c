//! Messages: how they are taken, acknowledged and sent.

super::category![];
