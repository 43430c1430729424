//! The README inside a pack: what an auditor reads first, and how to check the pack without trusting who made it.

use super::manifest::Manifest;

pub(super) fn text(manifest: &Manifest, populations: &[String]) -> String {
    let Manifest { origin, framework, from, to, made_at, tree, .. } = manifest;
    let (size, root) = (tree.size, tree.root);
    let listed: String = populations.iter().map(|name| format!("- `populations/{name}.jsonl`\n")).collect();
    let populations = if listed.is_empty() { "- none\n".to_owned() } else { listed };
    format!(
        "# Evidence pack: {framework}\n\
        \n\
        Log `{origin}`, period {from} to {to}, made at {made_at}.\n\
        The log had {size} entries when the pack was made; the root over them is `{root}`.\n\
        \n\
        ## Check it\n\
        \n\
        `watertight evidence verify PACK.zip` works offline and also on the unpacked directory. It finds edits, removals, reorderings,\n\
        forks and truncation, and names the place. Exit code 0: everything holds. Exit code 4: every fault is listed.\n\
        \n\
        By itself a pack only shows that it was not changed after the log's owner signed it. To rule out that the owner rewrote the log,\n\
        compare it with a checkpoint you received earlier, or with one that a witness you trust has cosigned: give either to the\n\
        verifier. Its summary names the level that holds.\n\
        \n\
        ## What is in it\n\
        \n\
        - `manifest.json`: every file with its SHA-256; `manifest.sig` is the log's signature over it.\n\
        - `log/`: the whole log up to the checkpoint (c2sp.org/tlog-tiles): `checkpoint`, hash tiles, and the entries themselves.\n\
        - `populations/`: complete listings. The certificate beside each says which entries were asked for; the verifier asks the\n\
        \x20 entries in this pack again and compares row by row. Columns under `attributes` come from the application, not from the log.\n\
        - `samples/`: rows drawn from a population by the seed in the file: the smallest SHA-256 of seed, newline, id.\n\
        - `artefacts/`: the documents themselves.\n\
        - `proofs/`: one file per entry (c2sp.org/tlog-proof@v1), to hand on singly.\n\
        - `oscal/`: the same facts for audit tools.\n\
        \n\
        Populations:\n\
        {populations}\
        \n\
        ## What it does not show\n\
        \n\
        Completeness is claimed for the log at this size, no more. Entries hold ids, kinds, times and codes; personal data is encrypted\n\
        beside the log and may have been erased since, which the entries and proofs survive.\n"
    )
}
