import { spawn } from "node:child_process";
import { once } from "node:events";
import net from "node:net";
import { createInterface } from "node:readline";

import { endWithUs, kill } from "./program.mjs";

/** A Redis of the tests' own on a free port, which stores nothing; it ends with this process. */
export class Redis {
  #port;
  #child;

  static async start() {
    const redis = new Redis();
    redis.#port = await freePort();
    await redis.startAgain();
    return redis;
  }

  get address() {
    return `127.0.0.1:${this.#port}`;
  }

  /** Ends it at once, and waits until it has ended. */
  kill() {
    return kill(this.#child);
  }

  /** Starts it on the port that it had. */
  async startAgain() {
    const program = process.env.REDIS_SERVER ?? "redis-server";
    const options = ["--port", this.#port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
    const child = spawn(program, options, { stdio: ["ignore", "pipe", "inherit"] });
    this.#child = child;
    endWithUs(child);
    await new Promise((resolve, reject) => {
      child.on("error", reject);
      child.on("exit", (code) => reject(new Error(`${program} ended before it was ready, with ${code}`)));
      createInterface({ input: child.stdout }).on("line", (line) => {
        if (line.includes("Ready to accept connections")) {
          // From here on the tests alone decide how long this process lives.
          child.unref();
          child.stdout.unref();
          resolve();
        }
      });
    });
  }
}

/** A port that nobody listens on, for programs that cannot choose one themselves. */
export async function freePort() {
  const listener = net.createServer().listen(0, "127.0.0.1");
  await once(listener, "listening");
  const { port } = listener.address();
  listener.close();
  await once(listener, "close");
  return port;
}
