import assert from "node:assert/strict";
import { test } from "node:test";

import { connect, connectAll, overEveryTransport, received, unique } from "./support/client.js";

overEveryTransport("who receives", (way) => {
  /** Asserts that the clients whose letters are in `expected`, and no others, got the message exactly so many times. */
  async function assertReceived(clients, message, expected) {
    const actual = {};
    for (const [letter, client] of Object.entries(clients)) {
      const count = (await received(client)).filter((item) => item === message).length;
      if (count > 0) {
        actual[letter] = count;
      }
    }
    assert.deepEqual(actual, expected);
  }

  async function fourClients(t) {
    const [a, b, c, d] = await connectAll(t, 4, way);
    return { a, b, c, d };
  }

  test("SendToCaller: the caller", async (t) => {
    const clients = await fourClients(t);
    const message = unique("caller");
    await clients.a.invoke("SendToCaller", message);
    await assertReceived(clients, message, { a: 1 });
  });

  test("SendToAll: everybody", async (t) => {
    const clients = await fourClients(t);
    const message = unique("all");
    await clients.a.invoke("SendToAll", message);
    await assertReceived(clients, message, { a: 1, b: 1, c: 1, d: 1 });
  });

  test("SendToOthers: everybody but the caller", async (t) => {
    const clients = await fourClients(t);
    const message = unique("others");
    await clients.a.invoke("SendToOthers", message);
    await assertReceived(clients, message, { b: 1, c: 1, d: 1 });
  });

  test("SendToAllExcept: everybody but those named", async (t) => {
    const clients = await fourClients(t);
    const { a, b, c } = clients;
    const message = unique("all-except");
    await a.invoke("SendToAllExcept", [b.connectionId, c.connectionId, "nobody"], message);
    await assertReceived(clients, message, { a: 1, d: 1 });
  });

  test("SendToClient: the one named", async (t) => {
    const clients = await fourClients(t);
    const message = unique("client");
    await clients.a.invoke("SendToClient", clients.c.connectionId, message);
    await assertReceived(clients, message, { c: 1 });
  });

  test("SendToClient: nobody, without an error, where there is no such client", async (t) => {
    const clients = await fourClients(t);
    const message = unique("nobody");
    await clients.a.invoke("SendToClient", "nobody", message);
    await assertReceived(clients, message, {});
  });

  test("SendToClients: those named", async (t) => {
    const clients = await fourClients(t);
    const { a, b, d } = clients;
    const message = unique("clients");
    await a.invoke("SendToClients", [b.connectionId, "nobody", d.connectionId], message);
    await assertReceived(clients, message, { b: 1, d: 1 });
  });

  test("SendToGroup: its members, whether the caller is one or not", async (t) => {
    const clients = await fourClients(t);
    const [group, inside, outside] = [unique("group"), unique("inside"), unique("outside")];
    await clients.b.invoke("JoinGroup", group);
    await clients.c.invoke("JoinGroup", group);
    await clients.b.invoke("SendToGroup", group, inside);
    await clients.a.invoke("SendToGroup", group, outside);
    const seen = (client) => received(client).then((items) => items.filter((item) => [inside, outside].includes(item)));
    assert.deepEqual(await seen(clients.a), []);
    assert.deepEqual(await seen(clients.b), [inside, outside]);
    assert.deepEqual(await seen(clients.c), [inside, outside]);
    assert.deepEqual(await seen(clients.d), []);
  });

  test("SendToGroup: nobody in a group without members", async (t) => {
    const clients = await fourClients(t);
    const message = unique("empty-group");
    await clients.a.invoke("SendToGroup", unique("group"), message);
    await assertReceived(clients, message, {});
  });

  test("SendToGroupExcept: members but those named", async (t) => {
    const clients = await fourClients(t);
    const { a, b, c, d } = clients;
    const [group, message] = [unique("group"), unique("group-except")];
    await Promise.all([a, b, c].map((client) => client.invoke("JoinGroup", group)));
    await d.invoke("SendToGroupExcept", group, [b.connectionId, d.connectionId], message);
    await assertReceived(clients, message, { a: 1, c: 1 });
  });

  test("SendToGroups: members of each group, once for each", async (t) => {
    const clients = await fourClients(t);
    const { a, b, c, d } = clients;
    const [first, second, message] = [unique("first"), unique("second"), unique("groups")];
    await Promise.all([a, b].map((client) => client.invoke("JoinGroup", first)));
    await Promise.all([b, c].map((client) => client.invoke("JoinGroup", second)));
    await d.invoke("SendToGroups", [first, second], message);
    await assertReceived(clients, message, { a: 1, b: 2, c: 1 });
  });

  test("SendToOthersInGroup: members but the caller", async (t) => {
    const clients = await fourClients(t);
    const { a, b, c } = clients;
    const [group, message] = [unique("group"), unique("others-in-group")];
    await Promise.all([a, b, c].map((client) => client.invoke("JoinGroup", group)));
    await a.invoke("SendToOthersInGroup", group, message);
    await assertReceived(clients, message, { b: 1, c: 1 });
  });

  test("groups distinguish case", async (t) => {
    const clients = await fourClients(t);
    const [group, message] = [unique("group"), unique("case")];
    await clients.a.invoke("JoinGroup", group);
    await clients.b.invoke("JoinGroup", group.toUpperCase());
    await clients.c.invoke("SendToGroup", group, message);
    await assertReceived(clients, message, { a: 1 });
  });

  test("joining twice counts once, and leaving once ends it", async (t) => {
    const clients = await fourClients(t);
    const [group, before, after] = [unique("group"), unique("before"), unique("after")];
    await clients.a.invoke("JoinGroup", group);
    await clients.a.invoke("JoinGroup", group);
    await clients.b.invoke("SendToGroup", group, before);
    await assertReceived(clients, before, { a: 1 });
    await clients.a.invoke("LeaveGroup", group);
    await clients.b.invoke("SendToGroup", group, after);
    await assertReceived(clients, after, {});
  });

  test("leaving a group that one is not in does nothing", async (t) => {
    const [client] = await connectAll(t, 1, way);
    assert.equal(await client.invoke("LeaveGroup", unique("group")), null);
  });

  test("AddToGroup adds another client, and nobody where there is no such client", async (t) => {
    const clients = await fourClients(t);
    const [group, message] = [unique("group"), unique("added")];
    await clients.a.invoke("AddToGroup", clients.b.connectionId, group);
    await clients.a.invoke("AddToGroup", "nobody", group);
    await clients.c.invoke("SendToGroup", group, message);
    await assertReceived(clients, message, { b: 1 });
  });

  test("a client that left is in no group any more", async (t) => {
    const watcher = await connect(t, { ...way, query: { watch: "" } });
    const leaver = await connect(t, way);
    const [group, message] = [unique("group"), unique("left")];
    const id = leaver.connectionId;
    const gone = new Promise((resolve) => watcher.on("Gone", (who, reason) => who === id && resolve(reason)));
    await leaver.invoke("JoinGroup", group);
    await watcher.invoke("JoinGroup", group);
    await leaver.stop();
    await gone;
    await watcher.invoke("SendToGroup", group, message);
    await assertReceived({ watcher }, message, { watcher: 1 });
  });

  test("a client of the other protocol receives the same", async (t) => {
    const sender = await connect(t, way);
    const receiver = await connect(t, { protocol: way.protocol === "json" ? "messagepack" : "json" });
    const message = unique("grüße 🦀");
    await sender.invoke("SendToAll", message);
    await assertReceived({ sender, receiver }, message, { sender: 1, receiver: 1 });
  });
});
