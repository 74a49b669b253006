import assert from "node:assert/strict";
import { test } from "node:test";

import { Relay } from "../support/relay.mjs";
import { connect, failure, overBothProtocols, received, unique } from "./support/client.js";
import { serverUrl } from "./support/server.js";

const AT_ONCE = Array(20).fill(0);

async function startRelay(test) {
  const relay = await Relay.start(serverUrl);
  test.after(() => relay.stop());
  return relay;
}

overBothProtocols("after the network was cut", (protocol) => {
  const reconnected = (connection) => new Promise((resolve) => connection.onreconnected(resolve));

  test("the client comes back under a new id and calls work", async (t) => {
    const relay = await startRelay(t);
    const connection = await connect(t, { protocol, base: relay.url, retries: AT_ONCE });
    const first = connection.connectionId;
    for (const round of ["one", "two"]) {
      const back = reconnected(connection);
      relay.cut();
      assert.equal(await back, connection.connectionId);
      assert.equal(await connection.invoke("Echo", round), round);
    }
    assert.notEqual(connection.connectionId, first);
    assert.equal(await connection.invoke("GetConnectionId"), connection.connectionId);
  });

  test("its handlers still work and its groups are gone", async (t) => {
    const relay = await startRelay(t);
    const connection = await connect(t, { protocol, base: relay.url, retries: AT_ONCE });
    const group = unique("group");
    await connection.invoke("JoinGroup", group);
    const back = reconnected(connection);
    relay.cut();
    await back;
    await connection.invoke("SendToGroup", group, "to nobody");
    await connection.invoke("SendToCaller", "to me");
    assert.deepEqual(await received(connection), ["to me"]);
  });

  test("calls that were under way fail", async (t) => {
    const relay = await startRelay(t);
    const watcher = await connect(t, { protocol });
    const connection = await connect(t, { protocol, base: relay.url });
    // Its first act proves that the call runs on the server.
    const asked = new Promise((resolve) => watcher.on("Answer", () => new Promise(() => resolve())));
    const call = failure(connection.invoke("AskClient", watcher.connectionId, "never answered"));
    await asked;
    relay.cut();
    assert.ok((await call) instanceof Error);
    assert.ok((await connection.closed) instanceof Error);
  });

  test("the server notices and tells the others", async (t) => {
    const relay = await startRelay(t);
    const watcher = await connect(t, { protocol, query: { watch: "" } });
    const connection = await connect(t, { protocol, base: relay.url });
    const id = connection.connectionId;
    const gone = new Promise((resolve) => watcher.on("Gone", (who) => who === id && resolve(who)));
    relay.cut();
    assert.equal(await gone, id);
  });

  test("a stream that was under way fails and another can be started", async (t) => {
    const relay = await startRelay(t);
    const connection = await connect(t, { protocol, base: relay.url, retries: AT_ONCE });
    const back = reconnected(connection);
    await failure(
      new Promise((resolve, reject) => {
        connection.stream("Infinite").subscribe({ next: () => relay.cut(), complete: resolve, error: reject });
      }),
    );
    await back;
    const item = await new Promise((resolve, reject) => {
      const subscription = connection.stream("Infinite").subscribe({
        next: (tick) => {
          subscription.dispose();
          resolve(tick);
        },
        complete: () => {},
        error: reject,
      });
    });
    assert.equal(item, "tick");
  });
});
