import { JsonHubProtocol, MessageType } from "@microsoft/signalr";
import { MessagePackHubProtocol } from "@microsoft/signalr-protocol-msgpack";

import { Inbox } from "./inbox.js";

/** The client's codec, which puts every ping of the server into `pings`; `received` tells the last bytes that it read, as text. */
export function listeningCodec(protocol) {
  const codec = protocol === "json" ? new JsonHubProtocol() : new MessagePackHubProtocol();
  const pings = new Inbox();
  const parse = codec.parseMessages.bind(codec);
  let last = "";
  codec.parseMessages = (input, logger) => {
    last = typeof input === "string" ? input : Buffer.from(input).toString("latin1");
    const messages = parse(input, logger);
    messages.filter((message) => message.type === MessageType.Ping).forEach((ping) => pings.put(ping));
    return messages;
  };
  return { codec, pings, received: () => last };
}
