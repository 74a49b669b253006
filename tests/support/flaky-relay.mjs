import net from "node:net";

/**
 * A TCP relay that breaks WebSockets after a random number of bytes, anywhere in a message.
 *
 * Microsoft's client tries only once to come back and fails if that is cut, so that a WebSocket is left alone until the
 * client has sent something over it. The same seed gives the same numbers.
 */
export class FlakyRelay {
  #sockets = new Set();
  #listener;
  #random;
  #most;
  cutsLeft;

  static async start(serverUrl, { seed, cuts, most }) {
    const relay = new FlakyRelay();
    relay.#random = mulberry32(seed);
    relay.#most = most;
    relay.cutsLeft = cuts;
    const { hostname, port } = new URL(serverUrl);
    relay.#listener = net.createServer((client) => relay.#join(client, net.connect(Number(port), hostname)));
    await new Promise((resolve) => relay.#listener.listen(0, "127.0.0.1", resolve));
    return relay;
  }

  get url() {
    return `http://127.0.0.1:${this.#listener.address().port}`;
  }

  stop() {
    this.#sockets.forEach((socket) => socket.destroy());
    this.#listener.close();
  }

  #join(client, server) {
    // Small messages are not to wait for each other.
    client.setNoDelay(true);
    server.setNoDelay(true);
    let upgraded = false;
    let spoken = false;
    let left = Math.floor(this.#random() * this.#most);
    let cut = false;
    const pass = (chunk, to) => {
      if (cut) {
        return;
      }
      if (!spoken || this.cutsLeft === 0 || chunk.length <= left) {
        left -= spoken ? chunk.length : 0;
        to.write(chunk);
      } else {
        cut = true;
        this.cutsLeft--;
        // What was let through is passed on first, or every cut would fall between two messages.
        to.write(chunk.subarray(0, left), () => [client, server].forEach((socket) => socket.resetAndDestroy()));
      }
    };
    client.on("data", (chunk) => {
      pass(chunk, server);
      spoken ||= upgraded;
    });
    server.on("data", (chunk) => {
      pass(chunk, client);
      upgraded ||= chunk.toString("latin1", 0, 12) === "HTTP/1.1 101";
    });
    for (const [from, to] of [
      [client, server],
      [server, client],
    ]) {
      this.#sockets.add(from);
      from.on("error", () => to.destroy());
      from.on("close", () => {
        this.#sockets.delete(from);
        to.destroy();
      });
    }
  }
}

/** A small generator of random numbers from 0 to 1, which has a seed. */
function mulberry32(state) {
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
