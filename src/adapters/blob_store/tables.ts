/**
 * The tables of the sync server as kysely sees them; migrations.ts creates them.
 *
 * @module
 */

import type { Generated } from "kysely";
import type { Bytes } from "../../kernel/bytes.ts";

/** Every table, by name. Times in milliseconds since the Unix epoch. */
export interface Tables {
  readonly account: {
    user_id: string;
    email: string;
    ak_id: Bytes;
    login_pk: Bytes;
    wrap_pw: Bytes;
    rc_id: Bytes;
    recover_pk: Bytes;
    wrap_rc: Bytes;
    keyset: Bytes;
    credentials_version: number;
    created_ms: number;
  };
  readonly challenge: { id: string; nonce: Bytes; expires_ms: number };
  /** `full_ms`: when the bucket would be full again. */
  readonly rate: { bucket: string; full_ms: number };
  readonly session: {
    id: string;
    token_hash: Bytes;
    user_id: string;
    device_id: string | null;
    created_ms: number;
    last_used_ms: number;
    expires_ms: number;
  };
  readonly step_up: { token_hash: Bytes; session_id: string; expires_ms: number };
  readonly pins: { user_id: string; version: number; data: Bytes };
  readonly kept_answer: {
    user_id: string;
    idempotency_key: string;
    request_hash: Bytes;
    status: number;
    body: string;
    expires_ms: number;
  };
  readonly chain: { kind: string; id: string; seq: number; hash: string };
  readonly entry: {
    kind: string;
    id: string;
    seq: number;
    hash: string;
    type: string;
    body: Bytes;
    sigs: string;
  };
  readonly member: { workspace_id: string; user_id: string; role: string };
  readonly sealed_grant: {
    workspace_id: string;
    recipient: string;
    hash: string;
    entry_seq: number;
    sealed: Bytes;
  };
  readonly blob: { workspace_id: string; hash: string; entry_seq: number; data: Bytes };
  readonly environment: {
    environment_id: string;
    project_id: string;
    workspace_id: string;
    epoch: number;
    deleted: number;
  };
  readonly access: { workspace_id: string; environment_id: string; recipient: string; may_write: number };
  /** The newest version of each secret. */
  readonly item: { environment_id: string; sid: string; ver: number; h: string | null; seq: number };
  readonly version: {
    environment_id: string;
    sid: string;
    ver: number;
    h: string | null;
    seq: number;
    envelope: Bytes | null;
  };
  readonly audit_event: {
    cursor: Generated<number>;
    workspace_id: string;
    source: string;
    seq: number;
    event: Bytes;
  };
  readonly audit_head: {
    workspace_id: string;
    source: string;
    seq: number;
    hash: string;
    body: Bytes;
    sigs: string;
  };
}
