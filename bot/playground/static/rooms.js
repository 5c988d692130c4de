// Windows on groups and on members' chats with the app. Polls like the residents' side, and shares its backstage.

import { showFacts } from "./backstage.js";
import { avatar, byId, dayAndTime, el, get, onEnter, post, timeOf } from "./dom.js";

const POLL_MS = 1000;
const GAP_MS = 5 * 60 * 1000;
const REVOKE_MS = 2 * 60 * 1000;
const KINDS = { customer: "居民群", internal: "工作群", app: "企业应用" };
const MARKS = { passive: "被动回复", response_url: "随后补答", webhook: "群消息推送", app: "应用消息", task: "企业群发，群主点了发送" };

let page = null; // what the residents' side lends: complain, showTab, redraw, narrow
let run = null;
let seq = 0;
let lines = [];
let rooms = [];
let tasks = [];
let pending = new Set();
let current = null; // room id while a room is open
let selected = null; // msg_id
let quote = null;
let polling = null;
let listShown = "";
const speakers = new Map(); // room id -> person id
const seen = new Map(); // room id -> seq of the last line that was on screen

export const inRoom = () => current !== null;

export function leaveRoom() {
  current = null;
  document.body.dataset.view = "person";
  showList();
}

export function startRooms(lent) {
  if (page) return;
  page = lent;
  byId("rooms-part").hidden = false;
  byId("room-form").addEventListener("submit", send);
  byId("room-text").addEventListener("input", grow);
  onEnter(byId("room-text"), send);
  byId("speaker").addEventListener("change", (event) => {
    speakers.set(current, event.target.value);
    showLog();
  });
  byId("quoting").querySelector("button").addEventListener("click", () => setQuote(null));
  setInterval(refresh, POLL_MS);
  refresh();
}

// --- asking the server

async function refresh() {
  polling ??= poll().finally(() => (polling = null));
  return polling;
}

async function poll() {
  try {
    const { data } = await get("/api/rooms", { since: seq });
    if (data.run !== run) {
      const restarted = run !== null && seq > 0;
      run = data.run;
      lines = [];
      seq = 0;
      seen.clear();
      if (restarted) return await poll();
    }
    take(data);
    await explain();
  } catch (error) {
    console.warn(error);
  }
}

function take(data) {
  seq = data.seq;
  lines.push(...data.lines);
  rooms = data.rooms;
  tasks = data.tasks;
  pending = new Set(data.pending);
  const mine = data.lines.filter((line) => line.room === current);
  if (mine.length) selected = newest(current);
  if (mine.length) showLog();
  showList();
  if (current) showHead();
  showPending();
}

async function explain() {
  if (!current) return;
  const wanted = selected;
  const line = lines.find((candidate) => candidate.msg_id && candidate.msg_id === wanted && candidate.direction === "user");
  const known = line && (pending.has(wanted) || line.room.startsWith("app:") || roomOf(line.room)?.kind === "customer" || line.text.includes("@"));
  const answer = known ? await get("/api/explain", { msg_id: wanted }) : null;
  if (current && wanted === selected) showFacts(line, answer?.ok ? answer.data : null);
}

async function act(path, body) {
  const { ok, data } = await post(path, body).catch(() => ({ ok: false, data: {} }));
  if (!ok) page.complain(data.error ?? "没有发出去");
  await polling;
  await refresh();
  return ok;
}

// --- showing the state

// What was taken back is not looked at any more.
function newest(id) {
  const revoked = new Set(lines.filter((line) => line.via === "revoke").map((line) => line.msg_id));
  return lines.findLast((line) => line.room === id && line.direction === "user" && !revoked.has(line.msg_id))?.msg_id ?? null;
}

const unreadIn = (id) => lines.filter((line) => line.room === id && line.seq > (seen.get(id) ?? 0) && line.direction === "bot").length;
export const unreadInRooms = () => rooms.reduce((sum, room) => sum + (room.id === current ? 0 : unreadIn(room.id)), 0);

const roomOf = (id) => rooms.find((room) => room.id === id);
const title = (room) => (room.kind === "app" ? `${room.name}和企业应用` : room.name);

