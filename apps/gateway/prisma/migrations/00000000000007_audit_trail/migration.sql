-- The trail of what operators did, in a schema of its own: what is written there can be read and added to, not changed.
-- Rows may be deleted once they are older than audit.retention says. `dist/migrate.js` hands the schema to the
-- database's owner where it knows that role; the service's role can then take neither triggers nor tables away.
CREATE SCHEMA audit;

CREATE TABLE audit.entries (
    id UUID NOT NULL,
    at TIMESTAMPTZ(3) NOT NULL DEFAULT now(),
    operator_id UUID NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('command', 'query')),
    service TEXT NOT NULL,
    operation TEXT NOT NULL,
    input JSONB NOT NULL,
    address TEXT NOT NULL,
    trace_id TEXT NOT NULL,
    CONSTRAINT entries_pkey PRIMARY KEY (id)
);
CREATE INDEX entries_operator_id_idx ON audit.entries (operator_id, id);
-- Whom an input names: a customer's own data are asked for by it.
CREATE INDEX entries_customer_idx ON audit.entries ((coalesce(input ->> 'customerId', input ->> 'id')), id);
CREATE INDEX entries_at_idx ON audit.entries (at);

-- Missing while a command is under way, and for good if the gateway died before its reply.
CREATE TABLE audit.outcomes (
    entry_id UUID NOT NULL,
    at TIMESTAMPTZ(3) NOT NULL DEFAULT now(),
    status INTEGER NOT NULL,
    error_code TEXT,
    CONSTRAINT outcomes_pkey PRIMARY KEY (entry_id)
);
CREATE INDEX outcomes_at_idx ON audit.outcomes (at);

CREATE TABLE audit.retention (
    only_row BOOLEAN NOT NULL DEFAULT true CHECK (only_row),
    days INTEGER NOT NULL CHECK (days >= 30),
    CONSTRAINT retention_pkey PRIMARY KEY (only_row)
);
INSERT INTO audit.retention (days) VALUES (400);

CREATE FUNCTION audit.keep() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  IF TG_OP = 'DELETE' AND OLD.at < now() - make_interval(days => (SELECT days FROM audit.retention)) THEN
    RETURN OLD;
  END IF;
  RAISE EXCEPTION 'the audit trail is not changed, and kept for % days', (SELECT days FROM audit.retention)
    USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE TRIGGER keep BEFORE UPDATE OR DELETE ON audit.entries FOR EACH ROW EXECUTE FUNCTION audit.keep();
CREATE TRIGGER keep BEFORE UPDATE OR DELETE ON audit.outcomes FOR EACH ROW EXECUTE FUNCTION audit.keep();
CREATE TRIGGER keep_all BEFORE TRUNCATE ON audit.entries FOR EACH STATEMENT EXECUTE FUNCTION audit.keep();
CREATE TRIGGER keep_all BEFORE TRUNCATE ON audit.outcomes FOR EACH STATEMENT EXECUTE FUNCTION audit.keep();

INSERT INTO audit.entries (id, at, operator_id, kind, service, operation, input, address, trace_id)
SELECT id, at, operator_id, 'command', service, operation, input, address, trace_id FROM audit_entries;
INSERT INTO audit.outcomes (entry_id, at, status, error_code)
SELECT id, coalesce(finished_at, at), status, error_code FROM audit_entries WHERE status IS NOT NULL;

-- Gateways of the version before still write audit_entries, which the next version drops.
CREATE FUNCTION copy_audit_entry() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO audit.entries (id, at, operator_id, kind, service, operation, input, address, trace_id)
  VALUES (NEW.id, NEW.at, NEW.operator_id, 'command', NEW.service, NEW.operation, NEW.input, NEW.address, NEW.trace_id)
  ON CONFLICT DO NOTHING;
  IF NEW.status IS NOT NULL THEN
    INSERT INTO audit.outcomes (entry_id, status, error_code) VALUES (NEW.id, NEW.status, NEW.error_code)
    ON CONFLICT DO NOTHING;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER copy_audit_entry AFTER INSERT OR UPDATE ON audit_entries
FOR EACH ROW EXECUTE FUNCTION copy_audit_entry();
