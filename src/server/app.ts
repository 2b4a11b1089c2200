/**
 * The sync server: a function from request to answer (docs/spec/protocol.md §7). Embedded it is called in process, served it stands
 * behind `Deno.serve`; it opens no socket and no file itself.
 *
 * It promises: without a living session nothing of an account is read or written; nobody sees what is not theirs; what a
 * chain does not allow is not stored. It cannot promise to be honest: clients verify everything that it says.
 *
 * @module
 */

import { Hono } from "hono/quick";
import { type Endpoint, type EndpointName, ENDPOINTS } from "../contract/endpoints.ts";
import { AppError } from "../kernel/error.ts";
import type { ServerParts } from "./context.ts";
import { problemResponse } from "./problem_response.ts";
import { answer, type Service, type ServiceOf } from "./routes.ts";
import * as account from "./services/account.ts";
import * as audit from "./services/audit.ts";
import { challenge } from "./services/challenges.ts";
import { postCommit } from "./services/commits.ts";
import { putCredentials } from "./services/credentials.ts";
import * as environments from "./services/environments.ts";
import * as login from "./services/login.ts";
import * as recover from "./services/recover.ts";
import { register } from "./services/register.ts";
import { deleteSession, getSessions } from "./services/sessions.ts";
import * as system from "./services/system.ts";
import * as workspaces from "./services/workspaces.ts";

/** A service for every endpoint of the contract: one that is missing does not compile. */
const SERVICES: { readonly [N in EndpointName]: ServiceOf<N> } = {
  challenge,
  register,
  login: login.login,
  stepUp: login.stepUp,
  renew: login.renew,
  recoverStart: recover.recoverStart,
  recoverFinish: recover.recoverFinish,
  getAccount: account.getAccount,
  putCredentials,
  getAccountLog: account.getAccountLog,
  postAccountLog: account.postAccountLog,
  getUserLog: account.getUserLog,
  getSessions,
  deleteSession,
  getPins: account.getPins,
  putPins: account.putPins,
  postWorkspace: workspaces.postWorkspace,
  getWorkspaces: workspaces.getWorkspaces,
  getWorkspaceLog: workspaces.getWorkspaceLog,
  postWorkspaceLog: workspaces.postWorkspaceLog,
  getGrants: workspaces.getGrants,
  getEnvironment: environments.getEnvironment,
  getSnapshot: environments.getSnapshot,
  getCommits: environments.getCommits,
  getVersions: environments.getVersions,
  postCommit,
  postAudit: audit.postAudit,
  getAudit: audit.getAudit,
  healthz: system.healthz,
  readyz: system.readyz,
  version: system.version,
};

/** The server as a function. It never rejects. */
export type SyncServer = (request: Request) => Promise<Response>;

/** Builds the server. Cheap: the store is opened by the first request that needs it. */
export function createSyncServer(parts: ServerParts): SyncServer {
  const app = new Hono();
  for (const name of Object.keys(ENDPOINTS) as EndpointName[]) {
    const endpoint: Endpoint = ENDPOINTS[name];
    const service = SERVICES[name] as unknown as Service<unknown, unknown>;
    app.on(endpoint.method, endpoint.path, (c) => answer(parts, endpoint, service, c.req.raw, c.req.param()));
  }
  app.notFound(() => problemResponse(new AppError("not_on_server", { what: "that path" }), false));
  app.onError((error) => problemResponse(error, false));
  return async (request) => await app.fetch(request);
}
