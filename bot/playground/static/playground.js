// Polls the state once a second and shows it; every click is a POST, and the next poll shows what came of it.

import { showFacts, showKnobs } from "./backstage.js";
import { avatar, byId, dayAndTime, el, get, onEnter, post, timeOf } from "./dom.js";
import { inRoom, leaveRoom, startRooms, unreadInRooms } from "./rooms.js";

const POLL_MS = 1000;
const GAP_MS = 5 * 60 * 1000;
const MARKS = { passive: "被动回复", kf: "以客服消息送达", template: "模板消息", subscribe: "订阅通知" };
const narrow = matchMedia("(max-width: 860px)");

let run = null;
let seq = 0;
let entries = [];
let residents = [];
let pending = new Set();
let current = null; // openid
let selected = null; // msg_id
let account = "";
let scenes = [];
const seen = new Map(); // openid -> seq of the last line that was on screen
let polling = null;
let peopleShown = "";

// --- asking the server

async function refresh() {
  // One poll at a time: two answers for the same `since` would show lines twice.
  polling ??= poll().finally(() => (polling = null));
  return polling;
}

async function poll() {
  try {
    const { data } = await get("/api/state", { since: seq });
    if (data.run !== run) {
      const restarted = run !== null;
      run = data.run;
      entries = [];
      seen.clear();
      byId("knobs").replaceChildren();
      byId("log").replaceChildren();
      showFixed(data);
      if (restarted && seq) {
        seq = 0;
        return await poll();
      }
    }
    take(data);
    if (!inRoom()) await explain();
    if (data.has_rooms) startRooms({ complain, showTab, redraw: showPeople, narrow });
    byId("banner").hidden = true;
  } catch (error) {
    console.warn(error);
    byId("banner").hidden = false;
  }
}

async function explain() {
  const entry = entries.find((line) => line.msg_id && line.msg_id === selected);
  const answer = entry ? await get("/api/explain", { msg_id: selected }) : null;
  if (!entry || entry.msg_id === selected) showFacts(entry, answer?.ok ? answer.data : null);
}

async function act(path, body) {
  const { ok, data } = await post(path, { openid: current, ...body }).catch(() => ({ ok: false, data: {} }));
  if (!ok) complain(data.error ?? "没有发出去");
  await polling;
  await refresh();
  return ok;
}

function complain(text) {
  const toast = byId("toast");
  toast.textContent = text;
  toast.hidden = false;
  clearTimeout(complain.timer);
  complain.timer = setTimeout(() => (toast.hidden = true), 4000);
}

// --- showing the state

function showFixed(data) {
  account = data.account;
  byId("account").textContent = account;
  byId("phrases").replaceChildren(
    ...data.phrases.map((phrase) => el("button", { type: "button", onclick: () => say(phrase) }, phrase)),
  );
  scenes = data.scenes;
}

function take(data) {
  const fresh = data.entries;
  const switched = current === null;
  seq = data.seq;
  entries.push(...fresh);
  residents = data.residents;
  pending = new Set(data.pending);
  current ??= residents[0]?.openid ?? null;
  const mine = fresh.filter((entry) => entry.openid === current);
  const last = mine.findLast((entry) => entry.msg_id && entry.direction !== "bot" && entry.via !== "fault");
  if (last) selected = last.msg_id;
  if (switched) showChat();
  else append(mine);
  showPeople();
  showPhoneHead();
  showPending();
  showKnobs(data.faults, complain);
}

function showPeople() {
  if (!inRoom() && (document.body.dataset.tab === "chat" || !narrow.matches)) seen.set(current, seq);
  let unread = unreadInRooms();
  const items = residents.map((person, index) => {
    const lines = entries.filter((entry) => entry.openid === person.openid);
    const last = lines.at(-1);
    const count = lines.filter((entry) => entry.seq > (seen.get(person.openid) ?? 0) && entry.direction === "bot").length;
    unread += count;
    return el(
      "li",
      {},
      el(
        "button",
        { type: "button", "aria-current": person.openid === current && !inRoom() ? "true" : null, "data-openid": person.openid, onclick: () => choose(person.openid) },
        avatar(person.nickname, index),
        el(
          "span",
          { class: "who" },
          el("b", {}, person.nickname),
          el("span", {}, person.about),
          el("span", { class: "last" }, last ? last.text : person.following ? "还没说过话" : "还没关注"),
        ),
        count ? el("span", { class: "badge", "aria-label": `${count} 条没看` }, count) : null,
      ),
    );
  });
  const list = byId("residents");
  const next = items.map((item) => item.outerHTML).join("");
  if (peopleShown !== next) {
    const focused = document.activeElement?.dataset?.openid;
    peopleShown = next;
    list.replaceChildren(...items);
    if (focused) list.querySelector(`[data-openid="${CSS.escape(focused)}"]`)?.focus();
  }
  byId("unread").hidden = !unread;
  byId("unread").textContent = unread;
}

function showPhoneHead() {
  const person = residents.find(({ openid }) => openid === current);
  if (!person) return;
  byId("whose").textContent = `${person.nickname}的手机`;
  byId("window").textContent = !person.following
    ? "没有关注，什么也发不过去"
    : person.window === null
      ? "现在不能主动发消息，要等对方先开口"
      : `还能主动发 ${person.window.left} 条，最晚到 ${dayAndTime(person.window.until)}`;
  byId("follow").disabled = person.following;
  byId("unfollow").disabled = !person.following;
  byId("text").disabled = byId("photo").disabled = !person.following;
  byId("text").placeholder = person.following ? "说点什么，回车发送" : "先关注，才能说话";
  document.querySelectorAll("#phone .send, #phrases button").forEach((button) => (button.disabled = !person.following));
}

