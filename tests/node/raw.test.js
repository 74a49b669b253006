import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { describe, test } from "node:test";

import { HttpTransportType, LogLevel, TransferFormat } from "@microsoft/signalr";

import { Inbox } from "./support/inbox.js";
import { serverUrl } from "./support/server.js";

// The client's own connection below the hub protocol, which its package does not export.
const require = createRequire(import.meta.url);
const { HttpConnection } = require(join(dirname(require.resolve("@microsoft/signalr")), "HttpConnection.js"));

const WAYS = [
  { transport: "WebSockets", format: "Text" },
  { transport: "WebSockets", format: "Binary" },
  { transport: "ServerSentEvents", format: "Text" },
  { transport: "LongPolling", format: "Text" },
  { transport: "LongPolling", format: "Binary" },
];

/** A started connection. What it receives is joined, because only some transports keep messages apart. */
async function connect(test, { transport, format }, path = "/echo", options = {}) {
  const connection = new HttpConnection(serverUrl + path, {
    transport: HttpTransportType[transport],
    logger: LogLevel.None,
    ...options,
  });
  const inbox = new Inbox();
  connection.onreceive = (data) => inbox.put(data);
  const closed = new Promise((resolve) => {
    connection.onclose = resolve;
  });
  await connection.start(TransferFormat[format]);
  test.after(() => connection.stop());
  return { connection, inbox, closed };
}

const empty = { Text: "", Binary: new Uint8Array() };

/** Two pieces in one; `two` is as the client hands it over. */
function appended(one, two) {
  if (typeof one === "string") {
    assert.equal(typeof two, "string", "text comes back as text");
    return one + two;
  }
  assert.ok(two instanceof ArrayBuffer, "binary comes back as binary");
  return new Uint8Array([...one, ...new Uint8Array(two)]);
}

/** Receives until there is as much as was expected. */
async function receive(inbox, format, length) {
  let all = empty[format];
  while (all.length < length) {
    all = appended(all, await inbox.next());
  }
  return all;
}

for (const way of WAYS) {
  const { transport, format } = way;
  const encode = (text) => (format === "Text" ? text : new TextEncoder().encode(text));

  describe(`a raw connection over ${transport} with ${format.toLowerCase()}`, { timeout: 120_000 }, () => {
    test("sends back what it receives", async (t) => {
      const { connection, inbox } = await connect(t, way);
      for (const text of ["hello", "Grüße, 世界 👋", "{}\u001e", "a\nb"]) {
        const message = encode(text);
        await connection.send(message);
        assert.deepEqual(await receive(inbox, format, message.length), message);
      }
    });

    test("keeps the order of many messages", async (t) => {
      const { connection, inbox } = await connect(t, way);
      const texts = Array.from({ length: 100 }, (_, n) => `message ${n}. `);
      await Promise.all(texts.map((text) => connection.send(encode(text))));
      const all = encode(texts.join(""));
      assert.deepEqual(await receive(inbox, format, all.length), all);
    });

    test("carries more than its buffers hold", async (t) => {
      const { connection, inbox } = await connect(t, way);
      // Long polling does not know what is text, and may cut a character in two.
      const message = encode("x" + (transport === "LongPolling" ? "0123456789" : "äöü世👋").repeat(20_000));
      await connection.send(message);
      assert.deepEqual(await receive(inbox, format, message.length), message);
    });

    test("ends without an error when the client stops", async (t) => {
      const { connection, closed } = await connect(t, way);
      await connection.stop();
      assert.equal(await closed, undefined);
    });

    // WebSockets follow none, and what stands in for EventSource in Node only absolute ones.
    test("is found behind a redirect", { skip: transport !== "LongPolling" }, async (t) => {
      const { connection, inbox } = await connect(t, way, "/echoredirect");
      const message = encode("hello");
      await connection.send(message);
      assert.deepEqual(await receive(inbox, format, message.length), message);
    });
  });
}

test("a raw connection carries any bytes", { timeout: 120_000 }, async (t) => {
  for (const transport of ["WebSockets", "LongPolling"]) {
    const { connection, inbox } = await connect(t, { transport, format: "Binary" });
    const bytes = Uint8Array.from({ length: 1024 }, (_, n) => n * 7);
    await connection.send(bytes);
    assert.deepEqual(await receive(inbox, "Binary", bytes.length), bytes);
  }
});

test("a WebSocket needs no negotiation", { timeout: 120_000 }, async (t) => {
  const way = { transport: "WebSockets", format: "Text" };
  const { connection, inbox } = await connect(t, way, "/echo", { skipNegotiation: true });
  await connection.send("hello");
  assert.equal(await receive(inbox, "Text", 5), "hello");
});
