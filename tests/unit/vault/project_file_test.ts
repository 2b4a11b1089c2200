import assert from "node:assert/strict";
import { DiskFiles } from "../../../src/adapters/files/disk.ts";
import { systemRandom } from "../../../src/adapters/random/system.ts";
import { isAppError } from "../../../src/kernel/error.ts";
import type {
  EnvironmentName,
  ProjectId,
  ProjectName,
  SecretName,
  WorkspaceId,
  WorkspaceName,
} from "../../../src/kernel/names.ts";
import { findProjectFile, type ProjectFile, writeProjectFile } from "../../../src/vault/project_file.ts";
import { FakeClock } from "../../support/fake_clock.ts";

const project: ProjectFile = {
  workspaceId: `w_${"a".repeat(32)}` as WorkspaceId,
  workspace: "Acme Engineering" as WorkspaceName,
  projectId: `p_${"b".repeat(16)}` as ProjectId,
  project: "my-app" as ProjectName,
  environment: "development" as EnvironmentName,
};

async function inFolder(test: (folder: string, files: DiskFiles) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await test(folder, new DiskFiles(systemRandom, new FakeClock()));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("a project file is found from the folder and from any subfolder, and holds no credential", async () => {
  await inFolder(async (folder, files) => {
    const path = await writeProjectFile(files, folder, project);
    await Deno.mkdir(`${folder}/src/deep`, { recursive: true });
    for (const from of [folder, `${folder}/src`, `${folder}/src/deep`, `${folder}/not/there/yet`]) {
      assert.deepEqual(await findProjectFile(files, from), { ...project, folder, path });
    }
    const fields = Object.keys(JSON.parse(await Deno.readTextFile(path))).sort();
    assert.deepEqual(fields, ["environment", "project", "project_id", "version", "workspace", "workspace_id"]);
  });
});

Deno.test("a default for env survives the way, each name once; without one there is no such field", async () => {
  await inFolder(async (folder, files) => {
    const envOnly = ["A_KEY", "B_KEY"] as SecretName[];
    const path = await writeProjectFile(files, folder, { ...project, envOnly });
    assert.deepEqual((await findProjectFile(files, folder))?.envOnly, envOnly);
    const written = JSON.parse(await Deno.readTextFile(path));
    await Deno.writeTextFile(path, JSON.stringify({ ...written, env_only: ["A_KEY", "B_KEY", "A_KEY"] }));
    assert.deepEqual((await findProjectFile(files, folder))?.envOnly, envOnly);
    await writeProjectFile(files, folder, project);
    assert.equal("env_only" in JSON.parse(await Deno.readTextFile(path)), false);
  });
});

Deno.test("a nearer project file wins, and none gives undefined", async () => {
  await inFolder(async (folder, files) => {
    assert.equal(await findProjectFile(files, folder), undefined);
    await writeProjectFile(files, folder, project);
    const nested = { ...project, project: "nested" as ProjectName };
    await writeProjectFile(files, `${folder}/nested`, nested);
    assert.equal((await findProjectFile(files, `${folder}/nested/src`))?.project, "nested");
  });
});

Deno.test("a damaged project file stops the search: no other project is acted on instead", async () => {
  await inFolder(async (folder, files) => {
    await writeProjectFile(files, folder, project);
    await writeProjectFile(files, `${folder}/inner`, project);
    const path = `${folder}/inner/.agentsecrets/project.json`;
    const good = JSON.parse(await Deno.readTextFile(path));
    for (
      const content of ["", "{}", JSON.stringify({ ...good, token: "x" }), JSON.stringify({ ...good, project: "" })]
    ) {
      await Deno.writeTextFile(path, content);
      await assert.rejects(findProjectFile(files, `${folder}/inner`), (e) => isAppError(e, "config_damaged"));
    }
    await Deno.writeTextFile(path, JSON.stringify({ ...good, version: 9 }));
    await assert.rejects(findProjectFile(files, `${folder}/inner`), (e) => isAppError(e, "unsupported_format"));
  });
});