function showChat() {
  byId("log").replaceChildren();
  append(entries.filter((entry) => entry.openid === current));
}

function append(lines) {
  const log = byId("log");
  const person = residents.findIndex(({ openid }) => openid === current);
  for (const entry of lines) {
    const at = Date.parse(entry.at);
    if (!log.children.length || at - Number(log.dataset.last) > GAP_MS) {
      log.append(el("p", { class: "time" }, dayAndTime(entry.at)));
    }
    log.dataset.last = at;
    log.append(line(entry, person));
  }
  if (lines.length) log.scrollTop = log.scrollHeight;
  markSelected();
}

function line(entry, person) {
  const pick = entry.msg_id ? { type: "button", "data-msg": entry.msg_id, onclick: () => select(entry.msg_id) } : {};
  const tag = entry.msg_id ? "button" : "p";
  if (entry.direction === "system") {
    return el("div", { class: `line system ${entry.via === "fault" ? "fault" : ""}` }, el(tag, pick, entry.text));
  }
  const mine = entry.direction === "user";
  const shown = entry.media_id
    ? el("img", { class: "photo", src: `/api/photo/${entry.media_id}`, alt: entry.text })
    : entry.text;
  const bubble = el(tag, { ...pick, class: `bubble bubble-${entry.direction}` }, shown);
  const mark = mine
    ? el("p", { class: "mark" }, timeOf(entry.at), el("span", { "data-pending": entry.msg_id }))
    : el("p", { class: "mark" }, `${MARKS[entry.via] ?? entry.via} · ${timeOf(entry.at)}`);
  const face = mine ? avatar(residents[person].nickname, person) : el("span", { class: "avatar avatar-bot", "aria-hidden": "true" }, Array.from(account)[0]);
  const voice = el("span", { class: "hidden" }, mine ? `${residents[person].nickname}说：` : `${account}说：`);
  return el("div", { class: `line ${entry.direction}` }, face, el("div", { class: "body" }, voice, bubble, mark));
}

function showPending() {
  for (const node of document.querySelectorAll("#log [data-pending]")) {
    node.textContent = pending.has(node.dataset.pending) ? " · 正在送" : "";
  }
}

function markSelected() {
  for (const node of document.querySelectorAll("#log [data-msg]")) {
    node.setAttribute("aria-pressed", String(node.dataset.msg === selected));
  }
}

// --- what the person at the screen does

function choose(openid) {
  leaveRoom();
  current = openid;
  selected = entries.findLast((entry) => entry.openid === openid && entry.msg_id)?.msg_id ?? null;
  showTab("chat");
  showChat();
  showPeople();
  showPhoneHead();
  showPending();
  explain().catch(console.warn);
}

function select(msgId) {
  selected = msgId;
  markSelected();
  showTab("backstage");
  explain().catch(console.warn);
}

async function sendPhotos(event) {
  const files = Array.from(event.target.files);
  event.target.value = "";
  for (const file of files) {
    const url = await new Promise((resolve, reject) => {
      const reader = new FileReader();
      reader.onload = () => resolve(reader.result);
      reader.onerror = () => reject(reader.error);
      reader.readAsDataURL(file);
    }).catch(() => "");
    await act("/api/photo", { type: file.type, content: url.slice(url.indexOf(",") + 1) });
  }
}

async function say(text) {
  return act("/api/say", { text });
}

function offerScenes() {
  const home = residents.find(({ openid }) => openid === current)?.scene;
  const sorted = scenes.toSorted((a, b) => Number(b.scene === home) - Number(a.scene === home));
  byId("scenes").replaceChildren(
    ...sorted.map(({ scene, label }) =>
      el("li", {}, el("button", { type: "button", onclick: () => scan(scene) }, label, scene === home ? el("small", {}, "自己家门口") : null)),
    ),
  );
  byId("codes").showModal();
}

async function scan(scene) {
  byId("codes").close();
  await act("/api/scan", { scene });
}

async function send(event) {
  event.preventDefault();
  const box = byId("text");
  const text = box.value;
  if (!text.trim()) return;
  box.value = "";
  grow();
  if (!(await say(text)) && !box.value) box.value = text;
}

function grow() {
  const box = byId("text");
  box.rows = Math.min(5, Math.max(1, box.value.split("\n").length));
}

function showTab(name) {
  if (document.body.dataset.tab === name) return;
  document.body.dataset.tab = name;
  for (const button of document.querySelectorAll(".tabs button")) {
    if (button.dataset.tab === name) button.setAttribute("aria-current", "page");
    else button.removeAttribute("aria-current");
  }
  byId("log").scrollTop = byId("log").scrollHeight;
  if (residents.length) showPeople();
}

byId("form").addEventListener("submit", send);
byId("text").addEventListener("input", grow);
onEnter(byId("text"), send);
byId("follow").addEventListener("click", () => act("/api/follow"));
byId("unfollow").addEventListener("click", () => act("/api/unfollow"));
byId("photo").addEventListener("change", sendPhotos);
byId("scan").addEventListener("click", offerScenes);
document.querySelectorAll(".tabs button").forEach((button) => button.addEventListener("click", () => showTab(button.dataset.tab)));

setInterval(refresh, POLL_MS);
refresh();
