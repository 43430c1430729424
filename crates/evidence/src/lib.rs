//! Append-only Merkle log, signed checkpoints, proofs, packs and a verifier that needs nothing else.
//!
//! Last station of the path: what the other crates decided is sealed here. Read in this order: `hash`, `tree`, `tile`,
//! `store` (the log), `note`, `checkpoint`, `cosignature`, `proof` (what is signed), `entry`, `commitment`, `body`,
//! `keyring` (what is sealed), `population`, `pack`, `verify` (what an auditor gets).
//! No other crate of ours, no network and no clock: every time is a parameter.

pub mod body;
pub mod canonical;
pub mod checkpoint;
pub mod commitment;
pub mod cosignature;
pub mod entry;
pub mod hash;
pub mod keyring;
pub mod keys;
pub mod note;
pub mod pack;
pub mod population;
pub mod proof;
pub mod sample;
pub mod store;
pub mod tile;
pub mod tree;
pub mod verify;

pub use crate::checkpoint::Checkpoint;
pub use crate::entry::Entry;
pub use crate::hash::{Hash, leaf_hash};
pub use crate::keys::LogKey;
pub use crate::note::{Note, VerifierKey};
pub use crate::proof::TlogProof;
pub use crate::store::TileStore;
pub use crate::verify::{Report, verify};
