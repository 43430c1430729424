//! The tree against facts, against another implementation, and against its own laws for every size up to 600.
#![allow(clippy::unwrap_used, reason = "helpers of tests may unwrap like tests")]

use evidence::hash::{Hash, empty_root, leaf_hash, node_hash};
use evidence::tree::{Frontier, MemoryTree, verify_consistency, verify_inclusion};

const SIZE_MAX: u64 = 600;

fn leaf(n: u64) -> Hash {
    leaf_hash(format!("{{\"seq\":{n},\"type\":\"incident.opened\"}}").as_bytes())
}

fn tree_of(size: u64) -> MemoryTree {
    (0..size).map(leaf).collect()
}

/// Computed with RFC 6962 §2.1 hashing by a separate program over the entries that `leaf` makes.
#[test]
fn roots_and_proofs_are_the_known_ones() {
    let tree = tree_of(300);
    let facts = [
        (0, "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="),
        (1, "wpPlBCYG/z/QkTpgU4j2LTbMXdGY0mNUsxnTjY6lAWU="),
        (2, "pDhzenqwyMtMMwRO7xTBJ3rf7+5xk7QXUfAWh3HE+jc="),
        (7, "8fdoa0+pyIh+LeVfb+zk5LKsj+qV4PuTpQleN6Qrf5U="),
        (256, "h/dcR3Jj7GEd5zSDL8HrZ11Y8z9woepDnIsBxz862yo="),
        (300, "2kEEoCj1RzfahktdoGf4QoEpctgtfXrw8EC9Ki1aETw="),
    ];
    for (size, root) in facts {
        assert_eq!(tree.root(size).to_string(), root, "size {size}");
    }
    let inclusion: Vec<String> = tree.inclusion(73, 300).unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(
        inclusion,
        [
            "nhoMLooHk6xoU8MCqZ9IubLsxB5GBQb2jW9bt0v0Qxk=",
            "fnZ1fjT5UJLAAF59iBC6UKCF2hhAwE0TTODM6LrLK64=",
            "yq64tA9PEigd75A0cSbU9eGl9yrHR6Ou4UMuMuc04Zc=",
            "+r6tqS2slwrPEvuPsYcRzs2Oqh6BZwR3hSCXxMoQHiE=",
            "2bD5yqmlG9xQdlCUrKKR8OUuPJTfWdqIFD3Iq0E5lOE=",
            "yn9A8RJ10TXr5WlhUl1YmZvOFZmvy497ZYxzvHlwHrs=",
            "MQwTe17qMuF0gL+m55dJCAERF1L5jDjwfyaK1TtTCN4=",
            "2oDGA6o0rcs/4aGp1SVVLOSK6YxR5WUBPYsqZOwaLsI=",
            "jmjTgH0TUPHWSYpG+qYhAi5ZOZ4KKFAQ2i3P+yoxhAI=",
        ]
    );
    let consistency: Vec<String> = tree.consistency(256, 300).unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(consistency, ["jmjTgH0TUPHWSYpG+qYhAi5ZOZ4KKFAQ2i3P+yoxhAI="]);
}

/// RFC 6962 §2.1 as written, without any of our shortcuts.
fn root_by_definition(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => empty_root(),
        [one] => *one,
        many => {
            let k = many.len().next_power_of_two() / 2;
            node_hash(&root_by_definition(&many[..k]), &root_by_definition(&many[k..]))
        }
    }
}

#[test]
fn frontier_tree_and_definition_agree_for_every_size() {
    let leaves: Vec<Hash> = (0..SIZE_MAX).map(leaf).collect();
    let mut frontier = Frontier::new();
    let tree = tree_of(SIZE_MAX);
    for size in 0..=SIZE_MAX {
        let by_definition = root_by_definition(&leaves[..usize::try_from(size).unwrap()]);
        assert_eq!((frontier.size(), frontier.root()), (size, by_definition));
        assert_eq!(tree.root(size), by_definition);
        if size < SIZE_MAX {
            frontier.push(leaves[usize::try_from(size).unwrap()]);
        }
    }
}

/// The smallest changes a proof can suffer: another root, another position, another size, a hash more, less or flipped.
#[test]
fn every_inclusion_proof_holds_and_every_changed_one_fails() {
    let tree = tree_of(SIZE_MAX);
    for size in 1..=SIZE_MAX {
        let root = tree.root(size);
        // All positions for small trees, then the edges, where the shapes are, and a walk through the middle.
        let positions: Vec<u64> =
            (0..size).filter(|i| size <= 70 || *i < 2 || size - 3 < *i || (i * 7 + size) % 41 == 0).collect();
        for index in positions {
            let proof = tree.inclusion(index, size).unwrap();
            verify_inclusion(leaf(index), index, size, root, &proof).unwrap();
            let bit = usize::try_from((index * 31 + size) % 256).unwrap();
            let refused = |leaf, index, root, proof: &[Hash]| {
                assert!(verify_inclusion(leaf, index, size, root, proof).is_err(), "{index} of {size}")
            };
            refused(flip(leaf(index), bit), index, root, &proof);
            refused(leaf(index), index, flip(root, bit), &proof);
            refused(leaf(index), index + size, root, &proof);
            for at in 0..proof.len() {
                let mut changed = proof.clone();
                changed[at] = flip(changed[at], bit);
                refused(leaf(index), index, root, &changed);
                let mut shorter = proof.clone();
                shorter.remove(at);
                refused(leaf(index), index, root, &shorter);
            }
            let longer: Vec<Hash> = proof.iter().copied().chain([root]).collect();
            refused(leaf(index), index, root, &longer);
            if 1 < size {
                refused(leaf(index), index ^ 1, root, &proof);
            }
        }
        assert!(tree.inclusion(size, size).is_err());
    }
}

