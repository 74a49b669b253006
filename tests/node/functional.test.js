// The endpoints that Microsoft's functional tests for this client expect, used as those tests do.

import assert from "node:assert/strict";
import { test } from "node:test";

import { connect, failure, overBothProtocols, overEveryTransport, prepare } from "./support/client.js";
import { serverUrl } from "./support/server.js";

const text = async (path, options) => (await fetch(`${serverUrl}${path}`, options)).text();

overEveryTransport("the test hub", (way) => {
  const testHub = { ...way, path: "/testHub" };

  test("is found in any case and knows its transport", async (t) => {
    const connection = await connect(t, { ...way, path: "/TESTHUB" });
    assert.equal(await connection.invoke("getactivetransportname"), way.transport);
  });

  test("answers by calling the client", async (t) => {
    const connection = await connect(t, testHub);
    const message = new Promise((resolve) => connection.on("Message", resolve));
    await connection.invoke("InvokeWithString", "hi");
    assert.equal(await message, "hi");
    const object = new Promise((resolve) => connection.on("CustomObject", resolve));
    await connection.invoke("SendCustomObject", { Name: "test", Value: 42 });
    assert.deepEqual(await object, { Name: "test", Value: 42 });
  });

  test("tells the text of its errors", async (t) => {
    const connection = await connect(t, testHub);
    const expected = "InvalidOperationException: An error occurred.";
    const invoked = await failure(connection.invoke("ThrowException", "An error occurred."));
    assert.match(invoked.message, new RegExp(`'ThrowException' on the server. ${expected}$`));
    const streamed = await failure(
      new Promise((next, error) => connection.stream("StreamThrowException", "An error occurred.").subscribe({ next, complete: next, error })),
    );
    assert.match(streamed.message, new RegExp(`'StreamThrowException' on the server. ${expected}$`));
  });

  test("tells the client when an endless stream is cancelled", async (t) => {
    const connection = await connect(t, testHub);
    const cancelled = new Promise((resolve) => connection.on("StreamCanceled", resolve));
    const subscription = connection.stream("InfiniteStream").subscribe({ next() {}, complete() {}, error() {} });
    await connection.invoke("Echo", "the stream runs");
    subscription.dispose();
    await cancelled;
  });

  test("asks a client from outside", async (t) => {
    const connection = await connect(t, testHub);
    connection.on("Result", () => 10);
    assert.equal(await text(`/clientresult/${connection.connectionId}`), "10");
    connection.off("Result");
    connection.on("Result", () => {
      throw new Error("from callback");
    });
    assert.match(await text(`/clientresult/${connection.connectionId}`), /from callback/);
  });
});

overBothProtocols("complex objects", (protocol) => {
  const bytes = Uint8Array.from([1, 2, 3]);
  const whole = {
    ByteArray: protocol === "json" ? Buffer.from(bytes).toString("base64") : bytes,
    DateTime: protocol === "json" ? "2000-01-01T00:00:00Z" : new Date(Date.UTC(2000, 0, 1)),
    Guid: "00010203-0405-0607-0706-050403020100",
    IntArray: [1, 2, 3],
    String: "hello world",
  };
  const plain = (object) => ({ ...object, ByteArray: object.ByteArray.toString() });

  test("come whole", async (t) => {
    const connection = await connect(t, { protocol, path: "/testhub" });
    assert.deepEqual(plain(await connection.invoke("SendComplexObject")), plain(whole));
  });

  test("go and come back", async (t) => {
    const connection = await connect(t, { protocol, path: "/testhub" });
    assert.deepEqual(plain(await connection.invoke("EchoComplexObject", whole)), plain(whole));
  });
});

test("a client without WebSockets falls back", async (t) => {
  const connection = prepare(t, { path: "/testhub-nowebsockets", http: { transport: undefined } });
  await connection.start();
  assert.equal(await connection.invoke("GetActiveTransportName"), "ServerSentEvents");
});

test("a redirect by negotiation is followed, and counted", async (t) => {
  const redirects = async () => {
    const connection = await connect(t, { path: `/redirect`, query: { baseUrl: serverUrl } });
    return Number(await connection.invoke("GetNumRedirects"));
  };
  const first = await redirects();
  assert.equal(await redirects(), first + 1);
});

test("cookies of the negotiation are sent with what follows", async (t) => {
  const connection = await connect(t, { path: "/testhub", transport: "LongPolling" });
  assert.equal(await connection.invoke("GetCookie", "testCookie"), "testValue");
  assert.equal(await connection.invoke("GetCookie", "testCookie2"), "testValue2");
  assert.equal(await connection.invoke("GetCookie", "expiredCookie"), null);
});

overEveryTransport("a hub for token holders", (way) => {
  test("lets in whoever has a token", async (t) => {
    const token = await text("/generateJwtToken");
    const http = { accessTokenFactory: () => token };
    const connection = await connect(t, { ...way, path: "/authorizedhub", http });
    assert.equal(await connection.invoke("Echo", "hi"), "hi");
  });

  test("answers 401 to anybody else", async (t) => {
    for (const token of ["", "nonsense"]) {
      const connection = prepare(t, { ...way, path: "/authorizedhub", http: { accessTokenFactory: () => token } });
      assert.match((await failure(connection.start())).message, /401/);
    }
  });
});

test("a negotiation that fails says so", async (t) => {
  const error = await failure(prepare(t, { path: "/bad-negotiate" }).start());
  assert.match(error.message, /Status code '400'/);
  assert.equal(await text("/bad-negotiate/negotiate", { method: "POST" }), "Some response from server");
});

overBothProtocols("a hub that cannot be made", (protocol) => {
  test("ends every connection", async (t) => {
    const connection = prepare(t, { protocol, path: "/uncreatable" });
    await connection.start().catch(() => {});
    await (connection.state === "Connected" ? connection.closed : undefined);
    assert.equal(connection.state, "Disconnected");
  });
});
