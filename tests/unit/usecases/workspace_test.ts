/** Workspaces, projects, environments and the allowlist of one member, on one account. */
import assert from "node:assert/strict";
import { isAppError } from "../../../src/kernel/error.ts";
import { parseEnvironmentName } from "../../../src/kernel/names.ts";
import { Secret } from "../../../src/kernel/secret.ts";
import { addAllowlistEntries, removeAllowlistEntries } from "../../../src/usecases/change_allowlist.ts";
import { createEnvironment } from "../../../src/usecases/create_environment.ts";
import { createProject } from "../../../src/usecases/create_project.ts";
import { createWorkspace } from "../../../src/usecases/create_workspace.ts";
import { deleteEnvironment } from "../../../src/usecases/delete_environment.ts";
import { deleteProject } from "../../../src/usecases/delete_project.ts";
import { deleteWorkspace } from "../../../src/usecases/delete_workspace.ts";
import { listAllowlist, listAllowlistChanges } from "../../../src/usecases/list_allowlist.ts";
import { listEnvironments } from "../../../src/usecases/list_environments.ts";
import { listMembers } from "../../../src/usecases/list_members.ts";
import { listProjects } from "../../../src/usecases/list_projects.ts";
import { listWorkspaces } from "../../../src/usecases/list_workspaces.ts";
import { findEnvironment, openEnvironmentKeys } from "../../../src/usecases/open_environment.ts";
import { openWorkspace } from "../../../src/usecases/open_workspace.ts";
import { renameWorkspace } from "../../../src/usecases/rename_workspace.ts";
import { readStatus } from "../../../src/usecases/status.ts";
import { switchEnvironment } from "../../../src/usecases/switch_environment.ts";
import { switchWorkspace } from "../../../src/usecases/switch_workspace.ts";
import { updateProject } from "../../../src/usecases/update_project.ts";
import { useProject } from "../../../src/usecases/use_project.ts";
import { CanarySearch } from "../../support/canary.ts";
import { EMAIL, initWorld, typing, World } from "../../support/world.ts";

const never = () => Promise.reject(new Error("nobody must be asked"));
const codeOf = (code: string) => (error: unknown): boolean => isAppError(error) && error.code === code;

