// Microsoft's client with tokens and cookies, against the auth example and the authenticated conformance hub.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { HubConnectionBuilder, HttpTransportType, LogLevel } from "@microsoft/signalr";

import { serverFrom } from "../support/program.mjs";
import { connect, failure, overEveryTransport, prepare, unique } from "./support/client.js";

const desk = await serverFrom("AUTH_BIN", "AUTH_URL");
const PATH = "/conformance-auth";

function login(name, password) {
  const headers = { "Content-Type": "application/json" };
  return fetch(`${desk}/login`, { method: "POST", headers, body: JSON.stringify({ name, password }) });
}

async function tokenOf(name, password) {
  return (await (await login(name, password)).json()).token;
}

function deskConnection(t, transport, options) {
  const url = { transport: HttpTransportType[transport], ...options };
  const connection = new HubConnectionBuilder().withUrl(`${desk}/desk`, url).configureLogging(LogLevel.None).build();
  t.after(() => connection.stop());
  return connection;
}

overEveryTransport("a hub for authenticated callers", (way) => {
  const as = (name) => ({ ...way, path: PATH, http: { accessTokenFactory: () => `user:${name}` } });

  test("lets in whoever has a token, and knows who it is", async (t) => {
    const connection = await connect(t, as("ann"));
    assert.equal(await connection.invoke("GetUserIdentifier"), "ann");
  });

  test("lets nobody in without a good one", async (t) => {
    for (const accessTokenFactory of [undefined, () => "", () => "ann"]) {
      const error = await failure(prepare(t, { ...way, path: PATH, http: { accessTokenFactory } }).start());
      assert.match(error.message, /401/);
    }
  });

  test("a method whose policy refuses the caller", async (t) => {
    const ann = await connect(t, as("ann"));
    const refusal = await failure(ann.invoke("AdminOnly"));
    assert.equal(refusal.message, "Failed to invoke 'AdminOnly' because user is unauthorized");
    assert.equal(await ann.invoke("Echo", "still here"), "still here");
    const admin = await connect(t, as("admin"));
    assert.equal(await admin.invoke("AdminOnly"), "secret");
  });

  test("reaches a user on all connections, and nobody else", async (t) => {
    const [ann, bob] = [unique("ann"), unique("bob")];
    const connections = await Promise.all([ann, ann, bob].map((name) => connect(t, as(name))));
    await connections[2].invoke("SendToUser", ann, "to ann");
    await connections[2].invoke("SendToUsers", [ann, bob], "to both");
    assert.deepEqual(await Promise.all(connections.map((connection) => connection.inbox.until("to both"))), [
      ["to ann"],
      ["to ann"],
      [],
    ]);
  });
});

for (const transport of ["WebSockets", "ServerSentEvents", "LongPolling"]) {
  describe(`the auth example over ${transport}`, { timeout: 120_000 }, () => {
    test("a token says who the user is", async (t) => {
      const connection = deskConnection(t, transport, { accessTokenFactory: () => tokenOf("ann", "lovelace") });
      await connection.start();
      assert.equal(await connection.invoke("WhoAmI"), "ann");
      assert.deepEqual(await connection.invoke("MyRoles"), ["editor", "admin"]);
      assert.equal(await connection.invoke("CloseTheDesk"), "closed");
    });

    test("so does the cookie of the login", async (t) => {
      const cookie = (await login("bob", "babbage")).headers.get("set-cookie").split(";")[0];
      const connection = deskConnection(t, transport, { headers: { Cookie: cookie } });
      await connection.start();
      assert.equal(await connection.invoke("WhoAmI"), "bob");
      assert.match((await failure(connection.invoke("CloseTheDesk"))).message, /only an admin may do that/);
    });

    test("nobody else is let in", async (t) => {
      const error = await failure(deskConnection(t, transport, { accessTokenFactory: () => "forged" }).start());
      assert.match(error.message, /401/);
    });
  });
}

describe("the auth example", { timeout: 120_000 }, () => {
  test("a wrong password gives no token", async () => {
    for (const [name, password] of [
      ["ann", "babbage"],
      ["eve", ""],
    ]) {
      const response = await login(name, password);
      assert.equal(response.status, 401);
      assert.equal(response.headers.get("set-cookie"), null);
    }
  });

  test("a token can be renewed while the connection goes on", async () => {
    const post = (path, token) =>
      fetch(`${desk}${path}`, { method: "POST", headers: { Authorization: `Bearer ${token}` } });
    const negotiated = await (await post("/desk/negotiate?negotiateVersion=1", await tokenOf("ann", "lovelace"))).json();
    assert.ok(negotiated.tokenLifetimeSeconds > 800 && negotiated.tokenLifetimeSeconds <= 900);
    const refresh = `/desk/refresh?id=${negotiated.connectionToken}`;
    const renewed = await (await post(refresh, await tokenOf("ann", "lovelace"))).json();
    assert.ok(renewed.tokenLifetimeSeconds > 800 && renewed.tokenLifetimeSeconds <= 900);
    assert.equal((await post(refresh, "forged")).status, 401);
  });

  test("a preflight is answered without a token, for the pages that are let in", async () => {
    const preflight = (origin) =>
      fetch(`${desk}/desk/negotiate`, {
        method: "OPTIONS",
        headers: {
          Origin: origin,
          "Access-Control-Request-Method": "POST",
          "Access-Control-Request-Headers": "authorization,x-requested-with,x-signalr-user-agent",
        },
      });
    const answer = await preflight("https://app.example.com");
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get("access-control-allow-origin"), "https://app.example.com");
    assert.equal(answer.headers.get("access-control-allow-credentials"), "true");
    assert.notEqual((await preflight("https://evil.example")).headers.get("access-control-allow-origin"), "https://evil.example");
  });
});
