// Microsoft's client, as the tests use it: connections that close with their test and keep what they receive.

import { HttpTransportType, HubConnectionBuilder, JsonHubProtocol, LogLevel } from "@microsoft/signalr";
import { MessagePackHubProtocol } from "@microsoft/signalr-protocol-msgpack";
import { describe } from "node:test";

import { Inbox } from "./inbox.js";
import { serverUrl } from "./server.js";

const PROTOCOLS = { json: JsonHubProtocol, messagepack: MessagePackHubProtocol };

/** No test waits for time to pass: this only turns a message that never comes into a failure. */
const HANG = { timeout: 120_000 };

/** Describes the same behaviour over JSON and over MessagePack; `body` gets the protocol's name. */
export function overBothProtocols(subject, body) {
  for (const protocol of Object.keys(PROTOCOLS)) {
    describe(`${subject} over ${protocol}`, HANG, () => body(protocol));
  }
}

/** All ways to talk to a server; Server-Sent Events carry text only. */
const WAYS = [
  { transport: "WebSockets", protocol: "json" },
  { transport: "WebSockets", protocol: "messagepack" },
  { transport: "ServerSentEvents", protocol: "json" },
  { transport: "LongPolling", protocol: "json" },
  { transport: "LongPolling", protocol: "messagepack" },
];

/** Describes the same behaviour over every transport with every protocol; `body` gets both, as options of `connect`. */
export function overEveryTransport(subject, body) {
  for (const way of WAYS) {
    describe(`${subject} over ${way.transport} and ${way.protocol}`, HANG, () => body(way));
  }
}

/**
 * A connection that is not started yet.
 *
 * `transport` and `protocol` are those to talk over; `query` goes into the address; `http` are the client's own options of
 * `withUrl`; `retries` are the delays of its automatic reconnect, none by default; `keepAlive` is how often it pings; `codec`
 * stands in for its protocol; `stateful` asks for stateful reconnect.
 */
export function build(options) {
  const { path = "/conformance", transport = "WebSockets", protocol = "json", base = serverUrl } = options;
  const { query = {}, http = {}, retries, keepAlive } = options;
  const parameters = new URLSearchParams(query).toString();
  const builder = new HubConnectionBuilder()
    .withUrl(`${base}${path}${parameters && `?${parameters}`}`, { transport: HttpTransportType[transport], ...http })
    .withHubProtocol(options.codec ?? new PROTOCOLS[protocol]())
    .configureLogging(LogLevel.None);
  if (retries) {
    builder.withAutomaticReconnect(retries);
  }
  if (options.stateful) {
    builder.withStatefulReconnect();
  }
  if (keepAlive) {
    builder.withKeepAliveInterval(keepAlive);
  }
  return builder.build();
}

/** A connection with handlers for `Receive` and `Numbered`, whose arguments its `inbox` keeps, and for its own end. */
export function prepare(test, options = {}) {
  const connection = build(options);
  const inbox = new Inbox();
  connection.on("Receive", (message) => inbox.put(message));
  connection.on("Numbered", (number) => inbox.put(number));
  connection.inbox = inbox;
  connection.closed = new Promise((resolve) => connection.onclose((error) => resolve(error)));
  test.after(() => connection.stop());
  return connection;
}

/** A connection as `prepare` makes it, started. */
export async function connect(test, options) {
  const connection = prepare(test, options);
  await connection.start();
  return connection;
}

/** Several at once, all with the same options. */
export function connectAll(test, count, options) {
  return Promise.all(Array.from({ length: count }, () => connect(test, options)));
}

/**
 * All messages that the client has received up to now.
 *
 * The message that it sends itself comes behind everything that the server sent it before.
 */
export async function received(connection) {
  const fence = unique("fence");
  await connection.invoke("SendToCaller", fence);
  return connection.inbox.until(fence);
}

/** A name that no other test uses, so that tests can share a server. */
export function unique(name) {
  return `${name}-${crypto.randomUUID()}`;
}

/** Resolves with the error that the promise rejects with. */
export function failure(promise) {
  return promise.then(
    (value) => Promise.reject(new Error(`it gave ${JSON.stringify(value)} and no error`)),
    (error) => error,
  );
}
