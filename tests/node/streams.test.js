import assert from "node:assert/strict";
import { test } from "node:test";

import { connect, overEveryTransport } from "./support/client.js";
import { collect } from "./support/streams.js";

overEveryTransport("streams from the server", (way) => {
  test("Counter sends its items in order and then ends", async (t) => {
    const connection = await connect(t, way);
    assert.deepEqual(await collect(connection.stream("Counter", 5, 1)), { items: [0, 1, 2, 3, 4], error: undefined });
  });

  test("a long stream arrives whole and in order", async (t) => {
    const connection = await connect(t, way);
    const { items, error } = await collect(connection.stream("Counter", 10_000, 0));
    assert.equal(error, undefined);
    assert.deepEqual(items, Array.from({ length: 10_000 }, (_, index) => index));
  });

  test("EmptyStream ends without an item", async (t) => {
    const connection = await connect(t, way);
    assert.deepEqual(await collect(connection.stream("EmptyStream")), { items: [], error: undefined });
  });

  test("CounterThrows sends its items and then its error", async (t) => {
    const connection = await connect(t, way);
    assert.deepEqual(await collect(connection.stream("CounterThrows", 3)), {
      items: [0, 1, 2],
      error: "An error occurred on the server while streaming results. HubException: stream failed",
    });
  });

  test("StreamThrowsAtOnce fails before it streams", async (t) => {
    const connection = await connect(t, way);
    assert.deepEqual(await collect(connection.stream("StreamThrowsAtOnce")), {
      items: [],
      error: "An unexpected error occurred invoking 'StreamThrowsAtOnce' on the server. HubException: no stream",
    });
  });

  test("an unknown stream fails as an unknown method does", async (t) => {
    const connection = await connect(t, way);
    assert.deepEqual(await collect(connection.stream("Nowhere")), {
      items: [],
      error: "Failed to invoke 'Nowhere' due to an error on the server. HubException: Method does not exist.",
    });
  });

  test("a stream whose arguments cannot be read fails", async (t) => {
    const connection = await connect(t, way);
    assert.deepEqual(await collect(connection.stream("Counter", "many", 0)), {
      items: [],
      error: "Failed to invoke 'Counter' due to an error on the server.",
    });
  });

  test("dispose cancels the stream on the server", async (t) => {
    const connection = await connect(t, way);
    const cancelled = new Promise((resolve) => connection.on("StreamCanceled", resolve));
    await new Promise((resolve, reject) => {
      const subscription = connection.stream("Infinite").subscribe({
        next: (item) => {
          subscription.dispose();
          resolve(assert.equal(item, "tick"));
        },
        complete: () => reject(new Error("the stream ended by itself")),
        error: reject,
      });
    });
    await cancelled;
    assert.equal(await connection.invoke("Echo", "still here"), "still here");
  });

  test("many streams and calls share a connection", async (t) => {
    const connection = await connect(t, way);
    const streams = Array.from({ length: 20 }, (_, count) => collect(connection.stream("Counter", count, 1)));
    const calls = Array.from({ length: 20 }, (_, count) => connection.invoke("Add", count, 1));
    const collected = await Promise.all(streams);
    assert.deepEqual(
      collected.map(({ items, error }) => [items.length, error]),
      collected.map((_, count) => [count, undefined]),
    );
    assert.deepEqual(
      await Promise.all(calls),
      calls.map((_, count) => count + 1),
    );
  });
});
