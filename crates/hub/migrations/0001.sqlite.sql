-- What an embedded store does by itself.

-- The program itself cannot rewrite the ledger either; the hash chain tells of anybody who can.
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit
BEGIN SELECT raise(ABORT, 'the audit ledger is append-only'); END;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit
BEGIN SELECT raise(ABORT, 'the audit ledger is append-only'); END;