function showList() {
  if (!page) return;
  if (current && (document.body.dataset.tab === "chat" || !page.narrow.matches)) seen.set(current, seq);
  const items = rooms.map((room, index) => [room, item(room, index)]);
  const next = items.map(([, node]) => node.outerHTML).join("");
  if (next === listShown) return;
  listShown = next;
  const focused = document.activeElement?.dataset?.room;
  byId("groups").replaceChildren(...items.filter(([room]) => room.kind !== "app").map(([, node]) => node));
  byId("staff").replaceChildren(...items.filter(([room]) => room.kind === "app").map(([, node]) => node));
  if (focused) document.querySelector(`[data-room="${CSS.escape(focused)}"]`)?.focus();
}

function item(room, index) {
  const own = lines.filter((line) => line.room === room.id);
  const count = unreadIn(room.id);
  const waiting = tasks.filter((task) => task.rooms.includes(room.id)).length;
  const last = own.at(-1);
  return el(
    "li",
    {},
    el(
      "button",
      { type: "button", "aria-current": room.id === current ? "true" : null, "data-room": room.id, onclick: () => enter(room.id) },
      avatar(room.name, index + 3),
      el(
        "span",
        { class: "who" },
        el("b", {}, room.name),
        el("span", {}, room.kind === "app" ? room.people[0]?.about || KINDS.app : `${KINDS[room.kind]}，${room.people.length} 人`),
        el("span", { class: "last" }, waiting ? "有群发等群主点发送" : last ? last.text : "还没有人说话"),
      ),
      count ? el("span", { class: "badge", "aria-label": `${count} 条没看` }, count) : null,
    ),
  );
}

function showHead() {
  const room = roomOf(current);
  if (!room) return;
  const rule = { customer: "居民和工作人员。机器人只能听，要群主点头才能发", internal: "只有工作人员。@议事，机器人就会回答", app: "单独说话，机器人收得到" };
  byId("room-name").textContent = title(room);
  byId("room-about").textContent = rule[room.kind];
  showTasks(room);
  const speaker = byId("speaker");
  const wanted = JSON.stringify(room.people);
  if (speaker.dataset.shown !== wanted) {
    speaker.dataset.shown = wanted;
    speaker.replaceChildren(...room.people.map((person) => el("option", { value: person.id }, person.staff && room.kind === "customer" ? `${person.name}（工作人员）` : person.name)));
    speaker.value = speakerOf(room);
    speaker.hidden = room.people.length < 2;
    byId("room-phrases").replaceChildren(...room.phrases.map((phrase) => el("button", { type: "button", onclick: () => say(phrase) }, phrase)));
  }
}

// In a customer group it is mostly residents who talk; in a staff group whoever is first.
function speakerOf(room) {
  const chosen = speakers.get(room.id) ?? room.people.find((person) => !person.staff)?.id ?? room.people[0]?.id;
  return room.people.some((person) => person.id === chosen) ? chosen : room.people[0]?.id;
}

function showTasks(room) {
  const own = tasks.filter((task) => task.rooms.includes(room.id));
  const list = byId("tasks");
  const next = JSON.stringify(own);
  if (list.dataset.shown === next) return;
  list.dataset.shown = next;
  list.replaceChildren(
    ...own.map((task) =>
      el(
        "li",
        {},
        el("p", {}, el("b", {}, `等${task.owner}发送`), task.reminded ? el("small", {}, `提醒过 ${task.reminded} 次`) : null, el("span", {}, task.text)),
        el("button", { type: "button", "data-task": task.msgid, onclick: () => act("/api/rooms/tap", { msgid: task.msgid }) }, "群主点发送"),
      ),
    ),
  );
}

function showLog() {
  const log = byId("room-log");
  const room = roomOf(current);
  if (!room) return;
  const me = speakerOf(room);
  const own = lines.filter((line) => line.room === current);
  const revoked = new Set(own.filter((line) => line.via === "revoke").map((line) => line.msg_id));
  const nodes = [];
  let last = 0;
  for (const line of own) {
    const at = Date.parse(line.at);
    if (at - last > GAP_MS) nodes.push(el("p", { class: "time" }, dayAndTime(line.at)));
    last = at;
    if (line.direction !== "user" || !revoked.has(line.msg_id)) nodes.push(lineNode(line, room, me));
  }
  log.replaceChildren(...nodes);
  log.scrollTop = log.scrollHeight;
  markSelected();
  showPending();
}

