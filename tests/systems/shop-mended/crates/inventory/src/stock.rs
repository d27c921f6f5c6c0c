use std::collections::HashMap;
use std::sync::Mutex;

pub struct Reservation {
    pub order: String,
    pub sku: String,
    pub quantity: i64,
}

#[derive(Default)]
struct Shelves {
    available: HashMap<String, i64>,
    reserved: HashMap<(String, String), i64>,
}

#[derive(Default)]
pub struct Stock {
    shelves: Mutex<Shelves>,
}

impl Stock {
    pub fn with_samples() -> Self {
        let stock = Self::default();
        if let Ok(mut shelves) = stock.shelves.lock() {
            for (sku, count) in [("mug", 120), ("shirt", 40), ("poster", 15)] {
                shelves.available.insert(sku.to_owned(), count);
            }
        }
        stock
    }

    pub fn available(&self, sku: &str) -> Option<i64> {
        self.shelves.lock().ok()?.available.get(sku).copied()
    }

    pub fn reserve(&self, wanted: Reservation) -> bool {
        let Ok(mut shelves) = self.shelves.lock() else {
            return false;
        };
        let key = (wanted.order, wanted.sku.clone());
        if shelves.reserved.contains_key(&key) {
            return true;
        }
        match shelves.available.get_mut(&wanted.sku) {
            Some(count) if *count >= wanted.quantity => {
                *count -= wanted.quantity;
                shelves.reserved.insert(key, wanted.quantity);
                true
            }
            _ => false,
        }
    }
}
