// Two servers on one Redis: the conformance program, and a foreign server or the same program again.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { describe } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import { endWithUs, kill, startProgram } from "../../support/program.mjs";
import { Redis, freePort } from "../../support/redis.mjs";
import { connect, unique } from "./client.js";

/** No test waits for time to pass: this only turns a message that never comes into a failure. */
const HANG = { timeout: 180_000 };

const OWN = process.env.CONFORMANCE_BIN;
/** The program of another SignalR server with the same hubs, endpoints and options, which is ready when `GET /pid` answers. */
const FOREIGN = process.env.PEER_BIN;

/** A server that somebody else has started is in no fleet. */
export const canStart = Boolean(OWN);

export class Fleet {
  static async start() {
    const fleet = new Fleet();
    fleet.redis = await Redis.start();
    fleet.own = await Fleet.join(fleet.redis, "app:");
    fleet.peer = await Fleet.join(fleet.redis, "app:", FOREIGN ? "foreign" : "own");
    return fleet;
  }

  /** Ends everything at once. */
  stop() {
    return Promise.all([this.own, this.peer, this.redis].map((part) => part.kill()));
  }

  /** Starts one more server. */
  static join(redis, prefix, kind = "own") {
    return Server.start(kind, ["--redis", redis.address, "--prefix", prefix]);
  }

  /** Whose client calls, and who has other clients. Two servers that are alike have one direction. */
  get directions() {
    const { own, peer } = this;
    const there = { name: "from own to foreign", here: own, there: peer };
    const back = { name: "from foreign to own", here: peer, there: own };
    return peer.kind === "foreign" ? [there, back] : [{ ...there, name: "from own to own" }];
  }

  /** Describes the same behaviour in each direction, for callers of each protocol; `body` gets both. */
  describe(subject, body) {
    for (const direction of this.directions) {
      for (const protocol of ["json", "messagepack"]) {
        describe(`${subject} ${direction.name}, the caller over ${protocol}`, HANG, () => body({ ...direction, protocol }));
      }
    }
  }
}

class Server {
  static async start(kind, options, port = 0) {
    const server = new Server();
    const { child, url } = await (kind === "own" ? startProgram(OWN, port, options) : startForeign(options, port));
    return Object.assign(server, { kind, options, child, url });
  }

  /** Ends it without a word to anybody, and waits until it has ended. */
  kill() {
    return kill(this.child);
  }

  /** Another server of its kind, on its address. */
  startAgain() {
    return Server.start(this.kind, this.options, new URL(this.url).port);
  }

  /** The body of `GET path`. */
  async get(path) {
    const response = await fetch(this.url + path);
    return response.text();
  }
}

/** Starts the foreign server, which need not say when it is ready. */
async function startForeign(options, port) {
  const url = `http://127.0.0.1:${port || (await freePort())}`;
  const child = spawn(FOREIGN, ["--urls", url, ...options], { stdio: ["ignore", "ignore", "inherit"] });
  endWithUs(child);
  let ended;
  child.on("error", (error) => (ended = error));
  child.on("exit", (code) => (ended = new Error(`${FOREIGN} ended before it was ready, with ${code}`)));
  const isReady = () => fetch(`${url}/pid`).then(({ ok }) => ok, () => false);
  while (!(await isReady())) {
    if (ended) {
      throw ended;
    }
    await delay(20);
  }
  child.unref();
  return { child, url };
}

const OTHER = { json: "messagepack", messagepack: "json" };

/** A client that all servers can reach. */
export async function connectTo(test, server, options) {
  const client = await connect(test, { base: server.url, ...options });
  // Connections are told to the others after the handshake, before their first call.
  await client.invoke("Echo", "reached");
  return client;
}

/**
 * Four clients: `a` and `b` on the one server, `c` and `d` on the other, two of each protocol. `a` and `c` speak the caller's.
 * `each` may have options of `connect` for some of them.
 */
export async function fourClients(test, { here, there, protocol }, options = {}, each = {}) {
  const one = (letter, server, protocol) => connectTo(test, server, { protocol, ...options, ...each[letter] });
  const [a, b, c, d] = await Promise.all([
    one("a", here, protocol),
    one("b", here, OTHER[protocol]),
    one("c", there, protocol),
    one("d", there, OTHER[protocol]),
  ]);
  return { a, b, c, d };
}

/** Asserts that the clients whose letters are in `expected`, and no others, get the message exactly so many times. */
export async function assertReceived(clients, message, expected) {
  const all = Object.entries(clients);
  const counts = Object.fromEntries(all.map(([letter]) => [letter, 0]));
  const arrived = async ([letter, client]) => {
    while (counts[letter] < (expected[letter] ?? 0)) {
      counts[letter] += (await client.inbox.next()) === message ? 1 : 0;
    }
  };
  await Promise.all(all.map(arrived));
  // All that was to come is there. What should not have come is there before this, which is sent behind it.
  const fence = unique("fence");
  await all[0][1].invoke("SendToAll", fence);
  const fenced = async ([letter, client]) => {
    const more = await client.inbox.until(fence);
    counts[letter] += more.filter((item) => item === message).length;
  };
  await Promise.all(all.map(fenced));
  const actual = Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
  assert.deepEqual(actual, expected);
}
