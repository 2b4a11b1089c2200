/** A Secret Service keychain at the end of a pipe: one JSON request per line, one JSON answer per line. */
import { TextLineStream } from "../support/lines.ts";
import { SecretServiceKeychain } from "../../src/adapters/keychain/linux.ts";
import { systemRandom } from "../../src/adapters/random/system.ts";
import { isAppError } from "../../src/kernel/error.ts";
import { plain, put } from "./keychain_suite.ts";
import type { Answer, Request } from "./secret_service_remote.ts";

const [profile = "", timeoutMs = ""] = Deno.args;
const keychain = new SecretServiceKeychain({ profile, random: systemRandom, timeoutMs: Number(timeoutMs) });

async function perform(request: Request): Promise<unknown> {
  const { collection, name, value, meta } = request;
  const key = { collection: collection ?? "c", name: name ?? "N" };
  switch (request.op) {
    case "probe":
      return keychain.probe();
    case "get":
      return plain(await keychain.get(key));
    case "put":
      return keychain.apply([put(key, value ?? "", meta ?? {})]);
    case "remove":
      return keychain.apply([{ op: "remove", key }]);
    case "list":
      return keychain.list(key.collection);
    case "getMany": {
      const names = (await keychain.list(key.collection)).map((entry) => entry.name);
      return (await keychain.getMany(key.collection, names)).map((item) => {
        using _value = item.value;
        return plain(item);
      });
    }
    case "rss":
      return Deno.memoryUsage().rss;
  }
}

for await (const line of Deno.stdin.readable.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream())) {
  const request = JSON.parse(line) as Request;
  const start = performance.now();
  const answer: { -readonly [K in keyof Answer]: Answer[K] } = { ms: 0 };
  try {
    for (let i = 0; i < (request.times ?? 1); i++) answer.result = await perform(request);
  } catch (error) {
    answer.code = isAppError(error) ? error.code : String(error);
    answer.message = error instanceof Error ? error.message : "";
  }
  answer.ms = performance.now() - start;
  await Deno.stdout.write(new TextEncoder().encode(`${JSON.stringify(answer)}\n`));
}
