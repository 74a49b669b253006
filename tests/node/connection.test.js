import assert from "node:assert/strict";
import { test } from "node:test";

import { HttpTransportType } from "@microsoft/signalr";

import { connect, connectAll, failure, overBothProtocols, overEveryTransport, prepare, received, unique } from "./support/client.js";

overEveryTransport("a connection", (way) => {
  test("the server knows it by the id that the client was given", async (t) => {
    const connection = await connect(t, way);
    assert.match(connection.connectionId, /^[\w-]{22}$/);
    assert.equal(await connection.invoke("GetConnectionId"), connection.connectionId);
  });

  test("the hub knows its transport", async (t) => {
    const connection = await connect(t, way);
    assert.equal(await connection.invoke("GetTransport"), way.transport);
  });

  test("nobody is signed in on an open hub", async (t) => {
    const connection = await connect(t, way);
    assert.equal(await connection.invoke("GetUserIdentifier"), null);
  });

  test("hub methods read the query of its address", async (t) => {
    const connection = await connect(t, { ...way, query: { colour: "blue & green", empty: "" } });
    assert.equal(await connection.invoke("GetQuery", "colour"), "blue & green");
    assert.equal(await connection.invoke("GetQuery", "empty"), "");
    assert.equal(await connection.invoke("GetQuery", "absent"), null);
  });

  test("hub methods read the headers of its request", async (t) => {
    const connection = await connect(t, { ...way, http: { headers: { "X-Colour": "blue" } } });
    assert.equal(await connection.invoke("GetHeader", "x-colour"), "blue");
    assert.equal(await connection.invoke("GetHeader", "x-absent"), null);
  });

  test("items live with it and are its own", async (t) => {
    const [mine, other] = await connectAll(t, 2, way);
    assert.equal(await mine.invoke("GetItem", "key"), null);
    await mine.invoke("SetItem", "key", "one");
    assert.equal(await mine.invoke("GetItem", "key"), "one");
    await mine.invoke("SetItem", "key", "two");
    assert.equal(await mine.invoke("GetItem", "key"), "two");
    assert.equal(await other.invoke("GetItem", "key"), null);
  });

  test("what is sent when it connects arrives first", async (t) => {
    const connection = await connect(t, { ...way, query: { greet: "Ann" } });
    assert.deepEqual(await received(connection), ["hello Ann"]);
  });

  test("a group joined when it connects is in force at once", async (t) => {
    const group = unique("group");
    const member = await connect(t, { ...way, query: { group } });
    const sender = await connect(t, way);
    await member.invoke("DoNothing");
    await sender.invoke("SendToGroup", group, "to the group");
    assert.deepEqual(await received(member), ["to the group"]);
  });

  test("a refusal on connect closes it with the reason", async (t) => {
    const connection = prepare(t, { ...way, query: { refuse: "" } });
    // The Close message may come while `start` still runs or right after it.
    const error = await connection.start().then(
      () => connection.closed,
      (startError) => startError,
    );
    assert.match(error.message, /Connection closed with an error\. HubException: refused/);
  });

  test("Abort ends it without an error", async (t) => {
    const connection = await connect(t, way);
    await connection.send("Abort");
    assert.equal(await connection.closed, undefined);
  });

  test("the others learn that it ended, and that it ended well", async (t) => {
    const watcher = await connect(t, { ...way, query: { watch: "" } });
    const leaver = await connect(t, way);
    const id = leaver.connectionId;
    const gone = new Promise((resolve) => watcher.on("Gone", (who, reason) => who === id && resolve(reason)));
    await leaver.stop();
    assert.equal(await gone, null);
  });

  test("it can be started again after it was stopped", async (t) => {
    const connection = await connect(t, way);
    const first = connection.connectionId;
    await connection.stop();
    await connection.start();
    assert.notEqual(connection.connectionId, first);
    assert.equal(await connection.invoke("Echo", "again"), "again");
  });
});

overEveryTransport("many connections", (way) => {
  test("each gets its own answers", async (t) => {
    const connections = await connectAll(t, 50, way);
    assert.equal(new Set(connections.map((connection) => connection.connectionId)).size, 50);
    const sums = await Promise.all(connections.map((connection, index) => connection.invoke("Add", index, 1000)));
    assert.deepEqual(
      sums,
      connections.map((_, index) => index + 1000),
    );
  });

  test("hubs are apart from each other", async (t) => {
    const [one, other] = await Promise.all(
      ["/conformance", "/conformance-detailed"].map((path) => connect(t, { ...way, path })),
    );
    const message = unique("one hub");
    await one.invoke("SendToAll", message);
    await one.invoke("SendToClient", other.connectionId, message);
    assert.ok((await received(one)).includes(message));
    assert.ok(!(await received(other)).includes(message));
  });

  test("the bench hub answers, streams and sums beside them", async (t) => {
    const [one, other] = await connectAll(t, 2, { ...way, path: "/bench" });
    const group = unique("group");
    const heard = new Promise((resolve) => other.on("receive", resolve));
    await other.invoke("JoinGroup", group);
    await one.invoke("SendToGroup", group, "to the group");
    assert.equal(await heard, "to the group");
    assert.equal(await one.invoke("Add", 2, 3), 5);
    assert.equal(await one.invoke("Echo", "x".repeat(500_000)), "x".repeat(500_000));
  });
});

overBothProtocols("a WebSocket", (protocol) => {
  test("it works without negotiation, and then only the server has an id for it", async (t) => {
    const http = { skipNegotiation: true, transport: HttpTransportType.WebSockets };
    const connection = await connect(t, { protocol, http });
    assert.equal(connection.connectionId, null);
    assert.match(await connection.invoke("GetConnectionId"), /^[\w-]{22}$/);
    assert.equal(await connection.invoke("Echo", "direct"), "direct");
  });
});
