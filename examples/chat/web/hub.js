// The connection to the server's chat hub, as one object that outlives changes of protocol and reconnects.

const { HttpTransportType, HubConnectionBuilder, JsonHubProtocol, LogLevel, protocols } = window.signalR;

const CODECS = {
  json: () => new JsonHubProtocol(),
  messagepack: () => new protocols.msgpack.MessagePackHubProtocol(),
};

/** Never gives up, and asks a server that is down every five seconds at most. */
const KEEP_TRYING = {
  nextRetryDelayInMilliseconds: ({ previousRetryCount }) => Math.min(250 * 2 ** previousRetryCount, 5000),
};

export class ChatHub {
  #connection;
  #handlers = [];
  #listeners = [];

  /** Handles what the server calls; what the handler returns is the answer. */
  on(method, handler) {
    this.#handlers.push([method, handler]);
  }

  /** Tells each change: "connecting", "connected", "reconnecting" or "disconnected". */
  onState(listener) {
    this.#listeners.push(listener);
  }

  /** Connects with the protocol and the transport named, after leaving the connection that there was. Without a transport
   * it is the first that works. */
  async connect(protocol, transport) {
    const former = this.#connection;
    const connection = this.#build(protocol, transport);
    this.#connection = connection;
    this.#tell(connection, "connecting");
    await former?.stop();
    try {
      await connection.start();
      this.#tell(connection, "connected");
    } catch (error) {
      console.warn(error);
      this.#tell(connection, "disconnected");
    }
  }

  invoke(...call) {
    return this.#connection.invoke(...call);
  }

  stream(...call) {
    return this.#connection.stream(...call);
  }

  #build(protocol, transport) {
    const connection = new HubConnectionBuilder()
      .withUrl("/chat", transport ? { transport: HttpTransportType[transport] } : {})
      .withHubProtocol(CODECS[protocol]())
      .withAutomaticReconnect(KEEP_TRYING)
      .configureLogging(LogLevel.Warning)
      .build();
    this.#handlers.forEach(([method, handler]) => connection.on(method, handler));
    connection.onreconnecting(() => this.#tell(connection, "reconnecting"));
    connection.onreconnected(() => this.#tell(connection, "connected"));
    connection.onclose(() => this.#tell(connection, "disconnected"));
    return connection;
  }

  /** A connection that another one has replaced has nothing more to say. */
  #tell(connection, state) {
    if (connection === this.#connection) {
      this.#listeners.forEach((listener) => listener(state));
    }
  }
}

/** The part of a failed call's text that the server's author wrote. */
export function reason(error) {
  return error.message.replace(/^An unexpected error occurred invoking '.*?' on the server\. (HubException: )?/, "");
}