Deno.test("one member's workspaces", async (t) => {
  await using world = await World.make();
  using _kit = (await initWorld(world)).kit;
  const put = async (collection: string, name: string, state: string): Promise<void> => {
    using value = Secret.fromText("v");
    await (await world.keychain()).apply([{
      op: "put",
      key: { collection, name },
      meta: { state, version: "1" },
      value,
    }]);
  };

  await t.step("project create makes three environments and a project file, and asks no password", async () => {
    const { project, path } = await createProject(world, { name: "my-app", description: "Payments — Zürich" });
    assert.deepEqual(project.environments, ["development", "staging", "production"]);
    assert.deepEqual([project.active, project.description], [true, "Payments — Zürich"]);
    assert.equal(path, `${world.workingFolder}/.agentsecrets/project.json`);
    const environments = await listEnvironments(world, {});
    assert.deepEqual(environments.map((e) => [e.name, e.active, e.protected, e.epoch]), [
      ["development", true, false, 1],
      ["staging", false, false, 1],
      ["production", false, true, 1],
    ]);
  });

  await t.step("the server never sees a name", async () => {
    await world.closeServer();
    const canary = new CanarySearch({ project: "my-app", description: "Zürich", environment: "production" });
    canary.bytes("server.db", await Deno.readFile(world.places.database));
    for (const { request } of world.evil.exchanges) canary.text(request.path, JSON.stringify(request));
    assert.deepEqual(canary.found, []);
  });

  await t.step("each environment has a key of its own, and one project has one name key", async () => {
    using workspace = await openWorkspace(world);
    const keys = [];
    for (const environment of ["development", "staging", "production"]) {
      const place = await findEnvironment(world, workspace, { environment });
      keys.push(openEnvironmentKeys(workspace, place));
    }
    const [a, b, c] = keys.map(({ environmentKeys }) => environmentKeys.get(1)!);
    assert.ok(!a!.equals(b!) && !b!.equals(c!) && !a!.equals(c!));
    assert.ok(keys[0]!.nameKey.equals(keys[1]!.nameKey) && keys[1]!.nameKey.equals(keys[2]!.nameKey));
    for (const each of keys) each[Symbol.dispose]();
  });

  await t.step("names are unique and checked before anything happens", async () => {
    await assert.rejects(createProject(world, { name: "my-app" }), codeOf("name_taken"));
    await assert.rejects(createProject(world, { name: "my app" }), codeOf("invalid_name"));
    await assert.rejects(createProject(world, { name: "x", description: "\u001b[31m" }), codeOf("invalid_name"));
    await assert.rejects(createEnvironment(world, { name: "staging" }), codeOf("name_taken"));
    await assert.rejects(createEnvironment(world, { name: "Staging" }), codeOf("invalid_name"));
    await assert.rejects(createWorkspace(world, { name: "Personal", password: never }), codeOf("name_taken"));
    await assert.rejects(createWorkspace(world, { name: " ", password: never }), codeOf("invalid_name"));
  });

  await t.step("a project is renamed, in its folder's file too", async () => {
    const updated = await updateProject(world, { project: "my-app", name: "payments" });
    assert.deepEqual([updated.name, updated.description, updated.active], ["payments", "Payments — Zürich", true]);
    assert.equal(
      JSON.parse(await Deno.readTextFile(`${world.workingFolder}/.agentsecrets/project.json`)).project,
      "payments",
    );
    await createProject(world, { name: "other", use: false });
    await assert.rejects(updateProject(world, { project: "other", name: "payments" }), codeOf("name_taken"));
    assert.deepEqual((await listProjects(world)).map(({ name, active }) => [name, active]), [
      ["other", false],
      ["payments", true],
    ]);
  });

  await t.step("environment switch is the person's own and outlives the project file's default", async () => {
    await switchEnvironment(world, { environment: "staging" });
    assert.equal((await listEnvironments(world, {})).find(({ active }) => active)?.name, "staging");
    assert.equal((await readStatus(world)).environment?.name, "staging");
    assert.ok((await Deno.readTextFile(`${world.workingFolder}/.agentsecrets/project.json`)).includes("development"));
    await assert.rejects(switchEnvironment(world, { environment: "nowhere" }), codeOf("environment_not_found"));
    assert.equal(
      (await listEnvironments(world, { project: "other" })).find(({ active }) => active)?.name,
      "development",
    );
  });

  await t.step(
    "an environment comes with a key and goes with its values, but not with changes that were never pushed",
    async () => {
      const made = await createEnvironment(world, { name: "preview" });
      assert.deepEqual([made.name, made.epoch], ["preview", 1]);
      using workspace = await openWorkspace(world);
      const place = await findEnvironment(world, workspace, { environment: "preview" });
      openEnvironmentKeys(workspace, place)[Symbol.dispose]();
      const collection = `${place.workspaceId}/${place.projectId}/${place.environmentId}`;
      await put(collection, "A", "synced");
      await put(collection, "B", "modified");
      await assert.rejects(deleteEnvironment(world, { environment: "preview" }), codeOf("unsynced_changes"));
      const gone = await deleteEnvironment(world, { environment: "preview", force: true });
      assert.equal(gone.removedValues, 2);
      assert.deepEqual(await (await world.keychain()).list(collection), []);
      assert.equal((await listEnvironments(world, {})).length, 3);
    },
  );

  await t.step("the allowlist takes normalised entries, each change a version with its author and time", async () => {
    const password = typing();
    const added = await addAllowlistEntries(world, { entries: ["API.Stripe.com", "api.stripe.com."], password });
    assert.deepEqual([added.changed, added.allowlist.version], [["api.stripe.com"], 1]);
    await world.clock.advance(1000);
    const more = await addAllowlistEntries(world, {
      entries: ["api.stripe.com", "https://localhost:8443", "*.example.com"],
      password,
    });
    assert.deepEqual(more.unchanged, ["api.stripe.com"]);
    const removed = await removeAllowlistEntries(world, { entries: ["*.example.com", "never.example.com"], password });
    assert.deepEqual([removed.changed, removed.unchanged], [["*.example.com"], ["never.example.com"]]);
    const list = await listAllowlist(world);
    assert.deepEqual(list.entries.map(({ entry, addedBy }) => [entry, addedBy]), [
      ["api.stripe.com", EMAIL],
      ["https://localhost:8443", EMAIL],
    ]);
    assert.equal(list.entries[1]!.addedAt - list.entries[0]!.addedAt, 1000);
    assert.deepEqual(
      (await listAllowlistChanges(world)).map(({ version, added, removed }) => [version, added, removed]),
      [
        [1, ["api.stripe.com"], []],
        [2, ["https://localhost:8443", "*.example.com"], []],
        [3, [], ["*.example.com"]],
      ],
    );
    assert.equal(password.asked, 3);
  });

  await t.step("the password is asked every time, after the entries were checked", async () => {
    await assert.rejects(
      addAllowlistEntries(world, { entries: ["not a host"], password: never }),
      codeOf("invalid_allowlist_entry"),
    );
    const password = typing();
    const again = await addAllowlistEntries(world, { entries: ["api.stripe.com"], password });
    assert.deepEqual([again.changed, again.allowlist.version, password.asked], [[], 3, 1]);
    await assert.rejects(
      addAllowlistEntries(world, { entries: ["evil.example.com"], password: typing("guess number one") }),
      codeOf("login_refused"),
    );
    assert.equal((await listAllowlist(world)).version, 3);
  });

  await t.step(
    "another workspace is founded with the password, becomes the active one, and has nothing of the first",
    async () => {
      const team = await createWorkspace(world, { name: "Acme Engineering", password: typing() });
      assert.deepEqual([team.active, team.role, team.type], [true, "owner", "personal"]);
      assert.deepEqual((await listWorkspaces(world)).map(({ name, active }) => [name, active]), [
        ["Acme Engineering", true],
        ["Personal", false],
      ]);
      assert.deepEqual(await listProjects(world), []);
      const status = await readStatus(world);
      assert.equal(status.workspace?.name, "Personal", "the folder's project decides");
      assert.deepEqual(status.warnings.map(({ code }) => code), ["other_workspace"]);
      await createProject(world, { name: "payments" });
      assert.equal((await listAllowlist(world)).version, 0);
      assert.deepEqual((await listMembers(world)).map(({ email, role, isMe }) => [email, role, isMe]), [
        [EMAIL, "owner", true],
      ]);
    },
  );

  await t.step("switch and use lead a folder to another workspace's project", async () => {
    await assert.rejects(switchWorkspace(world, { workspace: "Nowhere" }), codeOf("workspace_not_found"));
    assert.equal((await switchWorkspace(world, { workspace: "Personal" })).active, true);
    const used = await useProject(world, { project: "other", environment: parseEnvironmentName("production") });
    assert.equal(used.project.workspace.name, "Personal");
    assert.equal((await readStatus(world)).environment?.name, "production");
    await assert.rejects(useProject(world, { project: "nothing" }), codeOf("project_not_found"));
  });

  await t.step("outside a project's folder commands say so", async () => {
    const elsewhere = world.again();
    elsewhere.workingFolder = world.base;
    await assert.rejects(listEnvironments(elsewhere, {}), codeOf("no_project"));
    assert.equal((await listEnvironments(elsewhere, { project: "payments" })).length, 3);
    assert.equal((await readStatus(elsewhere)).project, undefined);
    await elsewhere.closeServer();
  });

  await t.step("a workspace is renamed without and deleted with the password", async () => {
    await renameWorkspace(world, { workspace: "Acme Engineering", name: "Acme" });
    await assert.rejects(renameWorkspace(world, { name: "Acme" }), codeOf("name_taken"));
    await assert.rejects(
      deleteWorkspace(world, { workspace: "Acme", password: typing("wrong password") }),
      codeOf("login_refused"),
    );
    assert.equal((await deleteWorkspace(world, { workspace: "Acme", password: typing() })).name, "Acme");
    assert.deepEqual((await listWorkspaces(world)).map(({ name }) => name), ["Personal"]);
    await assert.rejects(switchWorkspace(world, { workspace: "Acme" }), codeOf("workspace_not_found"));
  });

  await t.step("a deleted project takes its values along, and its folder's commands say that it is gone", async () => {
    const { id, workspace } = (await listProjects(world)).find(({ name }) => name === "other")!;
    await put(`${workspace.id}/${id}/e_${"a".repeat(16)}`, "A", "modified");
    await assert.rejects(deleteProject(world, { project: "other" }), codeOf("unsynced_changes"));
    assert.equal((await deleteProject(world, { project: "other", force: true })).removedValues, 1);
    await assert.rejects(listEnvironments(world, {}), codeOf("project_not_found"));
    assert.deepEqual((await readStatus(world)).warnings.map(({ code }) => code), ["project_not_found"]);
  });

  await t.step("two processes that write at once both succeed", async () => {
    const others = [world.again(), world.again(), world.again()];
    await Promise.all(others.map((other, i) => createProject(other, { name: `at-once-${i}`, use: false })));
    assert.deepEqual((await listProjects(world)).map(({ name }) => name).filter((name) => name.startsWith("at-once")), [
      "at-once-0",
      "at-once-1",
      "at-once-2",
    ]);
    for (const other of others) await other.closeServer();
  });
});
