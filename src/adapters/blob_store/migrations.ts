/**
 * The database's schema, as steps that only go forward. A step that was released is never edited: its checksum is in every
 * database that took it, and a database whose history differs is refused.
 *
 * @module
 */

import { createHash } from "node:crypto";

/** One step. */
export interface Migration {
  /** 1, 2, 3 … without gaps; also SQLite's `user_version` after it. */
  readonly version: number;
  readonly name: string;
  readonly sqlite: string;
}

/** Marks a file as ours: "ASrv" in SQLite's `application_id`. */
export const APPLICATION_ID = 0x41537276;

const FIRST = `
CREATE TABLE account (
  user_id TEXT PRIMARY KEY,
  email TEXT NOT NULL,
  ak_id BLOB NOT NULL UNIQUE,
  login_pk BLOB NOT NULL,
  wrap_pw BLOB NOT NULL,
  rc_id BLOB NOT NULL UNIQUE,
  recover_pk BLOB NOT NULL,
  wrap_rc BLOB NOT NULL,
  keyset BLOB NOT NULL,
  credentials_version INTEGER NOT NULL,
  created_ms INTEGER NOT NULL
) STRICT;
CREATE TABLE challenge (
  id TEXT PRIMARY KEY,
  nonce BLOB NOT NULL,
  expires_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE rate (
  bucket TEXT PRIMARY KEY,
  full_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE session (
  id TEXT PRIMARY KEY,
  token_hash BLOB NOT NULL UNIQUE,
  user_id TEXT NOT NULL REFERENCES account (user_id) ON DELETE CASCADE,
  device_id TEXT,
  created_ms INTEGER NOT NULL,
  last_used_ms INTEGER NOT NULL,
  expires_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX session_of_user ON session (user_id, created_ms);
CREATE TABLE step_up (
  token_hash BLOB PRIMARY KEY,
  session_id TEXT NOT NULL REFERENCES session (id) ON DELETE CASCADE,
  expires_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX step_up_of_session ON step_up (session_id);
CREATE TABLE pins (
  user_id TEXT PRIMARY KEY REFERENCES account (user_id) ON DELETE CASCADE,
  version INTEGER NOT NULL,
  data BLOB NOT NULL
) STRICT;
CREATE TABLE kept_answer (
  user_id TEXT NOT NULL REFERENCES account (user_id) ON DELETE CASCADE,
  idempotency_key TEXT NOT NULL,
  request_hash BLOB NOT NULL,
  status INTEGER NOT NULL,
  body TEXT NOT NULL,
  expires_ms INTEGER NOT NULL,
  PRIMARY KEY (user_id, idempotency_key)
) STRICT, WITHOUT ROWID;
CREATE INDEX kept_answer_by_expiry ON kept_answer (expires_ms);
CREATE TABLE chain (
  kind TEXT NOT NULL CHECK (kind IN ('account', 'workspace', 'environment')),
  id TEXT NOT NULL,
  seq INTEGER NOT NULL,
  hash TEXT NOT NULL,
  PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE entry (
  kind TEXT NOT NULL,
  id TEXT NOT NULL,
  seq INTEGER NOT NULL,
  hash TEXT NOT NULL,
  type TEXT NOT NULL,
  body BLOB NOT NULL,
  sigs TEXT NOT NULL,
  PRIMARY KEY (kind, id, seq)
) STRICT;
CREATE TABLE member (
  workspace_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  role TEXT NOT NULL,
  PRIMARY KEY (workspace_id, user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX member_by_user ON member (user_id, workspace_id);
CREATE TABLE sealed_grant (
  workspace_id TEXT NOT NULL,
  recipient TEXT NOT NULL,
  hash TEXT NOT NULL,
  entry_seq INTEGER NOT NULL,
  sealed BLOB NOT NULL,
  PRIMARY KEY (workspace_id, recipient, entry_seq, hash)
) STRICT;
CREATE TABLE blob (
  workspace_id TEXT NOT NULL,
  hash TEXT NOT NULL,
  entry_seq INTEGER NOT NULL,
  data BLOB NOT NULL,
  PRIMARY KEY (workspace_id, entry_seq, hash)
) STRICT;
CREATE TABLE environment (
  environment_id TEXT PRIMARY KEY,
  project_id TEXT NOT NULL,
  workspace_id TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  deleted INTEGER NOT NULL CHECK (deleted IN (0, 1))
) STRICT, WITHOUT ROWID;
CREATE TABLE access (
  environment_id TEXT NOT NULL REFERENCES environment (environment_id),
  recipient TEXT NOT NULL,
  workspace_id TEXT NOT NULL,
  may_write INTEGER NOT NULL CHECK (may_write IN (0, 1)),
  PRIMARY KEY (environment_id, recipient)
) STRICT, WITHOUT ROWID;
CREATE INDEX access_of_workspace ON access (workspace_id);
CREATE TABLE item (
  environment_id TEXT NOT NULL REFERENCES environment (environment_id),
  sid TEXT NOT NULL,
  ver INTEGER NOT NULL,
  h TEXT,
  seq INTEGER NOT NULL,
  PRIMARY KEY (environment_id, sid)
) STRICT, WITHOUT ROWID;
CREATE TABLE version (
  environment_id TEXT NOT NULL REFERENCES environment (environment_id),
  sid TEXT NOT NULL,
  ver INTEGER NOT NULL,
  h TEXT,
  seq INTEGER NOT NULL,
  envelope BLOB,
  PRIMARY KEY (environment_id, sid, ver)
) STRICT;
CREATE TABLE audit_event (
  cursor INTEGER PRIMARY KEY AUTOINCREMENT,
  workspace_id TEXT NOT NULL,
  source TEXT NOT NULL,
  seq INTEGER NOT NULL,
  event BLOB NOT NULL,
  UNIQUE (workspace_id, source, seq)
) STRICT;
CREATE INDEX audit_event_in_order ON audit_event (workspace_id, cursor);
CREATE TABLE audit_head (
  workspace_id TEXT NOT NULL,
  source TEXT NOT NULL,
  seq INTEGER NOT NULL,
  hash TEXT NOT NULL,
  body BLOB NOT NULL,
  sigs TEXT NOT NULL,
  PRIMARY KEY (workspace_id, source, seq)
) STRICT;
`;

/** Every step, in order. */
export const MIGRATIONS: readonly Migration[] = [{ version: 1, name: "first", sqlite: FIRST }];

/** SHA-256 of a step's text, hex: what a database remembers of the steps it took. */
export function checksum(migration: Migration): string {
  return createHash("sha256").update(`${migration.version}\0${migration.name}\0${migration.sqlite}`).digest("hex");
}
