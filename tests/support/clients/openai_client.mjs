// deno-lint-ignore-file explicit-function-return-type -- JavaScript, since Node runs it as it is
/**
 * OpenAI's own SDK with its base URL at the proxy, run by Deno and by Node. PROXY and CHAT come from the environment; it prints what
 * it saw, one JSON document a line.
 */
import process from "node:process";
import OpenAI, { toFile } from "openai";

const { PROXY, CHAT } = process.env;

/** All that an SDK lets one set: where to, and headers for every request. */
function client(headers = {}) {
  const defaultHeaders = { "X-AS-Target-Origin": CHAT, "X-AS-Inject-Bearer": "KEY", ...headers };
  return new OpenAI({ baseURL: `${PROXY}/v1`, apiKey: "unused", maxRetries: 0, defaultHeaders });
}

function show(...what) {
  console.log(JSON.stringify(what));
}

async function failure(work) {
  try {
    await work;
    return "no failure";
  } catch (error) {
    return [error.constructor.name, error.status, error.code, error.message];
  }
}

const openai = client();
const question = { model: "small", messages: [{ role: "user", content: "hello" }] };

const { data, response } = await openai.chat.completions.create(question).withResponse();
show(data.choices[0].message.content, response.headers.get("openai-organization"));

const models = [];
for await (const model of openai.models.list({ query: { limit: 2 } })) models.push(model.owned_by);
show(models);

const file = await openai.files.create({ file: await toFile(new Uint8Array(300_000), "data.jsonl"), purpose: "batch" });
show(file.filename, file.bytes);
const report = await openai.files.content("report");
show((await report.arrayBuffer()).byteLength);

show(await failure(openai.responses.retrieve("resp_1")));
show(await failure(client({ "X-AS-Target-Origin": "https://evil.example" }).models.list()));
show(await failure(client({ "X-AS-Inject-Bearer": null }).models.list()));
// What an agent passes on as an id must not choose another place.
show(await failure(openai.get("/files/../../../forget")));

const stream = await openai.chat.completions.create({ ...question, stream: true });
for await (const chunk of stream) {
  show(chunk.choices[0].delta.content);
  if (chunk.choices[0].delta.content === "leave") break;
}
show("left");
