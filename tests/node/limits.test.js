import assert from "node:assert/strict";
import { test } from "node:test";

import { connect, failure, overBothProtocols } from "./support/client.js";
import { listeningCodec } from "./support/listening-codec.js";
import { silenceableSocket } from "./support/silent-socket.js";

const LIMITS = { path: "/conformance-limits" };
const CLOSED = "Server returned an error on close: Connection closed with an error.";

overBothProtocols("limits", (protocol) => {
  test("the server pings, and a client that pings too stays longer than the client timeout", async (t) => {
    const { codec, pings } = listeningCodec(protocol);
    const connection = await connect(t, { ...LIMITS, protocol, codec, keepAlive: 500 });
    // Pings come at least half a second apart: six of them take longer than the 2 s that a silent client has.
    await Promise.race([pings.take(6), connection.closed.then((error) => assert.fail(error))]);
    assert.equal(await connection.invoke("Echo", "still here"), "still here");
  });

  test("a client that falls silent is closed", async (t) => {
    const socket = silenceableSocket();
    const http = { WebSocket: socket.WebSocket };
    const connection = await connect(t, { ...LIMITS, protocol, http });
    await connection.invoke("DoNothing");
    socket.silent = true;
    assert.equal((await connection.closed).message, CLOSED);
  });

  test("a message of the greatest size is accepted", async (t) => {
    const connection = await connect(t, { ...LIMITS, protocol });
    const text = "x".repeat(900);
    assert.equal(await connection.invoke("Echo", text), text);
  });

  test("a message that is too big closes the connection", async (t) => {
    const connection = await connect(t, { ...LIMITS, protocol });
    const call = failure(connection.invoke("Echo", "x".repeat(1100)));
    const error = await connection.closed;
    assert.equal(error.message, CLOSED);
    assert.equal((await call).message, CLOSED);
  });

  test("small messages may be more together than one may be", async (t) => {
    const connection = await connect(t, { ...LIMITS, protocol });
    const texts = Array.from({ length: 30 }, (_, index) => `${index}`.padEnd(200, "x"));
    assert.deepEqual(await Promise.all(texts.map((text) => connection.invoke("Echo", text))), texts);
  });

  test("the default limit is 32 KiB", async (t) => {
    const connection = await connect(t, { protocol });
    assert.equal((await connection.invoke("Echo", "x".repeat(32_000))).length, 32_000);
    failure(connection.invoke("Echo", "x".repeat(33_000)));
    assert.equal((await connection.closed).message, CLOSED);
  });
});
