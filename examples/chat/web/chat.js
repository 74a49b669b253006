// The page: joins a room, shows who is there and what they say, and sets up the panels beside.

import { element, listItem, show } from "./dom.js";
import { ChatHub, reason } from "./hub.js";
import { setUpQuestions } from "./panels/questions.js";
import { setUpTicker } from "./panels/ticker.js";
import { setUpUpload } from "./panels/upload.js";

const STATES = {
  connecting: "Connecting…",
  connected: "Connected",
  reconnecting: "Reconnecting…",
  disconnected: "Disconnected",
};
const NAMES = ["Ada", "Alan", "Barbara", "Edsger", "Frances", "Grace", "Hedy", "Ken", "Katherine", "Linus", "Margaret", "Tim"];

const address = new URL(location.href);
const hub = new ChatHub();

/** Where the user wants to be, `undefined` before joining. */
let place;
/** Who is there, `undefined` until the server has said so. */
let members;

function protocol() {
  return element("protocol").querySelector(":checked").value;
}

function transport() {
  return element("transport").value;
}

function connect() {
  return hub.connect(protocol(), transport());
}

/** Keeps the choices in the address, so that a reload comes back to the same place; `null` forgets one. */
function remember(choices) {
  for (const [name, value] of Object.entries(choices)) {
    if (value === null) {
      address.searchParams.delete(name);
    } else {
      address.searchParams.set(name, value);
    }
  }
  history.replaceState(null, "", address);
}

// --- Joining and leaving

async function join(name, room) {
  await hub.invoke("Join", name, room).then(showMembers);
  place = { name, room };
  remember(place);
  element("room-title").textContent = room;
  showView("room");
  element("text").focus();
}

async function leave() {
  await hub.invoke("Leave");
  place = undefined;
  members = undefined;
  remember({ name: null });
  element("messages").replaceChildren();
  element("room-title").textContent = "";
  showView("join");
}

function showView(view) {
  show(element("join-view"), view === "join");
  show(element("room-view"), view === "room");
  show(element("leave"), view === "room");
}

/** Every new connection is a stranger to the server, so it joins anew. */
async function joinAgain() {
  const name = place?.name ?? address.searchParams.get("name");
  const room = place?.room ?? address.searchParams.get("room");
  if (name && room) {
    await join(name, room).catch(showJoinProblem);
  }
}

function showJoinProblem(error) {
  element("join-problem").textContent = reason(error);
  showView("join");
}

// --- Messages and members

function addMessage(user, text) {
  const item = listItem(user === place?.name ? "mine" : "theirs");
  const author = document.createElement("span");
  author.className = "author";
  author.textContent = user;
  author.style.setProperty("--hue", hue(user));
  const body = document.createElement("p");
  body.textContent = text;
  item.append(author, body);
  appendToLog(item);
}

function addNotice(text) {
  const item = listItem("notice");
  item.textContent = text;
  appendToLog(item);
}

/** Follows the newest message, unless the reader has scrolled back. */
function appendToLog(item) {
  const log = element("messages");
  const follows = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
  log.append(item);
  if (follows) {
    log.scrollTop = log.scrollHeight;
  }
}

function showMembers(names) {
  if (members) {
    names.filter((name) => !members.includes(name)).forEach((name) => addNotice(`${name} joined`));
    members.filter((name) => !names.includes(name)).forEach((name) => addNotice(`${name} left`));
  }
  members = names;
  element("member-count").textContent = names.length;
  element("members").replaceChildren(
    ...names.map((name) => {
      const item = listItem();
      item.textContent = name;
      item.style.setProperty("--hue", hue(name));
      return item;
    }),
  );
}

/** A colour of its own for every name. */
function hue(name) {
  return [...name].reduce((sum, letter) => (sum * 31 + letter.codePointAt(0)) % 360, 7);
}

// --- Wiring

function setUpConnection() {
  hub.onState((state) => {
    const badge = element("state");
    badge.textContent = STATES[state];
    badge.dataset.state = state;
    show(element("reconnect"), state === "disconnected");
    element("room-view").inert = state !== "connected";
    if (state === "connected") {
      joinAgain();
    }
  });
  hub.on("ReceiveMessage", addMessage);
  hub.on("Members", showMembers);
  element("reconnect").addEventListener("click", connect);
  for (const [name, chosen] of Object.entries({ protocol, transport })) {
    element(name).addEventListener("change", () => {
      remember({ [name]: chosen() || null });
      connect();
    });
  }
}

function setUpForms() {
  element("join").addEventListener("submit", (event) => {
    event.preventDefault();
    const { name, room } = Object.fromEntries(new FormData(event.target));
    element("join-problem").textContent = "";
    join(name.trim(), room.trim()).catch(showJoinProblem);
  });
  element("send").addEventListener("submit", (event) => {
    event.preventDefault();
    const text = element("text").value;
    event.target.reset();
    hub.invoke("Send", text).catch((error) => addNotice(`Not sent: ${reason(error)}`));
  });
  element("leave").addEventListener("click", leave);
}

function fillIn() {
  const chosen = address.searchParams;
  const wanted = chosen.get("protocol") === "messagepack" ? "messagepack" : "json";
  element("protocol").querySelector(`[value=${wanted}]`).checked = true;
  element("transport").value = chosen.get("transport") ?? "";
  element("join").elements.name.value = chosen.get("name") ?? NAMES[Math.floor(Math.random() * NAMES.length)];
  element("join").elements.room.value = chosen.get("room") ?? "lobby";
}

fillIn();
setUpConnection();
setUpForms();
setUpQuestions(hub);
setUpTicker(hub);
setUpUpload(hub);
connect();
