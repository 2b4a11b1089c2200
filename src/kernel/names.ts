/**
 * Branded names and ids: text becomes one of these once, at the border, and is trusted afterwards.
 *
 * @module
 */

import { AppError } from "./error.ts";

declare const brand: unique symbol;
type Brand<T, B extends string> = T & { readonly [brand]: B };

/** A secret's name: `[A-Za-z_][A-Za-z0-9_]{0,127}`, so that it is a valid environment variable everywhere. */
export type SecretName = Brand<string, "SecretName">;
/** A project's name: 1…64 characters `[A-Za-z0-9._-]`, beginning with a letter or digit. */
export type ProjectName = Brand<string, "ProjectName">;
/** A workspace's name: 1…64 printable characters, no leading or trailing space. */
export type WorkspaceName = Brand<string, "WorkspaceName">;
/** An environment's name: `[a-z0-9][a-z0-9-]{0,31}`. */
export type EnvironmentName = Brand<string, "EnvironmentName">;
/** A lower-cased e-mail address, as an account's label. */
export type Email = Brand<string, "Email">;

/** `u_` + base32 of the first 20 bytes of SHA-256(account genesis). */
export type UserId = Brand<string, "UserId">;
/** `w_` + base32 of the first 20 bytes of SHA-256(workspace genesis). */
export type WorkspaceId = Brand<string, "WorkspaceId">;
/** `p_` + base32 of 10 random bytes. */
export type ProjectId = Brand<string, "ProjectId">;
/** `e_` + base32 of 10 random bytes. */
export type EnvironmentId = Brand<string, "EnvironmentId">;
/** `d_` + base32 of 10 random bytes. */
export type DeviceId = Brand<string, "DeviceId">;
/** `a_` + base32 of 10 random bytes. */
export type AgentId = Brand<string, "AgentId">;
/** 32 hex characters: the server's handle of a secret name (docs/spec/protocol.md §2). */
export type Sid = Brand<string, "Sid">;

const SECRET_NAME = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/;
const PROJECT_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const ENVIRONMENT_NAME = /^[a-z0-9][a-z0-9-]{0,31}$/;
// deno-lint-ignore no-control-regex -- control characters are what is refused
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/;
const EMAIL = /^[^\s@"(),:;<>[\\\]]{1,64}@[^\s@"(),:;<>[\\\]]{1,190}$/;
const ID: Readonly<Record<string, RegExp>> = {
  user: /^u_[a-z2-7]{32}$/,
  workspace: /^w_[a-z2-7]{32}$/,
  project: /^p_[a-z2-7]{16}$/,
  environment: /^e_[a-z2-7]{16}$/,
  device: /^d_[a-z2-7]{16}$/,
  agent: /^a_[a-z2-7]{16}$/,
  sid: /^[0-9a-f]{32}$/,
};

/** What an error may show of refused input: printable, at most 60 characters. */
export function showable(text: string): string {
  // deno-lint-ignore no-control-regex -- control characters must not reach a terminal
  const safe = text.replace(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g, "?");
  return safe.length > 60 ? `${safe.slice(0, 57)}...` : safe;
}

/** @throws {AppError} `invalid_name` */
export function parseSecretName(text: string): SecretName {
  if (!SECRET_NAME.test(text)) {
    throw new AppError("invalid_name", {
      kind: "secret name",
      // NAME=value where a name alone belongs: what follows the sign is nobody's to repeat.
      name: showable(text.replace(/=.*$/s, "=…")),
      rule: "letters, digits and _, not beginning with a digit, at most 128 characters",
    });
  }
  return text as SecretName;
}

/** @throws {AppError} `invalid_name` */
export function parseProjectName(text: string): ProjectName {
  if (!PROJECT_NAME.test(text)) {
    throw new AppError("invalid_name", {
      kind: "project name",
      name: showable(text),
      rule: "letters, digits, '.', '_' and '-', beginning with a letter or digit, at most 64 characters",
    });
  }
  return text as ProjectName;
}

/** @throws {AppError} `invalid_name` */
export function parseWorkspaceName(text: string): WorkspaceName {
  const name = text.normalize("NFC");
  // A lone surrogate has no UTF-8: what is signed would not be what was typed.
  if (!text.isWellFormed() || name.trim() !== name || name.length === 0 || name.length > 64 || UNPRINTABLE.test(name)) {
    throw new AppError("invalid_name", {
      kind: "workspace name",
      name: showable(text),
      rule: "1 to 64 printable characters without a space at either end",
    });
  }
  return name as WorkspaceName;
}

/** @throws {AppError} `invalid_name` */
export function parseEnvironmentName(text: string): EnvironmentName {
  if (!ENVIRONMENT_NAME.test(text)) {
    throw new AppError("invalid_name", {
      kind: "environment name",
      name: showable(text),
      rule: "lower-case letters, digits and '-', at most 32 characters",
    });
  }
  return text as EnvironmentName;
}

/** @throws {AppError} `invalid_name` */
export function parseEmail(text: string): Email {
  const email = text.trim().toLowerCase();
  if (!EMAIL.test(email) || UNPRINTABLE.test(email)) {
    throw new AppError("invalid_name", { kind: "e-mail address", name: showable(text), rule: "name@host" });
  }
  return email as Email;
}

function isId(kind: string, text: string): boolean {
  return ID[kind]!.test(text);
}

/** Whether `text` has the form of a user id. */
export const isUserId = (text: string): text is UserId => isId("user", text);
/** Whether `text` has the form of a workspace id. */
export const isWorkspaceId = (text: string): text is WorkspaceId => isId("workspace", text);
/** Whether `text` has the form of a project id. */
export const isProjectId = (text: string): text is ProjectId => isId("project", text);
/** Whether `text` has the form of an environment id. */
export const isEnvironmentId = (text: string): text is EnvironmentId => isId("environment", text);
/** Whether `text` has the form of a device id. */
export const isDeviceId = (text: string): text is DeviceId => isId("device", text);
/** Whether `text` has the form of an agent id. */
export const isAgentId = (text: string): text is AgentId => isId("agent", text);
/** Whether `text` has the form of a sid. */
export const isSid = (text: string): text is Sid => isId("sid", text);
