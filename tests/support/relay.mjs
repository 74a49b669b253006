import net from "node:net";

/** A TCP relay in front of the server, to cut the network between it and its clients. */
export class Relay {
  #sockets = new Set();
  #listener;

  static async start(serverUrl) {
    const relay = new Relay();
    await relay.#listen(new URL(serverUrl));
    return relay;
  }

  get url() {
    return `http://127.0.0.1:${this.#listener.address().port}`;
  }

  /** Ends every connection at once, without a word to either side. */
  cut() {
    this.#sockets.forEach((socket) => socket.resetAndDestroy());
  }

  stop() {
    this.cut();
    this.#listener.close();
  }

  #listen({ hostname, port }) {
    this.#listener = net.createServer((client) => {
      const server = net.connect(Number(port), hostname);
      this.#join(client, server);
      this.#join(server, client);
    });
    return new Promise((resolve) => this.#listener.listen(0, "127.0.0.1", resolve));
  }

  #join(from, to) {
    this.#sockets.add(from);
    from.pipe(to);
    from.on("error", () => to.destroy());
    from.on("close", () => {
      this.#sockets.delete(from);
      to.destroy();
    });
  }
}