function lineNode(line, room, me) {
  if (line.direction === "system") {
    return el("div", { class: `line system ${line.via === "fault" ? "fault" : ""}` }, el("p", {}, line.text));
  }
  const mine = line.direction === "user" && line.sender === me;
  const who = line.direction === "user" ? line.name : line.via === "task" ? line.name : "议事";
  const pick = line.direction === "user" ? { type: "button", "data-msg": line.msg_id, onclick: () => select(line.msg_id) } : {};
  const index = room.people.findIndex((person) => person.id === line.sender);
  const face = line.direction === "bot" && line.via !== "task" ? el("span", { class: "avatar avatar-bot", "aria-hidden": "true" }, "议") : avatar(who, Math.max(index, 0));
  const quoted = line.quote ? el("p", { class: "quoted" }, line.quote) : null;
  const kind = mine ? "bubble-user" : line.direction === "bot" ? "bubble-bot" : "bubble-other";
  const bubble = el(line.direction === "user" ? "button" : "p", { ...pick, class: `bubble ${kind}` }, line.text);
  const mark = el("p", { class: "mark" }, line.direction === "bot" ? `${MARKS[line.via] ?? line.via} · ${timeOf(line.at)}` : timeOf(line.at), el("span", { "data-pending": line.msg_id }), tools(line, mine, room));
  return el("div", { class: `line ${mine ? "user" : line.direction === "bot" ? "bot" : "other"}` }, face, el("div", { class: "body" }, el("p", { class: "name" }, who), quoted, bubble, mark));
}

function tools(line, mine, room) {
  const parts = [];
  const tool = (name, does) => parts.push(el("button", { type: "button", class: "tool", onclick: does }, name));
  if (mine && room.kind !== "app" && Date.now() - Date.parse(line.at) < REVOKE_MS) {
    tool("撤回", () => act("/api/rooms/revoke", { room: room.id, person: line.sender, msg_id: line.msg_id }));
  }
  if (room.kind !== "app") tool("引用", () => setQuote(line.text));
  return el("span", { class: "tools" }, ...parts);
}

function showPending() {
  for (const node of document.querySelectorAll("#room-log [data-pending]")) {
    node.textContent = node.dataset.pending && pending.has(node.dataset.pending) ? " · 正在送" : "";
  }
}

function markSelected() {
  for (const node of document.querySelectorAll("#room-log [data-msg]")) {
    node.setAttribute("aria-pressed", String(node.dataset.msg === selected));
  }
}

// --- what the person at the screen does

function enter(id) {
  current = id;
  document.body.dataset.view = "room";
  byId("speaker").dataset.shown = "";
  selected = newest(id);
  setQuote(null);
  page.showTab("chat");
  showHead();
  showLog();
  showList();
  page.redraw();
  explain().catch(console.warn);
}

function select(msgId) {
  selected = msgId;
  markSelected();
  page.showTab("backstage");
  explain().catch(console.warn);
}

function setQuote(text) {
  quote = text;
  byId("quoting").hidden = !text;
  byId("quoting").querySelector("span").textContent = text ?? "";
  if (text) byId("room-text").focus();
}

async function say(text) {
  const body = { room: current, person: speakerOf(roomOf(current)), text };
  if (quote) body.quote = quote;
  const ok = await act("/api/rooms/say", body);
  if (ok) setQuote(null);
  return ok;
}

async function send(event) {
  event.preventDefault();
  const box = byId("room-text");
  const text = box.value;
  if (!text.trim()) return;
  box.value = "";
  grow();
  if (!(await say(text)) && !box.value) box.value = text;
}

function grow() {
  const box = byId("room-text");
  box.rows = Math.min(5, Math.max(1, box.value.split("\n").length));
}
