//! Sets of things that belong together.

/// Numbers from 0 in disjoint sets.
#[derive(Debug, Default)]
pub struct Union {
    /// For each number another of its set that is lower, or itself.
    parents: Vec<usize>,
}

impl Union {
    /// Adds a number, the next one, in a set of its own; returns it.
    pub fn add(&mut self) -> usize {
        self.parents.push(self.parents.len());
        self.parents.len() - 1
    }

    /// Makes room for the numbers below `count`, each new one in a set of its own.
    pub fn extend_to(&mut self, count: usize) {
        self.parents.extend(self.parents.len()..count);
    }

    /// Makes one set of those of `a` and `b`.
    pub fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        self.parents[a.max(b)] = a.min(b);
    }

    /// The lowest number of the set.
    pub fn root(&mut self, mut at: usize) -> usize {
        while self.parents[at] != at {
            self.parents[at] = self.parents[self.parents[at]];
            at = self.parents[at];
        }
        at
    }
}
