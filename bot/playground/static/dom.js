// Elements are only ever built from text: nothing a resident types is parsed as HTML.

export const byId = (id) => document.getElementById(id);

export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value != null) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child != null).map(asNode));
  return node;
}

export const avatar = (name, index) => el("span", { class: `avatar avatar-${index % 8}`, "aria-hidden": "true" }, Array.from(name)[0] ?? "");

// Enter also ends a word in a Chinese input method: that one must not send.
export function onEnter(box, send) {
  box.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing && event.keyCode !== 229) send(event);
  });
}

const asNode = (child) => (child instanceof Node ? child : String(child));

const clock = (options) => new Intl.DateTimeFormat("zh-CN", { timeZone: "Asia/Shanghai", hour12: false, ...options });
const exact = clock({ hour: "2-digit", minute: "2-digit", second: "2-digit" });
const minute = clock({ month: "long", day: "numeric", hour: "2-digit", minute: "2-digit" });

export const timeOf = (iso) => exact.format(new Date(iso));
export const dayAndTime = (iso) => minute.format(new Date(iso));

export async function get(path, query) {
  const response = await fetch(`${path}?${new URLSearchParams(query)}`, { cache: "no-store" });
  return { ok: response.ok, data: await response.json() };
}

export async function post(path, body) {
  const response = await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  return { ok: response.ok, data: await response.json() };
}
