/**
 * Every endpoint of the sync API in one table (docs/spec/protocol.md §7): the server mounts it, the client calls by it, and
 * `/openapi.json` is generated from it.
 *
 * @module
 */

import type * as z from "zod/mini";
import type { ProofAction } from "../kernel/proof.ts";
import * as account from "./account.ts";
import * as audit from "./audit.ts";
import * as auth from "./auth.ts";
import * as environments from "./environments.ts";
import type { Lazy } from "./lazy.ts";
import { MAX_BODY_BYTES, MAX_COMMIT_BODY_BYTES } from "./limits.ts";
import { healthSchema, versionSchema } from "./problem.ts";
import { emptySchema } from "./wire.ts";
import * as workspaces from "./workspaces.ts";

/** Who may call: anybody, a key that signs a challenge, or the holder of a session. */
export type Access = "open" | "proof" | "session" | "session+proof";

/** One endpoint. `request` null: no body. `answer` null: 204. Both schemas are made when they are first read. */
export interface Endpoint<
  Q extends z.ZodMiniType | null = z.ZodMiniType | null,
  A extends z.ZodMiniType | null = z.ZodMiniType | null,
> {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** Parameters are `:name` segments. */
  readonly path: string;
  readonly access: Access;
  /** Proof action, where `access` needs a proof. */
  readonly action?: ProofAction;
  /** Names of query parameters, all optional. */
  readonly query?: readonly string[];
  readonly request: Q;
  readonly answer: A;
  /** Status of success. */
  readonly status: 200 | 201 | 204;
  readonly maxBodyBytes: number;
  /** Whether a repeated `Idempotency-Key` gets the first answer. */
  readonly idempotent: boolean;
  /** Whether `If-Match` must name the version or sequence number that the request builds on. */
  readonly ifMatch: boolean;
}

type Options = Partial<Pick<Endpoint, "action" | "query" | "status" | "maxBodyBytes" | "idempotent" | "ifMatch">>;

function get<A extends z.ZodMiniType>(
  path: string,
  access: Access,
  answer: Lazy<A>,
  options: Options = {},
): Endpoint<null, A> {
  return {
    method: "GET",
    path,
    access,
    request: null,
    get answer() {
      return answer();
    },
    ...defaults(200),
    ...options,
  };
}

function send<Q extends z.ZodMiniType, A extends z.ZodMiniType>(
  method: "POST" | "PUT",
  path: string,
  access: Access,
  request: Lazy<Q>,
  answer: Lazy<A>,
  options: Options = {},
): Endpoint<Q, A> {
  return {
    method,
    path,
    access,
    get request() {
      return request();
    },
    get answer() {
      return answer();
    },
    ...defaults(200),
    ...options,
  };
}

function defaults(status: 200): Pick<Endpoint, "status" | "maxBodyBytes" | "idempotent" | "ifMatch"> {
  return { status, maxBodyBytes: MAX_BODY_BYTES, idempotent: false, ifMatch: false };
}

/** Appends to a chain: large, conditional, and the same answer for the same key. */
const APPEND: Options = { status: 201, maxBodyBytes: MAX_COMMIT_BODY_BYTES, idempotent: true, ifMatch: true };

export const ENDPOINTS = {
  challenge: send("POST", "/v1/auth/challenge", "open", emptySchema, auth.challengeSchema, { status: 201 }),
  register: send("POST", "/v1/auth/register", "proof", auth.registerSchema, auth.registeredSchema, {
    action: "register",
    status: 201,
  }),
  login: send("POST", "/v1/auth/login", "proof", auth.loginSchema, auth.loggedInSchema, { action: "login" }),
  stepUp: send("POST", "/v1/auth/stepup", "session+proof", auth.stepUpSchema, auth.steppedUpSchema, {
    action: "stepup",
  }),
  renew: send("POST", "/v1/auth/renew", "proof", auth.renewSchema, auth.renewedSchema, { action: "renew" }),
  recoverStart: send("POST", "/v1/recover/start", "proof", auth.recoverStartSchema, auth.recoverStartedSchema, {
    action: "recover.start",
  }),
  recoverFinish: send("POST", "/v1/recover/finish", "proof", auth.recoverFinishSchema, auth.recoveredSchema, {
    action: "recover.finish",
  }),

  getAccount: get("/v1/account", "session", account.accountSchema),
  putCredentials: send(
    "PUT",
    "/v1/account/credentials",
    "session+proof",
    auth.credentialsSchema,
    auth.credentialsChangedSchema,
    { action: "credentials" },
  ),
  getAccountLog: get("/v1/account/log", "session", account.logPageSchema, { query: ["after"] }),
  postAccountLog: send(
    "POST",
    "/v1/account/log",
    "session",
    account.appendAccountSchema,
    account.appendedSchema,
    APPEND,
  ),
  getUserLog: get("/v1/users/:user/log", "session", account.logPageSchema, { query: ["after"] }),
  getSessions: get("/v1/sessions", "session", account.sessionsSchema),
  deleteSession: {
    method: "DELETE",
    path: "/v1/sessions/:session",
    access: "session",
    request: null,
    answer: null,
    ...defaults(200),
    status: 204,
  } satisfies Endpoint<null, null> as Endpoint<null, null>,
  getPins: get("/v1/account/pins", "session", account.pinsSchema),
  putPins: send("PUT", "/v1/account/pins", "session", account.putPinsSchema, account.pinsPutSchema, { ifMatch: true }),

  postWorkspace: send(
    "POST",
    "/v1/workspaces",
    "session",
    workspaces.appendWorkspaceSchema,
    workspaces.workspaceCreatedSchema,
    { ...APPEND, ifMatch: false },
  ),
  getWorkspaces: get("/v1/workspaces", "session", workspaces.workspacesSchema),
  getWorkspaceLog: get("/v1/workspaces/:ws/log", "session", account.logPageSchema, { query: ["after"] }),
  postWorkspaceLog: send(
    "POST",
    "/v1/workspaces/:ws/log",
    "session",
    workspaces.appendWorkspaceSchema,
    account.appendedSchema,
    APPEND,
  ),
  getGrants: get("/v1/workspaces/:ws/grants", "session", workspaces.grantsSchema, { query: ["recipient", "after"] }),

  getEnvironment: get("/v1/envs/:env", "session", environments.environmentHeadSchema),
  getSnapshot: get("/v1/envs/:env/snapshot", "session", environments.snapshotSchema),
  getCommits: get("/v1/envs/:env/commits", "session", environments.commitsPageSchema, { query: ["after"] }),
  getVersions: get("/v1/envs/:env/secrets/:sid/versions", "session", environments.versionsSchema, {
    query: ["before"],
  }),
  postCommit: send(
    "POST",
    "/v1/envs/:env/commits",
    "session",
    environments.postCommitSchema,
    account.appendedSchema,
    APPEND,
  ),

  postAudit: send("POST", "/v1/workspaces/:ws/audit", "session", audit.postAuditSchema, audit.auditPostedSchema, {
    status: 201,
    maxBodyBytes: MAX_COMMIT_BODY_BYTES,
    idempotent: true,
  }),
  getAudit: get("/v1/workspaces/:ws/audit", "session", audit.auditPageSchema, { query: ["source", "after"] }),

  healthz: get("/healthz", "open", healthSchema),
  readyz: get("/readyz", "open", healthSchema),
  version: get("/version", "open", versionSchema),
} as const;

/** Name of an endpoint. */
export type EndpointName = keyof typeof ENDPOINTS;
