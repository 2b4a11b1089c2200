"""Calls through the proxy with the libraries that Python programs use. PROXY, TARGET and CHAT come from the environment; each
function prints what it saw, one JSON document a line. Lines on standard input are the test's leave to go on."""

import asyncio
import json
import os
import sys

PROXY = os.environ["PROXY"]
TARGET = os.environ["TARGET"]
CHAT = os.environ["CHAT"]


def show(*what):
    print(json.dumps(what), flush=True)


def to(path, **inject):
    lines = {"X-AS-Inject-" + name.replace("_", "-"): secret for name, secret in inject.items()}
    return {"X-AS-Target-URL": TARGET + path, "X-AS-Agent-ID": "python", **lines}


def with_requests():
    import requests

    with requests.Session() as session:
        answer = session.get(PROXY, headers=to("/echo?a=%41&b", Bearer="KEY"))
        show(answer.status_code, answer.json()["headers"]["authorization"], answer.json()["path"])
        answer = session.post(PROXY, headers=to("/echo", **{"Body_auth_key": "KEY"}), json={"n": 1, "text": "ü"})
        show(answer.status_code, json.loads(answer.json()["body"]))
        answer = session.post(PROXY, headers=to("/echo", **{"Form_token": "KEY"}), data={"a": "b c"})
        show(answer.status_code, answer.json()["body"])
        answer = session.get(PROXY, headers=to("/redirect?to=https://elsewhere.example/", Bearer="KEY"), allow_redirects=False)
        show(answer.status_code, answer.headers.get("location"), len(answer.history))
        answer = session.get(PROXY, headers=to("/echo", Bearer="NO_SUCH"))
        show(answer.status_code, answer.json()["error"])


def requests_events():
    import requests

    with requests.get(PROXY, headers=to("/stream", Bearer="KEY"), stream=True) as answer:
        for line in answer.iter_lines(chunk_size=1, decode_unicode=True):
            if line:
                show(line)


def with_httpx():
    import httpx

    # As an SDK does it: one client, a base URL, default headers.
    headers = {"X-AS-Target-Origin": CHAT, "X-AS-Inject-Bearer": "KEY"}
    with httpx.Client(base_url=PROXY + "/v1", headers=headers) as client:
        show(client.get("/models").json()["data"][0]["owned_by"])
        words = [{"role": "user", "content": "hello"}]
        answer = client.post("/chat/completions", json={"model": "small", "messages": words})
        show(answer.status_code, answer.json()["choices"][0]["message"]["content"])
        with client.stream("GET", "/files/report/content") as streamed:
            show(streamed.status_code, sum(len(piece) for piece in streamed.iter_bytes()))
        show(client.get("/files/report/content", headers={"Range": "bytes=0-3"}).text)


async def httpx_async():
    import httpx

    async with httpx.AsyncClient(headers=to("/text", Bearer="KEY")) as client:
        answers = await asyncio.gather(*[client.get(PROXY) for _ in range(8)])
        show([answer.status_code for answer in answers], "".join(answer.text for answer in answers).count("REDACTED"))
        answer = await client.post(PROXY, headers=to("/echo", **{"Body_auth_key": "KEY"}), json={"n": 1})
        show(answer.status_code, json.loads(answer.json()["body"]))

        async def pieces():
            for _ in range(64):
                yield b"x" * 65536

        answer = await client.put(PROXY, headers=to("/status/204", Bearer="KEY"), content=pieces())
        show(answer.status_code)
        async with client.stream("GET", PROXY, headers=to("/stream", Bearer="KEY")) as answer:
            async for line in answer.aiter_lines():
                if line.strip():
                    show(line.strip())


async def web_socket():
    import websockets

    base = PROXY.replace("http:", "ws:")
    headers = {"X-AS-Target-Origin": TARGET.replace("https:", "wss:"), "X-AS-Inject-Bearer": "KEY"}
    async with websockets.connect(base + "/ws", extra_headers=headers) as socket:
        await socket.send("headers")
        show(json.loads(await socket.recv())["authorization"])
        await socket.send("text with ü")
        show(await socket.recv())
        await socket.send(bytes(range(256)) * 1024)
        show(await socket.recv() == bytes(range(256)) * 1024)
        # The test tells the value in a form that is searched for, so that the upstream says it back in both kinds of frame.
        value = bytes(byte ^ 1 for byte in bytes.fromhex(sys.stdin.readline()))
        await socket.send(b"\x00\xff" + value + b"\xff")
        show((await socket.recv()).decode("latin1"))
        await socket.send("close 3001")
        try:
            await socket.recv()
        except websockets.ConnectionClosed as closed:
            show(closed.code, closed.reason)
    try:
        async with websockets.connect(base + "/ws", extra_headers=headers, origin="https://evil.example"):
            show("connected")
    except websockets.InvalidStatusCode as refused:
        show(refused.status_code)


step = globals()[sys.argv[1]]
asyncio.run(step()) if asyncio.iscoroutinefunction(step) else step()
