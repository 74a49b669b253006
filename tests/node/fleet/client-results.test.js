import assert from "node:assert/strict";
import { test } from "node:test";

import { failure } from "../support/client.js";
import { Fleet, canStart, fourClients } from "../support/fleet.js";

const fleet = canStart && (await Fleet.start());

// `a`, who asks, and `b` are on the one server, `c` and `d` on the other: `c` speaks the protocol of `a`, `d` does not.
fleet?.describe("asking a client of another server", (way) => {
  const FAILED = "An unexpected error occurred invoking 'AskClient' on the server.";

  test("AskClient returns what the client's handler returns", async (t) => {
    const { a, b, c, d } = await fourClients(t, way);
    for (const [index, asked] of [a, b, c, d].entries()) {
      asked.on("Answer", (question) => `${question}? ${index}`);
    }
    // A client cannot answer its own call, as it waits for it.
    assert.equal(await a.invoke("AskClient", b.connectionId, "ready"), "ready? 1");
    assert.equal(await a.invoke("AskClient", c.connectionId, "ready"), "ready? 2");
    assert.equal(await a.invoke("AskClient", d.connectionId, "ready"), "ready? 3");
  });

  test("questions and answers of all kinds", async (t) => {
    const { a, c, d } = await fourClients(t, way);
    for (const asked of [c, d]) {
      asked.on("Answer", (question) => `re: ${question}`);
      for (const text of ["", "äöü ß 你好 🦀", '\u0000\u001e\n"\\/', "\u2028", "x".repeat(20_000)]) {
        assert.equal(await a.invoke("AskClient", asked.connectionId, text), `re: ${text}`);
      }
    }
  });

  test("many questions both ways at once get their own answers", async (t) => {
    const { a, b, c, d } = await fourClients(t, way);
    for (const asked of [b, d]) {
      asked.on("Answer", async (question) => `${asked.connectionId} ${question}`);
    }
    const ask = async (asker, asked, number) => {
      const answer = await asker.invoke("AskClient", asked.connectionId, String(number));
      assert.equal(answer, `${asked.connectionId} ${number}`);
    };
    const numbers = Array.from({ length: 100 }, (_, number) => number);
    await Promise.all(numbers.flatMap((number) => [ask(a, d, number), ask(c, b, number)]));
  });

  test("a client without a handler", async (t) => {
    const { a, c, d } = await fourClients(t, way);
    for (const asked of [c, d]) {
      const error = await failure(a.invoke("AskClient", asked.connectionId, "ready"));
      assert.equal(error.message, `${FAILED} HubException: Client didn't provide a result.`);
    }
  });

  test("a handler that throws", async (t) => {
    const { a, c, d } = await fourClients(t, way);
    for (const asked of [c, d]) {
      asked.on("Answer", () => {
        throw new Error("no idea ä");
      });
      const error = await failure(a.invoke("AskClient", asked.connectionId, "ready"));
      assert.equal(error.message, `${FAILED} HubException: Error: no idea ä`);
    }
  });

  test("an answer of a wrong type", async (t) => {
    const { a, c, d } = await fourClients(t, way);
    for (const asked of [c, d]) {
      asked.on("Answer", () => ({ not: "a text" }));
      const error = await failure(a.invoke("AskClient", asked.connectionId, "ready"));
      assert.ok(error.message.startsWith(FAILED), error.message);
      assert.equal(await asked.invoke("Echo", "still here"), "still here");
    }
  });

  test("a client that does not exist, at once", async (t) => {
    const { a } = await fourClients(t, way);
    const error = await failure(a.invoke("AskClient", "nobody", "ready"));
    assert.equal(error.message, FAILED);
  });

  test("a client that has left, at once", async (t) => {
    const { a, c } = await fourClients(t, way);
    const id = c.connectionId;
    const gone = new Promise((resolve) => a.on("Gone", resolve));
    await a.invoke("JoinGroup", "watchers");
    await c.stop();
    assert.equal(await gone, id);
    const error = await failure(a.invoke("AskClient", id, "ready"));
    assert.equal(error.message, FAILED);
  });

  test("a client that leaves instead of answering", async (t) => {
    const { a, c, d } = await fourClients(t, way);
    for (const asked of [c, d]) {
      asked.on("Answer", () => {
        asked.stop();
        return new Promise(() => {});
      });
      const error = await failure(a.invoke("AskClient", asked.connectionId, "ready"));
      // ASP.NET Core tells why where it was told by the other server.
      assert.ok([FAILED, `${FAILED} HubException: Connection disconnected.`].includes(error.message), error.message);
    }
  });

  test("GET /result asks from outside any hub", async (t) => {
    const { b, c, d } = await fourClients(t, way);
    for (const asked of [b, c, d]) {
      asked.on("Answer", (question) => `${question}!`);
      assert.equal(await way.here.get(`/result/${asked.connectionId}`), "outside!");
    }
  });

  test("GET /result tells the error", async (t) => {
    const { c, d } = await fourClients(t, way);
    for (const asked of [c, d]) {
      assert.match(await way.here.get(`/result/${asked.connectionId}`), /Client didn't provide a result\.$/);
    }
    assert.match(await way.here.get("/result/nobody"), /Connection 'nobody' does not exist\.$/);
  });
});
