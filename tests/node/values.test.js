import assert from "node:assert/strict";
import { test } from "node:test";

import { connect, overEveryTransport } from "./support/client.js";

overEveryTransport("values", (way) => {
  const json = way.protocol === "json";

  const texts = {
    plain: "hello",
    empty: "",
    "umlauts and Chinese": "äöü ß 你好",
    emoji: "🦀👩‍👩‍👧‍👦",
    "control characters and quotes": '\u0000\u001e\n\r\t"\\/',
    "line separators": "\u2028\u2029",
    "markup and plus": "<a href='x'>&+</a>",
    long: "x".repeat(30_000),
  };
  for (const [name, text] of Object.entries(texts)) {
    test(`Echo returns a text: ${name}`, async (t) => {
      const connection = await connect(t, way);
      assert.equal(await connection.invoke("Echo", text), text);
    });
  }

  test("EchoNull returns null and texts", async (t) => {
    const connection = await connect(t, way);
    assert.equal(await connection.invoke("EchoNull", null), null);
    assert.equal(await connection.invoke("EchoNull", "text"), "text");
  });

  test("EchoBytes returns bytes", async (t) => {
    const connection = await connect(t, way);
    const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
    const sent = json ? Buffer.from(bytes).toString("base64") : bytes;
    const returned = await connection.invoke("EchoBytes", sent);
    assert.deepEqual(json ? returned : new Uint8Array(returned), sent);
  });

  test("EchoBytes returns no bytes", async (t) => {
    const connection = await connect(t, way);
    const returned = await connection.invoke("EchoBytes", json ? "" : new Uint8Array());
    assert.equal(returned.length, 0);
  });

  for (const [left, right, sum] of [
    [1, 2, 3],
    [-7, 3, -4],
    [0, 0, 0],
    [2147483647, 0, 2147483647],
    [2147483647, 1, -2147483648],
    [-2147483648, 0, -2147483648],
    [200, 70_000, 70_200],
  ]) {
    test(`Add(${left}, ${right}) is ${sum}`, async (t) => {
      const connection = await connect(t, way);
      assert.equal(await connection.invoke("Add", left, right), sum);
    });
  }

  for (const [dividend, divisor, quotient] of [
    [1, 4, 0.25],
    [6, 3, 2],
    [-1.5, 0.5, -3],
    [1e300, 1e-5, 1e305],
  ]) {
    test(`Divide(${dividend}, ${divisor}) is ${quotient}`, async (t) => {
      const connection = await connect(t, way);
      assert.equal(await connection.invoke("Divide", dividend, divisor), quotient);
    });
  }

  test("DoNothing returns null", async (t) => {
    const connection = await connect(t, way);
    assert.equal(await connection.invoke("DoNothing"), null);
  });

  test("LargeResult returns far more than a message to the server may hold", async (t) => {
    const connection = await connect(t, way);
    const large = await connection.invoke("LargeResult", 1_000_000);
    assert.equal(large, "x".repeat(1_000_000));
  });

  test("MakeEverything returns each kind of value", async (t) => {
    const connection = await connect(t, way);
    assert.deepEqual(await connection.invoke("MakeEverything"), everything(way.protocol, NEAREST_TO_SERVERS_BIG));
  });

  test("EchoEverything returns what it was given", async (t) => {
    const connection = await connect(t, way);
    const sent = everything(way.protocol, Number.MAX_SAFE_INTEGER);
    assert.deepEqual(await connection.invoke("EchoEverything", sent), sent);
  });
});

/** The server's number is 9007199254740993, one more than JavaScript can hold. */
const NEAREST_TO_SERVERS_BIG = 9007199254740992;

/** The value of `MakeEverything` as .NET writes it: names, bytes, dates and enumerations differ between the protocols. */
function everything(protocol, big) {
  const inner = { depth: 1, next: null };
  const common = {
    text: "text",
    number: -7,
    big,
    ratio: 0.5,
    flag: true,
    tags: ["a", "b"],
    map: { one: 1 },
    id: "00010203-0405-0607-0809-0a0b0c0d0e0f",
  };
  return protocol === "json"
    ? { ...common, bytes: "AQID", when: "2000-01-02T03:04:05Z", colour: 1, inner }
    : pascalCase({
        ...common,
        bytes: Uint8Array.of(1, 2, 3),
        when: new Date("2000-01-02T03:04:05Z"),
        colour: "Green",
        inner: pascalCase(inner),
      });
}

function pascalCase(object) {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [name[0].toUpperCase() + name.slice(1), value]));
}
