//! Items that are not acknowledged, and the place before each. Pure.

use std::collections::BTreeMap;

/// The items that are not acknowledged. Acknowledged ones take no memory, in any order.
pub(super) struct Ledger<P> {
    /// The place before each item, by its number.
    open: BTreeMap<u64, P>,
    next: u64,
    /// After the last item.
    after: P,
}

impl<P: Clone> Ledger<P> {
    pub(super) fn new(start: P) -> Self {
        Self { open: BTreeMap::new(), next: 0, after: start }
    }

    /// Adds an item, with the place after it.
    pub(super) fn yielded(&mut self, after: P) -> u64 {
        let number = self.next;
        self.next += 1;
        self.open.insert(number, std::mem::replace(&mut self.after, after));
        number
    }

    /// Moves the stream to `after` without an item.
    pub(super) fn moved(&mut self, after: P) {
        self.after = after;
    }

    pub(super) fn done(&mut self, number: u64) {
        self.open.remove(&number);
    }

    /// The place before the oldest item, or that of the stream.
    pub(super) fn processed(&self) -> P {
        self.open.first_key_value().map_or(&self.after, |(_, before)| before).clone()
    }

    pub(super) fn open(&self) -> usize {
        self.open.len()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_place_is_before_the_oldest_item_that_is_not_acknowledged() {
        let mut ledger = Ledger::new("start");
        assert_eq!(ledger.processed(), "start");
        let numbers = ["after 1", "after 2", "after 3"].map(|after| ledger.yielded(after));
        assert_eq!((ledger.processed(), ledger.open()), ("start", 3));

        ledger.done(numbers[1]);
        assert_eq!((ledger.processed(), ledger.open()), ("start", 2));
        ledger.done(numbers[0]);
        assert_eq!((ledger.processed(), ledger.open()), ("after 2", 1));
        ledger.moved("end");
        assert_eq!(ledger.processed(), "after 2");
        ledger.done(numbers[2]);
        assert_eq!((ledger.processed(), ledger.open()), ("end", 0));
    }

    proptest! {
        #[test]
        fn everything_before_the_place_is_acknowledged_and_the_item_after_it_is_not(
            steps in prop::collection::vec(prop::option::of(any::<prop::sample::Index>()), 0..60),
        ) {
            let mut ledger = Ledger::new(0_u64);
            let (mut yielded, mut open) = (0, Vec::new());
            for step in steps {
                match step {
                    Some(index) if !open.is_empty() => ledger.done(open.swap_remove(index.index(open.len()))),
                    _ => {
                        yielded += 1;
                        open.push(ledger.yielded(yielded));
                    }
                }
                prop_assert_eq!(ledger.processed(), open.iter().min().copied().unwrap_or(yielded));
                prop_assert_eq!(ledger.open(), open.len());
            }
        }
    }
}
