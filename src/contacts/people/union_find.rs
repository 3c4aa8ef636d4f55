/// Disjoint sets of indices (union-find).
pub(crate) struct UnionFind {
    parent: Vec<usize>,
}

impl UnionFind {
    pub fn new(size: usize) -> Self {
        Self {
            parent: (0..size).collect(),
        }
    }

    /// Returns the representative of the node's set, halving the path on the way.
    pub fn find(&mut self, mut node: usize) -> usize {
        while self.parent[node] != node {
            self.parent[node] = self.parent[self.parent[node]];
            node = self.parent[node];
        }
        node
    }

    pub fn join(&mut self, left: usize, right: usize) {
        let (left, right) = (self.find(left), self.find(right));
        self.parent[left.max(right)] = left.min(right);
    }
}

#[cfg(test)]
mod tests {
    use super::UnionFind;

    #[test]
    fn what_is_joined_step_by_step_is_one() {
        let mut union = UnionFind::new(5);
        union.join(0, 1);
        union.join(3, 4);
        assert_ne!(union.find(1), union.find(3));
        union.join(4, 1);
        assert_eq!(union.find(0), union.find(3));
        assert_ne!(union.find(2), union.find(0));
    }
}
