/**
 * `mcp install`: our entry in the settings of AI tools, and out of them again. A file is read, changed at our entry alone, kept
 * once as a backup, and replaced whole; one that cannot be read is left as it is. No value is ever in an entry: a program, its
 * arguments, names and paths.
 *
 * @module
 */

import { utf8 } from "../../kernel/bytes.ts";
import { AppError, isAppError } from "../../kernel/error.ts";
import type { Files } from "../../ports/files.ts";
import type { Surroundings } from "../../ports/surroundings.ts";
import type { Places } from "../../vault/places.ts";
import { folderProject } from "../scope.ts";
import { CLIENTS, type McpClient, type ServerLine } from "./clients.ts";
import { installEdits, textBefore, uninstallEdits } from "./settings_file.ts";
import { applyEdits, showEdits } from "./text_edit.ts";

export interface InstallPorts {
  readonly files: Files;
  readonly places: Places;
  readonly surroundings: Surroundings;
  readonly workingFolder: string;
}

export interface InstallInput {
  /** Ids of tools; default: those that are found on this machine. */
  readonly clients?: readonly string[];
  readonly uninstall: boolean;
  /** Changes nothing. */
  readonly dryRun: boolean;
  /** What the entry passes on to `mcp serve`. */
  readonly folder?: string;
  readonly project?: string;
  readonly environment?: string;
}

/** What happened, or would happen, to one tool. */
export interface ClientResult {
  readonly id: string;
  readonly label: string;
  readonly path: string;
  readonly change: "added" | "updated" | "unchanged" | "removed" | "restored" | "failed";
  /** What is added and taken away, line by line; empty when nothing changes. */
  readonly diff: string;
  /** Path of the untouched file, when there is one. */
  readonly backup?: string;
  readonly error?: AppError;
}

/** Largest file that is read; some tools keep their history in it. */
const MAX_SETTINGS_BYTES = 64 * 1024 * 1024;
/** Behind the name of the settings file. */
const BACKUP = ".agentsecrets.bak";

/** The ids of all tools, in the order of their names. */
export const CLIENT_IDS: readonly string[] = CLIENTS.map(({ id }) => id);

/**
 * One result a tool; a failure of one (`config_damaged`, `file_unreadable`, `file_unwritable`, `disk_full`) stands in its result and
 * does not keep the others from being done.
 *
 * @throws {AppError} `usage` for a tool that is not known, or when none is found
 */
export async function installClients(ports: InstallPorts, input: InstallInput): Promise<ClientResult[]> {
  const clients = input.clients === undefined ? await foundClients(ports) : input.clients.map(clientById);
  const results: ClientResult[] = [];
  for (const client of clients) results.push(await changeClient(ports, client, input));
  return results;
}

function clientById(id: string): McpClient {
  const client = CLIENTS.find((known) => known.id === id);
  if (client !== undefined) return client;
  throw new AppError("usage", { problem: `Cannot use --client ${id}: it takes ${CLIENT_IDS.join(", ")} or openclaw` });
}

async function foundClients({ files, surroundings }: InstallPorts): Promise<McpClient[]> {
  const found: McpClient[] = [];
  for (const client of CLIENTS) {
    for (const path of client.traces(surroundings)) {
      if (await files.exists(path) && !found.includes(client)) found.push(client);
    }
  }
  if (found.length > 0) return found;
  const known = CLIENTS.map(({ label }) => label).join(", ");
  throw new AppError("usage", { problem: `Cannot find an AI tool here (${known}): name one with --client` });
}

async function changeClient(ports: InstallPorts, client: McpClient, input: InstallInput): Promise<ClientResult> {
  const { id, label } = client;
  const path = client.file(ports.surroundings);
  if (path === undefined) {
    throw new AppError("usage", { problem: `Cannot tell where ${label} keeps its settings here` });
  }
  try {
    const result = input.uninstall
      ? await uninstall(ports, client, path, input.dryRun)
      : await install(ports, client, path, input);
    return { id, label, path, ...result };
  } catch (error) {
    if (!isAppError(error)) throw error;
    return { id, label, path, change: "failed", diff: "", error };
  }
}

type Outcome = Pick<ClientResult, "change" | "diff" | "backup">;

