-- A registration of an address that has an account already is answered as any other; its owner gets a mail.
ALTER TABLE reset_requests ADD COLUMN kind text NOT NULL DEFAULT 'reset-password';
