-- What v1.1 calls "remark" was "note" in v1.0. This looks like the shortest way there, and it is the end of v1.0.
SET lock_timeout = '2s';

ALTER TABLE orders RENAME COLUMN note TO remark;
