-- The latest time in the log is asked for before every write.
CREATE INDEX entry_by_time ON entry (at_us);
