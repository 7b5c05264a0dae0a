// The review page: one key a decision. What a reviewer decides is shown at once and sent behind it;
// the next pictures are loaded beforehand.

import { Desk } from "./review/desk.js";
import { takeKeys } from "./review/keys.js";
import { Outbox } from "./review/outbox.js";

// How often an empty lane is looked at again.
const LOOK_AGAIN_MS = 20_000;
// So long what somebody else decided stays to be read, whatever goes well meanwhile.
const READ_MS = 6_000;

/** @typedef {import("./review/desk.js").Item} Item */

/**
 * What recognizer/admin/reviewing.py says of the lane and of the page's words.
 * @typedef {object} Data
 * @property {string} lane
 * @property {Item[]} items
 * @property {Record<"next" | "decide" | "undo" | "skip", string>} urls
 * @property {Record<string, string>} labels
 * @property {Record<string, string>} words
 */

/** @type {Data} */
const data = JSON.parse(document.getElementById("review-data")?.textContent ?? "");
const find = (/** @type {string} */ selector) =>
  /** @type {HTMLElement} */ (document.querySelector(selector));
const desk = new Desk(find(".review-desk"));
const help = /** @type {HTMLDialogElement} */ (find(".review-help"));
const problem = find(".review-problem");

/** @type {Item[]} what waits here, the one that is looked at first */
const queue = [];
/**
 * Decisions that may be undone, the last one last; `sent` gives the change's id.
 * @type {{item: Item, sent: Promise<number | null>}[]}
 */
const decided = [];
/** @type {Set<string>} */
const seen = new Set();
let readUntil = 0;

const token = /** @type {HTMLInputElement} */ (find(".review-token [name=csrfmiddlewaretoken]"));
const outbox = new Outbox(token.value, {
  onRetry: () => show(data.words.unsaved),
  onSignedOut: () => show(data.words.signed_out),
});

takeKeys(help, { decide, actions: { agree, undo, skip, play, help: () => help.showModal() } });

addEventListener("beforeunload", (event) => {
  if (outbox.isBusy) event.preventDefault();
});

/**
 * Label the one that is looked at, and go on.
 * @param {string} label
 */
function decide(label) {
  const item = queue.shift();
  if (!item) return;
  const fields = { id: item.id, label, seen: item.seen };
  const sent = send(data.urls.decide, fields, item.page).then((answer) => {
    if (answer.change) return answer.change;
    const place = decided.findIndex((one) => one.sent === sent); // refused: nothing to undo
    if (place >= 0) decided.splice(place, 1);
    count(-1);
    return null;
  });
  decided.push({ item, sent });
  count(1);
  say(data.words.labelled.replace("{label}", data.labels[label]));
  next();
}

function agree() {
  if (!queue.length) return;
  if (queue[0].agreed) decide(queue[0].agreed);
  else say(data.words.cannot_agree);
}

function skip() {
  const item = queue.shift();
  if (!item) return;
  send(data.urls.skip, { id: item.id }, item.page);
  say(data.words.skipped);
  next();
}

/** Show the last one again at once; that it is undone follows in its turn. */
async function undo() {
  const last = decided.pop();
  if (!last) {
    say(data.words.nothing_to_undo);
    return;
  }
  queue.unshift(last.item);
  say(data.words.undone);
  next();
  const answer = await outbox.send(data.urls.undo, async () => {
    const change = await last.sent;
    return change ? { change: String(change) } : null;
  });
  if (answer?.change) {
    count(-1);
    show("");
    return;
  }
  drop(last.item); // it was refused when it was decided, or something was decided since
  if (answer) show(answer.problem ?? "", last.item.page);
}

/**
 * Take an item out that is not to be decided here.
 * @param {Item} item
 */
function drop(item) {
  const place = queue.indexOf(item);
  if (place < 0) return;
  queue.splice(place, 1);
  if (place === 0) next();
}

function play() {
  if (queue.length && !desk.play()) say(data.words.no_strokes);
}

/**
 * Send what was done; what waits next comes with the answer.
 * @param {string} url
 * @param {Record<string, string>} fields
 * @param {string} page Where it can be looked at again, if it was done to one submission.
 */
async function send(url, fields, page = "") {
  const now = async () => {
    const have = queue.map((item) => item.id).join(",");
    return { lane: data.lane, have, ...fields };
  };
  const answer = (await outbox.send(url, now)) ?? {};
  show(answer.problem ?? "", page);
  if (answer.problem) seen.delete(fields.id); // it may wait all the same, for another look
  take(answer.items ?? []);
  if (!queue.length) next();
  return answer;
}

/**
 * Put what came at the end, and load its pictures.
 * @param {Item[]} items
 */
function take(items) {
  const wasEmpty = !queue.length;
  const held = new Set(queue.map((item) => item.id));
  for (const item of items.filter((one) => !held.has(one.id) && !seen.has(one.id))) {
    seen.add(item.id);
    queue.push(item);
    desk.load(item);
  }
  if (wasEmpty) next();
}

/** Show what is to be looked at now. */
function next() {
  const item = queue[0];
  find(".review-empty").hidden = Boolean(item) || outbox.isBusy;
  find(".review-controls").hidden = !item && !decided.length;
  find(".review-desk").hidden = !item;
  if (!item) return;
  const agreeing = /** @type {HTMLButtonElement} */ (find(".review-agree"));
  agreeing.disabled = !item.agreed;
  const words = data.words.agree.replace("{label}", item.agreed_word || "–");
  /** @type {Element} */ (agreeing.firstElementChild).textContent = words;
  desk.show(item);
}

/** @param {number} by */
function count(by) {
  const today = find(".review-today");
  today.textContent = String(Number(today.textContent) + by);
  const waiting = find(".lanes [aria-current] .lane-num");
  const num = Number(waiting.textContent);
  if (Number.isInteger(num) && waiting.textContent) waiting.textContent = String(num - by);
}

/** @param {string} words */
function say(words) {
  find(".review-said").textContent = words;
}

/**
 * Say what is wrong, with a link where one can look at it; with no words, that all is well.
 * @param {string} words
 */
function show(words, page = "") {
  if (!words && performance.now() < readUntil) return;
  readUntil = words && page ? performance.now() + READ_MS : 0;
  problem.textContent = words;
  problem.hidden = !words;
  if (!words || !page) return;
  const link = document.createElement("a");
  link.href = page;
  link.textContent = data.words.look;
  problem.append(" ", link);
}

take(data.items);
next();
setInterval(() => {
  if (!queue.length && !outbox.isBusy) send(data.urls.next, {});
}, LOOK_AGAIN_MS);
// On a phone the admin's head would leave too little room, and not all lanes are in sight.
if (matchMedia("(max-width: 767px)").matches) {
  find(".lanes").scrollIntoView();
  find(".lanes [aria-current]").scrollIntoView({ inline: "center", block: "nearest" });
}
