/* Checks a receipt, or lines of the roll, in the browser: the same steps as handlers/voting/receipt.py. Nothing is sent. */
"use strict";
(() => {
  const box = document.getElementById("check");
  const found = document.getElementById("found");
  const RECEIPT = "yishi/receipt/1", LINES = "yishi/roll-line/1";
  const MARKS = { agree: "同意", against: "不同意", abstain: "弃权", blank: "没有填", neither: "都不同意" };

  class Broken extends Error {}
  const need = (holds, words) => { if (!holds) throw new Broken(words); };
  const utf8 = (text) => new TextEncoder().encode(text);
  const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  const same = (left, right) => hex(left) === hex(right);
  const groups = (text) => text.replace(/(.{4})(?=.)/g, "$1 ");
  const whole = (value) => Number.isSafeInteger(value) && value >= 0;
  const plain = (value) => value !== null && typeof value === "object" && !Array.isArray(value);

  function bytes(text, words) {
    need(typeof text === "string" && /^([0-9a-f]{2})*$/.test(text), words);
    return Uint8Array.from(text.match(/../g) || [], (pair) => parseInt(pair, 16));
  }

  async function sha256(...parts) {
    const joined = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
    let at = 0;
    for (const part of parts) { joined.set(part, at); at += part.length; }
    return new Uint8Array(await crypto.subtle.digest("SHA-256", joined));
  }
  const leafHash = (entry) => sha256(Uint8Array.of(0), entry);
  const node = (left, right) => sha256(Uint8Array.of(1), left, right);

  /* Canonical JSON (RFC 8785), of what evidence is made of: no number in it is a fraction. */
  function canonical(value) {
    if (value === null || typeof value === "boolean" || typeof value === "string") return JSON.stringify(value);
    if (typeof value === "number") { need(Number.isSafeInteger(value), "里面有看不懂的数字"); return String(value); }
    if (Array.isArray(value)) return "[" + value.map(canonical).join(",") + "]";
    return "{" + Object.keys(value).sort().map((key) => JSON.stringify(key) + ":" + canonical(value[key])).join(",") + "}";
  }

  /* RFC 9162 section 2.1.3.2. */
  async function isIncluded(leaf, index, size, proof, root) {
    if (index >= size) return false;
    let place = index, last = size - 1, at = leaf;
    for (const step of proof) {
      if (last === 0) return false;
      if (place % 2 === 1 || place === last) {
        at = await node(step, at);
        while (place !== 0 && place % 2 === 0) { place = Math.floor(place / 2); last = Math.floor(last / 2); }
      } else {
        at = await node(at, step);
      }
      place = Math.floor(place / 2);
      last = Math.floor(last / 2);
    }
    return last === 0 && same(at, root);
  }

  async function isSigned(statement, signature, key) {
    const ed = await import(box.dataset.ed25519);
    try {
      return await ed.verifyAsync(bytes(signature, "签名看不懂"), utf8(canonical(statement)), key, { zip215: false });
    } catch (error) {
      return false;
    }
  }

  async function checkReceipt(receipt, say) {
    need(typeof receipt.origin === "string", "没有写是哪一次表决");
    const key = bytes(receipt.public_key, "公钥看不懂");
    const keyId = hex(await sha256(key)).slice(0, 16);
    const leaf = bytes(receipt.leaf, "哈希看不懂");
    need(typeof receipt.entry === "string", "没有记录里的那一条");
    need(same(await leafHash(utf8(receipt.entry)), leaf), "记录里的那一条和哈希对不上，被改过");
    let entry = null;
    try { entry = JSON.parse(receipt.entry); } catch (error) { /* said below */ }
    need(plain(entry) && entry.kind === "ballot" && canonical(entry) === receipt.entry, "记录里的那一条不是一张票");
    need(entry.ballot === receipt.ballot, "票的编号对不上");
    need(plain(receipt.content), "没有票的内容");
    const opened = await sha256(bytes(receipt.nonce, "随机数看不懂"), utf8(canonical(receipt.content)));
    need(hex(opened) === entry.commitment, "票的内容和记录对不上：选的、房子或者随机数被改过");
    say("记录里的那一条，装的就是您选的这些");
    const promise = receipt.promise;
    need(plain(promise), "没有签名的保证");
    const promised = { type: "yishi/promise/1", origin: receipt.origin, leaf: receipt.leaf, time: promise.time };
    need(await isSigned(promised, promise.signature, key), "保证的签名对不上");
    say("收到票的时候签过保证：" + promise.time);
    if (receipt.checkpoint === undefined) {
      say("还没有写进公开的记录，过一会儿再下载一次来查", false);
    } else {
      await checkPlace(receipt, leaf, key, keyId);
      say("它是公开记录的第 " + (receipt.index + 1) + " 条，这本记录签过名：" + receipt.checkpoint.time);
    }
    return ["这张票选的", Object.keys(receipt.content.marks || {}).map((name) => {
      const mark = receipt.content.marks[name];
      const words = Array.isArray(mark) ? (mark.length ? mark.join("、") : MARKS.neither) : (MARKS[mark] || String(mark));
      return name + "：" + words;
    }), "公钥的指纹，请和公告、纸票上印的比一比", groups(keyId)];
  }

  async function checkPlace(receipt, leaf, key, keyId) {
    const head = receipt.checkpoint;
    need(plain(head) && whole(receipt.index) && whole(head.size) && Array.isArray(receipt.proof), "没有位置或者证明");
    const proof = receipt.proof.map((step) => bytes(step, "证明看不懂"));
    const root = bytes(head.root, "校验码看不懂");
    need(await isIncluded(leaf, receipt.index, head.size, proof, root), "证明和签过名的记录对不上");
    need(head.key === keyId, "签名写的是另一把钥匙");
    const signed = { type: "yishi/checkpoint/1", origin: receipt.origin, size: head.size, root: head.root, time: head.time };
    need(await isSigned(signed, head.signature, key), "记录的签名对不上");
  }

  async function checkLines(kept, say) {
    const root = bytes(kept.root, "校验码看不懂");
    need(Array.isArray(kept.units) && kept.units.length > 0, "没有名册的行");
    for (const row of kept.units) {
      need(plain(row) && plain(row.line) && whole(row.index) && whole(row.size) && Array.isArray(row.proof), "名册的行看不懂");
      const leaf = await leafHash(utf8(canonical(row.line)));
      need(row.leaf === hex(leaf), "名册的行和哈希对不上，被改过");
      const proof = row.proof.map((step) => bytes(step, "证明看不懂"));
      need(await isIncluded(leaf, row.index, row.size, proof, root), "证明和名册校验码对不上");
      say(row.line.unit + "（" + row.line.area + " 平方米）是名册的第 " + (row.index + 1) + " 行，共 " + row.size + " 行");
    }
    return ["这次表决", [kept.origin], "名册校验码，请和公告上印的比一比", groups(kept.root)];
  }

  function line(parent, tag, text, style) {
    const made = document.createElement(tag);
    made.textContent = text;
    if (style) made.className = style;
    parent.append(made);
    return made;
  }

  async function check() {
    found.replaceChildren();
    const list = document.createElement("ul");
    list.className = "checks";
    const say = (text, good = true) => line(list, "li", text, good ? "yes" : "");
    try {
      let kept = null;
      try { kept = JSON.parse(document.getElementById("text").value); } catch (error) { /* said below */ }
      need(plain(kept) && (kept.type === RECEIPT || kept.type === LINES), "这不是回执，请把整个文件的内容都贴进来");
      const told = await (kept.type === RECEIPT ? checkReceipt(kept, say) : checkLines(kept, say));
      line(found, "p", "对得上", "verdict good");
      found.append(list);
      line(found, "p", told[0], "faint");
      for (const each of told[1]) line(found, "p", each);
      line(found, "p", told[2], "faint");
      line(found, "p", told[3], "code big");
    } catch (error) {
      found.replaceChildren();
      line(found, "p", "对不上", "verdict bad");
      line(found, "p", error instanceof Broken ? error.message : "这个浏览器核对不了，请换一个浏览器，或者拿到电脑上核对", "");
      found.append(list);
    }
  }

  async function readFile(event) {
    const file = event.target.files[0];
    if (!file) return;
    document.getElementById("text").value = file.size > 1000000 ? "" : await file.text();
    await check();
  }

  if (!window.crypto || !crypto.subtle) {
    line(found, "p", "这个浏览器核对不了，请换一个浏览器，或者拿到电脑上核对", "notice bad");
    return;
  }
  document.getElementById("without").hidden = true;
  box.hidden = false;
  document.getElementById("go").addEventListener("click", check);
  document.getElementById("file").addEventListener("change", readFile);
})();
