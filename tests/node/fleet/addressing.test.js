import assert from "node:assert/strict";
import { test } from "node:test";

import { unique } from "../support/client.js";
import { Fleet, assertReceived, canStart, connectTo, fourClients } from "../support/fleet.js";

const fleet = canStart && (await Fleet.start());

// `a`, who calls, and `b` are on the one server, `c` and `d` on the other.
fleet?.describe("who receives", (way) => {
  test("SendToCaller: the caller", async (t) => {
    const clients = await fourClients(t, way);
    const message = unique("caller");
    await clients.a.invoke("SendToCaller", message);
    await assertReceived(clients, message, { a: 1 });
  });

  test("SendToAll: everybody", async (t) => {
    const clients = await fourClients(t, way);
    const message = unique("all");
    await clients.a.invoke("SendToAll", message);
    await assertReceived(clients, message, { a: 1, b: 1, c: 1, d: 1 });
  });

  test("SendToOthers: everybody but the caller", async (t) => {
    const clients = await fourClients(t, way);
    const message = unique("others");
    await clients.a.invoke("SendToOthers", message);
    await assertReceived(clients, message, { b: 1, c: 1, d: 1 });
  });

  test("SendToAllExcept: everybody but those named, on both servers", async (t) => {
    const clients = await fourClients(t, way);
    const { a, b, c } = clients;
    const message = unique("all-except");
    await a.invoke("SendToAllExcept", [b.connectionId, c.connectionId, "nobody"], message);
    await assertReceived(clients, message, { a: 1, d: 1 });
  });

  for (const letter of ["a", "b", "c", "d"]) {
    test(`SendToClient: the one named, ${letter}`, async (t) => {
      const clients = await fourClients(t, way);
      const message = unique("client");
      await clients.a.invoke("SendToClient", clients[letter].connectionId, message);
      await assertReceived(clients, message, { [letter]: 1 });
    });
  }

  test("SendToClient: nobody, without an error, where there is no such client", async (t) => {
    const clients = await fourClients(t, way);
    const message = unique("nobody");
    await clients.a.invoke("SendToClient", "nobody", message);
    await assertReceived(clients, message, {});
  });

  test("SendToClients: those named, on both servers", async (t) => {
    const clients = await fourClients(t, way);
    const { a, b, c, d } = clients;
    const message = unique("clients");
    await a.invoke("SendToClients", [b, c, d].map((client) => client.connectionId).concat("nobody"), message);
    await assertReceived(clients, message, { b: 1, c: 1, d: 1 });
  });

  test("SendToGroup: its members on both servers, whether the caller is one or not", async (t) => {
    const clients = await fourClients(t, way);
    const { a, b, c } = clients;
    const [group, inside, outside] = [unique("group"), unique("inside"), unique("outside")];
    await Promise.all([b, c].map((client) => client.invoke("JoinGroup", group)));
    await b.invoke("SendToGroup", group, inside);
    await assertReceived(clients, inside, { b: 1, c: 1 });
    await a.invoke("SendToGroup", group, outside);
    await assertReceived(clients, outside, { b: 1, c: 1 });
  });

  test("SendToGroup: members of the other server only", async (t) => {
    const clients = await fourClients(t, way);
    const { a, c, d } = clients;
    const [group, message] = [unique("group"), unique("there")];
    await Promise.all([c, d].map((client) => client.invoke("JoinGroup", group)));
    await a.invoke("SendToGroup", group, message);
    await assertReceived(clients, message, { c: 1, d: 1 });
  });

  test("SendToGroup: nobody in a group without members", async (t) => {
    const clients = await fourClients(t, way);
    const message = unique("empty-group");
    await clients.a.invoke("SendToGroup", unique("group"), message);
    await assertReceived(clients, message, {});
  });

  test("SendToGroup: groups with any character in their names", async (t) => {
    const clients = await fourClients(t, way);
    for (const name of ["with space", "a:b:", "*?[x]", "äöü 你好 🦀", "UPPER", "\u0001\n"]) {
      const [group, message] = [`${name}${unique("")}`, unique("odd")];
      await clients.c.invoke("JoinGroup", group);
      await clients.a.invoke("SendToGroup", group, message);
      await assertReceived(clients, message, { c: 1 });
    }
  });

  test("SendToGroupExcept: members but those named, on both servers", async (t) => {
    const clients = await fourClients(t, way);
    const [group, message] = [unique("group"), unique("group-except")];
    await Promise.all(Object.values(clients).map((client) => client.invoke("JoinGroup", group)));
    await clients.a.invoke("SendToGroupExcept", group, [clients.b.connectionId, clients.d.connectionId], message);
    await assertReceived(clients, message, { a: 1, c: 1 });
  });

  test("SendToGroups: members of each group, once for each", async (t) => {
    const clients = await fourClients(t, way);
    const { a, b, c, d } = clients;
    const [first, second, message] = [unique("first"), unique("second"), unique("groups")];
    await Promise.all([b, c].map((client) => client.invoke("JoinGroup", first)));
    await Promise.all([c, d].map((client) => client.invoke("JoinGroup", second)));
    await a.invoke("SendToGroups", [first, second], message);
    await assertReceived(clients, message, { b: 1, c: 2, d: 1 });
  });

  test("SendToOthersInGroup: members but the caller", async (t) => {
    const clients = await fourClients(t, way);
    const { a, b, c } = clients;
    const [group, message] = [unique("group"), unique("others-in-group")];
    await Promise.all([a, b, c].map((client) => client.invoke("JoinGroup", group)));
    await a.invoke("SendToOthersInGroup", group, message);
    await assertReceived(clients, message, { b: 1, c: 1 });
  });

  test("joining twice counts once, and leaving once ends it", async (t) => {
    const clients = await fourClients(t, way);
    const { a, c, d } = clients;
    const [group, before, after] = [unique("group"), unique("before"), unique("after")];
    await c.invoke("JoinGroup", group);
    await c.invoke("JoinGroup", group);
    await d.invoke("JoinGroup", group);
    await a.invoke("SendToGroup", group, before);
    await assertReceived(clients, before, { c: 1, d: 1 });
    await c.invoke("LeaveGroup", group);
    await a.invoke("SendToGroup", group, after);
    await assertReceived(clients, after, { d: 1 });
  });

  test("AddToGroup adds a client of the other server, as soon as it is answered", async (t) => {
    const clients = await fourClients(t, way);
    const { a, b, c, d } = clients;
    const group = unique("group");
    await a.invoke("AddToGroup", c.connectionId, group);
    await a.invoke("AddToGroup", d.connectionId, group);
    for (const sender of [a, b, c, d]) {
      const message = unique("added");
      await sender.invoke("SendToGroup", group, message);
      await assertReceived(clients, message, { c: 1, d: 1 });
    }
    const message = unique("left");
    await c.invoke("LeaveGroup", group);
    await a.invoke("SendToGroup", group, message);
    await assertReceived(clients, message, { d: 1 });
  });

  test("AddToGroup for many clients at once", async (t) => {
    const clients = await fourClients(t, way);
    const { a, c } = clients;
    const groups = Array.from({ length: 30 }, () => unique("group"));
    await Promise.all(groups.map((group) => a.invoke("AddToGroup", c.connectionId, group)));
    const message = unique("many");
    await a.invoke("SendToGroups", groups, message);
    await assertReceived(clients, message, { c: 30 });
  });

  test("SendToUser and SendToUsers: all connections of the users, on both servers", async (t) => {
    const user = (name) => ({ http: { accessTokenFactory: () => `user:${name}` } });
    const [ann, bob, carl] = [unique("ann"), unique("bob"), unique("carl: *")];
    const users = { a: user(ann), b: user(bob), c: user(ann), d: user(carl) };
    const clients = await fourClients(t, way, { path: "/conformance-auth" }, users);
    const [toOne, toAway, toTwo, toNobody] = ["one", "away", "two", "nobody"].map((name) => unique(name));
    await clients.a.invoke("SendToUser", ann, toOne);
    await assertReceived(clients, toOne, { a: 1, c: 1 });
    await clients.a.invoke("SendToUser", carl, toAway);
    await assertReceived(clients, toAway, { d: 1 });
    await clients.a.invoke("SendToUsers", [ann, carl, "nobody"], toTwo);
    await assertReceived(clients, toTwo, { a: 1, c: 1, d: 1 });
    await clients.a.invoke("SendToUser", "nobody", toNobody);
    await assertReceived(clients, toNobody, {});
  });

  test("GET /broadcast: everybody", async (t) => {
    const clients = await fourClients(t, way);
    const message = unique("outside ä");
    assert.equal(await way.here.get(`/broadcast?m=${encodeURIComponent(message)}`), "sent");
    await assertReceived(clients, message, { a: 1, b: 1, c: 1, d: 1 });
  });

  test("clients of every transport", async (t) => {
    const [a, events, polls, binary] = await Promise.all([
      connectTo(t, way.here, { protocol: way.protocol }),
      connectTo(t, way.there, { transport: "ServerSentEvents", path: "/conformance-sse" }),
      connectTo(t, way.there, { transport: "LongPolling" }),
      connectTo(t, way.there, { transport: "LongPolling", protocol: "messagepack" }),
    ]);
    const clients = { a, events, polls, binary };
    const [group, message, toGroup] = [unique("group"), unique("transports"), unique("to-group")];
    await a.invoke("SendToAll", message);
    await assertReceived(clients, message, { a: 1, events: 1, polls: 1, binary: 1 });
    await Promise.all([events, polls, binary].map((client) => client.invoke("JoinGroup", group)));
    await a.invoke("SendToGroup", group, toGroup);
    await assertReceived(clients, toGroup, { events: 1, polls: 1, binary: 1 });
  });

  test("each hub by itself", async (t) => {
    const paths = ["/conformance", "/conformance-detailed", "/conformance-stateful"];
    const hubs = await Promise.all(paths.map((path) => fourClients(t, way, { path })));
    const messages = paths.map((path) => unique(path));
    await Promise.all(hubs.map((clients, index) => clients.a.invoke("SendToAll", messages[index])));
    for (const [index, clients] of hubs.entries()) {
      const others = messages.filter((_, other) => other !== index);
      const heard = await Promise.all(Object.values(clients).map((client) => client.inbox.next()));
      assert.deepEqual(heard, Array(4).fill(messages[index]));
      await Promise.all(others.map((message) => assertReceived(clients, message, {})));
    }
  });

  test("the bench hub, with messages of a megabyte", async (t) => {
    const path = "/bench";
    const sender = await connectTo(t, way.here, { protocol: way.protocol, path });
    const receivers = await Promise.all(
      ["json", "messagepack"].map((protocol) => connectTo(t, way.there, { protocol, path })),
    );
    const group = unique("group");
    await Promise.all(receivers.map((receiver) => receiver.invoke("JoinGroup", group)));
    const arrived = receivers.map((receiver) => new Promise((resolve) => receiver.on("receive", resolve)));
    const text = "ä".repeat(500_000);
    await sender.invoke("SendToGroup", group, text);
    assert.deepEqual(await Promise.all(arrived), [text, text]);
  });
});
