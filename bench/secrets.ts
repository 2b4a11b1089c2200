/** The commands that an agent runs often, with many secrets: whole processes, start to end. */
import { type BenchHome, benchHome, BINARY, dotenv, PASSWORD } from "./home.ts";
import { command, compare, print } from "./measure.ts";

export async function bench(): Promise<void> {
  await using home = await benchHome();
  const options = { env: home.env, cwd: home.project };
  await home.run(["project", "create", "five-hundred"]);
  await home.run(["secrets", "import", "-", "--project", "five-hundred"], dotenv(500));
  await home.run(["project", "create", "thousand"]);
  await home.run(["secrets", "import", "-", "--project", "thousand"], dotenv(1000));
  let round = 0;
  const hundred = (): string[] => dotenv(100, `SET_${round++}`).trim().split("\n").flatMap((line) => [line]);
  print(
    "Secrets (compiled, vault file with key file)",
    await compare(9, [
      { name: "agentsecrets --version", run: command([BINARY, "--version"], options) },
      {
        name: "secrets list, 1 project, none",
        run: command(home.argv("secrets", "list", "--project", "bench", "--env", "staging"), options),
      },
      { name: "secrets list, 500", run: command(home.argv("secrets", "list", "--project", "five-hundred"), options) },
      { name: "secrets diff, 500", run: command(home.argv("secrets", "diff", "--project", "five-hundred"), options) },
      {
        name: "secrets set, 100 new ones in one commit",
        run: () => command(home.argv("secrets", "set", "--project", "bench", ...hundred()), options)(),
      },
      {
        name: "secrets pull, 1,000, nothing new",
        run: command(home.argv("secrets", "pull", "--project", "thousand"), options),
      },
    ]),
  );
  await pullAll(home);
}

/** A machine that was just logged in on: everything comes. The home is put back before each run. */
async function pullAll(home: BenchHome): Promise<void> {
  const kit = await Deno.readTextFile(`${home.base}/kit.txt`);
  const key = /AS1(-[0-9A-Z]+)+/.exec(kit)?.[0] ?? "";
  await home.run(["logout", "--forget", "--force", "--yes"]);
  await Deno.writeTextFile(`${home.base}/account-key`, `${key}\n`);
  const login = `exec "$0" login --password-stdin --account-key-fd 3 3<"${home.base}/account-key"`;
  await command(["sh", "-c", login, BINARY], { env: home.env, cwd: home.project, stdin: `${PASSWORD}\n` })();
  await copy(`${home.base}/home`, `${home.base}/empty`);
  const options = { env: home.env, cwd: home.project };
  print(
    "Pull of everything",
    await compare(5, [
      { name: "agentsecrets --version", run: command([BINARY, "--version"], options) },
      {
        name: "secrets pull, 1,000, all new here",
        before: () => copy(`${home.base}/empty`, `${home.base}/home`),
        run: command(home.argv("secrets", "pull", "--project", "thousand"), options),
      },
    ]),
  );
}

async function copy(from: string, to: string): Promise<void> {
  await Deno.remove(to, { recursive: true }).catch(() => {});
  const { success } = await new Deno.Command("cp", { args: ["-a", from, to] }).output();
  if (!success) throw new Error(`${from} cannot be copied`);
}