async function install(
  ports: InstallPorts,
  client: McpClient,
  path: string,
  input: InstallInput,
): Promise<Outcome> {
  const before = await readText(ports.files, path);
  const text = before ?? "";
  const entry = client.entry(await serverLine(ports, client, input), ports.surroundings);
  const edits = installEdits(path, text, client, entry);
  const backup = path + BACKUP;
  if (edits.length === 0) return { change: "unchanged", diff: "", ...await kept(ports.files, backup) };
  const change = uninstallEdits(path, text, client).length === 0 ? "added" : "updated";
  const diff = showEdits(text, edits);
  if (input.dryRun) return { change, diff };
  if (before !== undefined && !await ports.files.exists(backup)) {
    // Only the person may read it: settings of tools often hold tokens.
    await ports.files.create(backup, utf8(before));
  }
  await replace(ports, path, before, applyEdits(text, edits));
  return { change, diff, ...await kept(ports.files, backup) };
}

async function uninstall(ports: InstallPorts, client: McpClient, path: string, dryRun: boolean): Promise<Outcome> {
  const { files } = ports;
  const text = await readText(files, path);
  if (text === undefined) return { change: "unchanged", diff: "" };
  const edits = uninstallEdits(path, text, client);
  if (edits.length === 0) return { change: "unchanged", diff: "" };
  const diff = showEdits(text, edits);
  const backup = await readText(files, path + BACKUP);
  const before = textBefore(path, text, backup, client);
  const isRestored = before === undefined || before === backup;
  const change = isRestored ? "restored" : "removed";
  if (!dryRun) {
    if (before === undefined) await removeUnchanged(files, path, text);
    else await replace(ports, path, text, before);
    if (isRestored) await files.remove(path + BACKUP);
  }
  return { change, diff, ...(isRestored ? {} : await kept(files, path + BACKUP)) };
}

async function serverLine(ports: InstallPorts, client: McpClient, input: InstallInput): Promise<ServerLine> {
  const { surroundings, places } = ports;
  const { command, args } = await surroundings.program();
  const folder = input.folder ?? await folderFor(ports, client, input);
  const home = surroundings.variable("AGENTSECRETS_HOME") === undefined ? {} : { AGENTSECRETS_HOME: places.home };
  return {
    command,
    args: [
      ...args,
      "mcp",
      "serve",
      ...(folder === undefined ? [] : ["--folder", folder]),
      ...(input.project === undefined ? [] : ["--project", input.project]),
      ...(input.environment === undefined ? [] : ["--env", input.environment]),
    ],
    env: home,
  };
}

/** A tool that knows no folders is given the one whose project is meant here. */
async function folderFor(ports: InstallPorts, client: McpClient, input: InstallInput): Promise<string | undefined> {
  if (client.withoutFolder !== true || input.project !== undefined) return undefined;
  return (await folderProject(ports))?.folder;
}

/** @throws {AppError} `config_damaged` for what is not UTF-8 */
async function readText(files: Files, path: string): Promise<string | undefined> {
  const bytes = await files.read(path, { regularOnly: true, maxBytes: MAX_SETTINGS_BYTES });
  try {
    // A byte order mark is kept: the text is written back whole.
    return bytes === undefined ? undefined : new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    throw new AppError("config_damaged", { path, reason: "it is not UTF-8" }, { cause: error });
  }
}

/** Replaces the file unless somebody else has meanwhile. */
async function replace(
  { files, surroundings }: InstallPorts,
  path: string,
  before: string | undefined,
  after: string,
): Promise<void> {
  if (before === undefined) return await files.create(path, utf8(after));
  await checkUnchanged(files, path, before);
  const mode = await surroundings.modeOf(path);
  // Settings kept elsewhere and linked from here stay linked.
  await files.write(path, utf8(after), { followLink: true, ...(mode === undefined ? {} : { mode }) });
}

async function removeUnchanged(files: Files, path: string, before: string): Promise<void> {
  await checkUnchanged(files, path, before);
  await files.remove(path);
}

async function checkUnchanged(files: Files, path: string, before: string): Promise<void> {
  if (await readText(files, path) === before) return;
  throw new AppError("file_unwritable", { path, reason: "another program changed it just now: run the command again" });
}

async function kept(files: Files, backup: string): Promise<{ readonly backup?: string }> {
  return await files.exists(backup) ? { backup } : {};
}