#[test]
fn every_consistency_proof_holds_and_every_changed_one_fails() {
    let tree = tree_of(SIZE_MAX);
    for to in 0..=SIZE_MAX {
        let to_root = tree.root(to);
        let sizes: Vec<u64> =
            (0..=to).filter(|from| to <= 70 || *from < 3 || to - 3 < *from || (from * 5 + to) % 37 == 0).collect();
        for from in sizes {
            let from_root = tree.root(from);
            let proof = tree.consistency(from, to).unwrap();
            verify_consistency(from, to, from_root, to_root, &proof).unwrap();
            let bit = usize::try_from((from * 31 + to) % 256).unwrap();
            let refused =
                |a, b, proof: &[Hash]| assert!(verify_consistency(from, to, a, b, proof).is_err(), "{from} → {to}");
            refused(flip(from_root, bit), to_root, &proof);
            if from != 0 {
                refused(from_root, flip(to_root, bit), &proof);
            }
            for at in 0..proof.len() {
                let mut changed = proof.clone();
                changed[at] = flip(changed[at], bit);
                refused(from_root, to_root, &changed);
                let mut shorter = proof.clone();
                shorter.remove(at);
                refused(from_root, to_root, &shorter);
            }
            let longer: Vec<Hash> = proof.iter().copied().chain([to_root]).collect();
            refused(from_root, to_root, &longer);
        }
        assert!(tree.consistency(to + 1, to).is_err());
        assert!(verify_consistency(to + 1, to, to_root, to_root, &[]).is_err());
    }
}

/// Every bit of one proof of each kind, not a sample of them.
#[test]
fn every_single_bit_counts() {
    let tree = tree_of(300);
    let (old, new) = (tree.root(200), tree.root(300));
    let inclusion = tree.inclusion(73, 300).unwrap();
    let consistency = tree.consistency(200, 300).unwrap();
    for bit in 0..inclusion.len() * 256 {
        let mut changed = inclusion.clone();
        changed[bit / 256] = flip(changed[bit / 256], bit % 256);
        assert!(verify_inclusion(leaf(73), 73, 300, new, &changed).is_err());
    }
    for bit in 0..consistency.len() * 256 {
        let mut changed = consistency.clone();
        changed[bit / 256] = flip(changed[bit / 256], bit % 256);
        assert!(verify_consistency(200, 300, old, new, &changed).is_err());
    }
}

#[test]
fn absurd_proofs_end_quickly() {
    let hashes = vec![empty_root(); 1000];
    assert!(verify_inclusion(leaf(0), 0, u64::MAX, empty_root(), &hashes).is_err());
    assert!(verify_inclusion(leaf(0), u64::MAX - 1, u64::MAX, empty_root(), &hashes[..64]).is_err());
    assert!(verify_consistency(1, u64::MAX, empty_root(), empty_root(), &hashes).is_err());
    assert!(verify_consistency(u64::MAX - 1, u64::MAX, empty_root(), empty_root(), &hashes[..65]).is_err());
}

/// Another implementation of RFC 6962 makes the same roots and accepts our proofs, and we accept its proofs.
#[test]
fn agrees_with_ct_merkle() {
    use ct_merkle::mem_backed_tree::MemoryBackedTree;
    use ct_merkle::{ConsistencyProof, InclusionProof};

    let mut theirs: MemoryBackedTree<sha2::Sha256, Vec<u8>> = MemoryBackedTree::new();
    let mut roots = Vec::new();
    for n in 0..130 {
        let entry = format!("{{\"seq\":{n},\"type\":\"incident.opened\"}}").into_bytes();
        theirs.push(entry);
        roots.push(theirs.root());
    }
    let ours = tree_of(130);
    for (size, root) in (1..).zip(&roots) {
        assert_eq!(root.as_bytes().as_slice(), ours.root(size).0.as_slice(), "size {size}");
    }
    let last = roots.last().unwrap();
    let flat = |proof: &[Hash]| proof.iter().flat_map(|hash| hash.0).collect::<Vec<u8>>();
    for index in 0..130_u64 {
        let entry = format!("{{\"seq\":{index},\"type\":\"incident.opened\"}}").into_bytes();
        let proof = ours.inclusion(index, 130).unwrap();
        let as_theirs = InclusionProof::<sha2::Sha256>::try_from_bytes(flat(&proof)).unwrap();
        last.verify_inclusion(&entry, index, &as_theirs).unwrap();
        let their_proof = theirs.prove_inclusion(usize::try_from(index).unwrap());
        assert_eq!(their_proof.as_bytes(), flat(&proof), "inclusion of {index}");
    }
    for from in 1..130_u64 {
        let proof = ours.consistency(from, 130).unwrap();
        let as_theirs = ConsistencyProof::<sha2::Sha256>::try_from_bytes(flat(&proof)).unwrap();
        last.verify_consistency(&roots[usize::try_from(from - 1).unwrap()], &as_theirs).unwrap();
    }
}

fn flip(hash: Hash, bit: usize) -> Hash {
    let mut bytes = hash.0;
    bytes[bit / 8] ^= 1 << (bit % 8);
    Hash(bytes)
}
