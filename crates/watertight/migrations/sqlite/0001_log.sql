-- The sealed log, the bodies beside it, batch identity, and documents folded from the log.
-- Text ids, integer microseconds: PostgreSQL gets the same tables with the same names.

CREATE TABLE entry (
    position INTEGER PRIMARY KEY, -- 0-based leaf index in the sealed log; assigned by us, never by a sequence
    id       TEXT NOT NULL UNIQUE,
    kind     TEXT NOT NULL,
    at_us    INTEGER NOT NULL,
    subject  TEXT NOT NULL,
    bytes    BLOB NOT NULL        -- the leaf: canonical JSON, under 64 KiB
) STRICT;
CREATE INDEX entry_by_subject ON entry (subject, position);
CREATE INDEX entry_by_kind ON entry (kind, position);

-- Encrypted bodies. Destroying the subject's key in the key ring erases them; the entry's commitment stays provable.
CREATE TABLE body (
    entry_id   TEXT PRIMARY KEY,
    key_id     TEXT NOT NULL,
    ciphertext BLOB NOT NULL
) STRICT;

-- A batch gets its number and members before anything is done with it, so a crash re-reads the same records.
CREATE TABLE batch (
    source          TEXT NOT NULL,
    seq             INTEGER NOT NULL,
    assigned_us     INTEGER NOT NULL,
    content_version TEXT NOT NULL,
    spans           TEXT NOT NULL, -- JSON: which records of which members, to read them again
    done            INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (source, seq)
) STRICT;

-- Where each member of a source stands after its last finished batch.
CREATE TABLE member (
    source   TEXT NOT NULL,
    name     TEXT NOT NULL,
    position TEXT NOT NULL,
    PRIMARY KEY (source, name)
) STRICT;

-- Content sets by version: a replay uses the content its batch was assigned with.
CREATE TABLE content_set (
    version TEXT PRIMARY KEY,
    files   BLOB NOT NULL         -- JSON
) STRICT;

-- Documents folded from the log. Nothing writes here but `store::projection`.
CREATE TABLE document (
    kind  TEXT NOT NULL,
    id    TEXT NOT NULL,
    at_us INTEGER NOT NULL,
    json  TEXT NOT NULL,
    PRIMARY KEY (kind, id)
) STRICT;

CREATE TABLE projected (
    only     INTEGER PRIMARY KEY CHECK (only = 0),
    position INTEGER NOT NULL     -- entries below this are folded in
) STRICT;
INSERT INTO projected (only, position) VALUES (0, 0);

-- One message to one recipient. The row is durable before the first byte leaves; the text is rendered from the approved
-- notice, whose body holds the recipients.
CREATE TABLE outbox (
    id        TEXT PRIMARY KEY,    -- hash of (approval, recipient): the idempotency key
    notice    TEXT NOT NULL,
    recipient TEXT NOT NULL,       -- the recipient's opaque id
    state     TEXT NOT NULL,       -- JSON of notice's outbox item
    finished  INTEGER NOT NULL     -- 0 while something is left to do
) STRICT;
CREATE INDEX outbox_unfinished ON outbox (notice, finished, id);
