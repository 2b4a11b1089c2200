/**
 * Two machines of one account do arbitrary things to the same secrets, with and without the server. A model knows what each must
 * hold: nothing that was acknowledged is lost, nothing made here is overwritten unasked, and in the end all agree.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { isAppError } from "../../../src/kernel/error.ts";
import { deleteSecrets } from "../../../src/usecases/secrets/delete.ts";
import { diffSecrets } from "../../../src/usecases/secrets/diff.ts";
import { pullSecrets } from "../../../src/usecases/secrets/pull.ts";
import { pushSecrets } from "../../../src/usecases/secrets/push.ts";
import { SecretsMachine, unreachable } from "../../support/secrets_machine.ts";

type Step = {
  readonly who: 0 | 1;
  readonly what: "set" | "delete" | "pull" | "push";
  readonly name: string;
  readonly offline: boolean;
  readonly force: boolean;
};

const step: fc.Arbitrary<Step> = fc.record({
  who: fc.constantFrom<0 | 1>(0, 1),
  what: fc.constantFrom<Step["what"]>("set", "set", "delete", "pull", "push"),
  name: fc.constantFrom("A", "B", "C"),
  offline: fc.boolean(),
  force: fc.boolean(),
});

/** What the server must hold, and what each machine changed without it. `null` is a deletion. */
class Model {
  readonly server = new Map<string, string>();
  readonly unsent = [new Map<string, string | null>(), new Map<string, string | null>()] as const;

  settle(name: string, value: string | null): void {
    if (value === null) this.server.delete(name);
    else this.server.set(name, value);
  }
}

async function run(
  model: Model,
  machines: readonly SecretsMachine[],
  { who, what, name, offline, force }: Step,
  n: number,
): Promise<void> {
  const machine = machines[who]!, unsent = model.unsent[who], { ports, folder } = machine;
  using _off = offline ? machine.evil.answer({ path: /./ }, unreachable) : undefined;
  const value = `value-number-${n}`;
  switch (what) {
    case "set": {
      const { stored } = await machine.set({ [name]: value }, { force });
      if (stored === "local") unsent.set(name, value);
      else {
        model.settle(name, value);
        unsent.delete(name);
      }
      break;
    }
    case "delete": {
      const { stored } = await deleteSecrets(ports, { folder, names: [name], force });
      if (stored === "local") {
        if ((await machine.meta(name)) === undefined) unsent.delete(name);
        else unsent.set(name, null);
      } else {
        model.settle(name, null);
        unsent.delete(name);
      }
      break;
    }
    case "pull": {
      const result = await pullSecrets(ports, { folder, force });
      for (const { name } of result.pulled) {
        assert.ok(force || !unsent.has(name), `${name} was overwritten`);
        unsent.delete(name);
      }
      for (const [name, value] of unsent) if (value === null && !model.server.has(name)) unsent.delete(name);
      break;
    }
    case "push": {
      const { pushed, conflicts } = await pushSecrets(ports, { folder, force });
      for (const { name, change } of pushed) {
        assert.ok(unsent.has(name), `${name} was pushed without a change`);
        const value = unsent.get(name)!;
        assert.equal(change === "deleted", value === null);
        model.settle(name, value);
        unsent.delete(name);
      }
      for (const [name, value] of unsent) if (value === null && !model.server.has(name)) unsent.delete(name);
      assert.deepEqual([...unsent.keys()].sort(), conflicts.map(({ name }) => name).sort());
    }
  }
}

const EXPECTED = ["conflict", "secret_not_found", "server_unreachable"] as const;

Deno.test("whatever two machines do, nothing acknowledged is lost and in the end they agree", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), async (steps) => {
      await using mine = await SecretsMachine.start();
      await using other = await mine.twin();
      const machines = [mine, other], model = new Model();
      for (const [n, one] of steps.entries()) {
        try {
          await run(model, machines, one, n);
        } catch (error) {
          if (!isAppError(error, ...EXPECTED)) throw error;
        }
        for (const [who, machine] of machines.entries()) {
          const values = await machine.values();
          for (const [name, value] of model.unsent[who]!) {
            assert.equal(values[name] ?? null, value, `${name} of ${who}`);
          }
        }
      }
      // The last word: one machine gives in, the other insists.
      await pullSecrets(mine.ports, { folder: mine.folder, force: true });
      for (const machine of [mine, other]) await pushSecrets(machine.ports, { folder: machine.folder, force: true });
      for (const [name, value] of model.unsent[0]) if (!model.server.has(name)) model.settle(name, value);
      for (const [name, value] of model.unsent[1]) model.settle(name, value);
      await using fresh = await mine.twin();
      for (const machine of [mine, other, fresh]) {
        await pullSecrets(machine.ports, { folder: machine.folder });
        const values = Object.entries(await machine.values());
        assert.deepEqual(values, [...model.server].sort(([a], [b]) => (a < b ? -1 : 1)));
        assert.deepEqual((await diffSecrets(machine.ports, { folder: machine.folder })).differences, []);
      }
    }),
    { numRuns: 6 },
  );
});
