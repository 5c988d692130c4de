// The bot's side of one message: what it understood, what it stored, what it sends.

import { byId, el, post, timeOf } from "./dom.js";

const VERDICTS = { matter: "是一件要办的事", chatter: "闲聊，不记", unsure: "拿不准，请人看" };
const URGENCY = { 1: "不急", 2: "一般", 3: "涉及安全，马上处理" };
const INBOX = { new: "已收下，等着处理", done: "处理完了", failed: "处理失败，要人看" };
const OUTBOX = {
  pending: "排队等发送",
  sending: "正在发送",
  waiting: "等居民再开口才能发",
  awaiting_owner: "等群主点发送",
  offered: "已随回答交给微信",
  sent: "已送达",
  uncertain: "不知道有没有发出，不再重发",
  dead: "没有发出，要人看",
  cancelled: "取消了",
};
const CLASSES = {
  reply: "回答",
  receipt: "回执",
  alert: "安全告警",
  notice: "通知",
  prompt: "收集提醒",
  digest: "每周摘要",
  reminder: "催办提醒",
};
const PHOTOS = { wanted: "等着去取", kept: "取到了", gone: "过期了，没有取到", refused: "打不开，没有存" };
const VIAS = { passive: "被动回复", kf: "客服消息" };

const say = (names, value) => (Object.hasOwn(names, value) ? names[value] : String(value));

let shown = "";

export function showFacts(entry, explained) {
  const next = JSON.stringify([entry?.seq, explained]);
  if (next === shown) return;
  shown = next;
  byId("facts").replaceChildren(...(entry ? describe(entry, explained) : [hint("还没有消息。说句话，这里就会有内容。")]));
}

function describe(entry, explained) {
  const facts = explained?.facts;
  const parts = [el("blockquote", { class: `said said-${entry.direction}` }, ...highlight(entry.text, facts?.hits ?? []))];
  if (facts) parts.push(understanding(facts));
  else parts.push(hint(entry.direction !== "user" ? "机器人没有为这一步留下记录。" : explained ? "机器人还没有处理这条消息。" : "这句话没有送给机器人：工作群里要先 @议事。"));
  if (explained?.archived) parts.push(hint("居民群里的话只进会话存档，没有谁推送给机器人，是它自己按时去取的。"));
  else if (explained) parts.push(wire(explained));
  if (facts?.outbox?.length) parts.push(el("h3", {}, "发出去的话"), ...facts.outbox.map(outgoing));
  return parts;
}

const hint = (text) => el("p", { class: "hint" }, text);

// Offsets count code points; a string here counts UTF-16 units.
function highlight(text, hits) {
  const points = Array.from(text);
  const sorted = hits.filter((hit) => hit.start < hit.end).sort((a, b) => a.start - b.start || b.end - a.end);
  const parts = [];
  let done = 0;
  for (const hit of sorted) {
    if (hit.start < done) continue;
    parts.push(points.slice(done, hit.start).join(""));
    parts.push(el("mark", { title: `${hit.name}（${hit.rule}）` }, points.slice(hit.start, hit.end).join("")));
    done = hit.end;
  }
  parts.push(points.slice(done).join(""));
  return parts;
}

function understanding(facts) {
  const rows = [];
  const row = (name, ...value) => rows.push(el("dt", {}, name), el("dd", {}, ...value));
  if (facts.verdict != null) row("判断", say(VERDICTS, facts.verdict));
  if (facts.categories?.length) row("类别", ...facts.categories.map(chip));
  if (facts.hits?.length) row("依据", [...new Set(facts.hits.map((hit) => `“${hit.term}”`))].join("、"));
  if (facts.urgency != null) {
    row("缓急", el("span", { class: `urgency urgency-${Number(facts.urgency)}` }, say(URGENCY, facts.urgency)));
  }
  if (facts.verdict != null || facts.place) row("地点", facts.place || "没有说");
  if (facts.number) row("编号", el("strong", {}, facts.number));
  for (const photo of facts.photos ?? []) row("照片", `${say(PHOTOS, photo.state)}，附在 ${photo.number} 里`);
  if (facts.inbox?.state != null) row("收件箱", say(INBOX, facts.inbox.state));
  return el("dl", { class: "rows" }, ...rows);
}

function chip(category) {
  const score = typeof category.score === "number" ? category.score.toFixed(2) : null;
  return el("span", { class: "chip", title: category.id }, category.name, score && el("small", {}, score));
}

function wire(explained) {
  const tries = explained.tries.map((made, index) => {
    const cost = made.seconds < 1 ? `${Math.round(made.seconds * 1000)} 毫秒` : `${made.seconds.toFixed(1)} 秒`;
    const result = made.problem ? `没成：${problem(made)}` : "机器人收下了";
    return el("li", { class: made.problem ? "bad" : "good", title: made.problem }, `第 ${index + 1} 次，${timeOf(made.at)}，${result}，用了 ${cost}`);
  });
  if (!explained.finished) tries.push(el("li", {}, tries.length ? "还在送……" : "还在路上……"));
  return el("div", {}, el("h3", {}, "微信送信"), el("ol", { class: "tries" }, ...tries));
}

function problem(made) {
  if (made.status == null) return made.problem.startsWith("no answer") ? "到时间没有回答" : "连不上";
  return made.status === 200 ? "回答看不懂" : `回答了 ${made.status}`;
}

function outgoing(row) {
  return el(
    "div",
    { class: "outgoing" },
    el("p", { class: "bubble bubble-bot" }, row.text),
    el("p", { class: "mark" }, [say(CLASSES, row.class), row.via && say(VIAS, row.via), say(OUTBOX, row.state)].filter(Boolean).join(" · ")),
  );
}

export function showKnobs(knobs, complain) {
  const list = byId("knobs");
  if (!list.children.length) {
    list.append(...knobs.map((knob) => el("li", {}, knobSwitch(knob, complain))));
  }
  for (const knob of knobs) {
    const box = list.querySelector(`[data-knob="${knob.name}"]`);
    if (box) box.checked = knob.on;
  }
}

function knobSwitch(knob, complain) {
  const turn = async (event) => {
    const { ok, data } = await post("/api/faults", { name: knob.name, on: event.target.checked });
    if (!ok) complain(data.error);
  };
  return el(
    "label",
    { class: "knob" },
    el("input", { type: "checkbox", role: "switch", "data-knob": knob.name, onchange: turn }),
    el("span", {}, el("b", {}, knob.title), knob.lasting ? null : el("small", {}, "一次"), el("span", {}, knob.help)),
  );
}
