// The first page: paper, pictures and tools on one side, the answer on the other.

import { Answer } from "./answer.js";
import { Batch } from "./batch.js";
import { Claim } from "./claim.js";
import { Problem, askWhy, fetchPiece } from "./client.js";
import { Cropping } from "./cropping.js";
import { tick } from "./haptics.js";
import { connectPictures } from "./incoming.js";
import { Keeper } from "./keeper.js";
import { LiveReader } from "./live.js";
import { Pad } from "./pad.js";
import { Paper } from "./paper.js";
import { connectPenKeys } from "./pen_keys.js";
import { connectTools } from "./tools.js";
import { Explanation } from "./why.js";
import { words } from "./words.js";

/** @typedef {import("./client.js").Reading} Reading */
/** @typedef {import("./client.js").KeptReading} KeptReading */

const byId = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));
const buttonOf = (/** @type {string} */ id) => /** @type {HTMLButtonElement} */ (byId(id));
const { read: readUrl, upload: uploadUrl, why: whyUrl } = byId("answer").dataset;

const announcement = byId("announcement");
const announce = (/** @type {string} */ text) => (announcement.textContent = text);
const pad = new Pad(/** @type {HTMLCanvasElement} */ (byId("canvas")));
const paper = new Paper(byId("paper"), pad);
const live = new LiveReader(readUrl ?? "");
const keeper = new Keeper(uploadUrl ?? "");
const answer = new Answer(byId("answer"), announcement);
const claim = new Claim(/** @type {HTMLFormElement} */ (byId("claim")));
const cropping = new Cropping(byId("crop-stage"), byId("crop-tools"));
const batch = new Batch(byId("batch"), uploadUrl ?? "", announce);
const explanation = new Explanation(byId("more"), byId("paper"), {
  why: buttonOf("ask-why"),
  steps: buttonOf("ask-steps"),
});

// What lies on the paper, counted: a reading of before is not shown over one of after.
let revision = 0;
let isWaitingForConnection = false;

const tools = connectTools(pad, { keep: () => keep(), clear, cancel });
connectPenKeys(pad, /** @type {SVGElement} */ (/** @type {unknown} */ (byId("pen-cursor"))), (isDown) =>
  announce(isDown ? words.pen_down : words.pen_up),
);

/** Something else lies on the paper: read it, unless there is nothing. */
function changed() {
  revision += 1;
  explanation.hide();
  paper.showUse();
  showKeeping();
  if (!paper.isEmpty || pad.isDrawing) live.read(revision, () => paper.drawing);
}

/** Keep what is on the paper. Where that fails the page has said why. */
function keep() {
  if (cropping.isOpen) {
    cropping.finish();
    return Promise.resolve(null);
  }
  isWaitingForConnection = false;
  if (!paper.mayBeKept) {
    if (paper.isEmpty) showNothing();
    return Promise.resolve(null);
  }
  return keeper.keep(paper.subject, paper.drawing).catch(() => null);
}

function showNothing() {
  claim.hide();
  paper.unmark();
  showAsks(null);
  answer.showBlank();
}

function clear() {
  isWaitingForConnection = false;
  live.stop();
  keeper.wait();
  paper.unlay();
  pad.clear();
  revision += 1;
  explanation.hide();
  claim.hide();
  showAsks(null);
  answer.showEmpty();
  paper.showUse();
  showKeeping();
}

/** Escape: out of what is open. */
function cancel() {
  if (cropping.isOpen) cropping.cancel();
  else if (explanation.asked) explanation.hide();
  else return false;
  return true;
}

/**
 * @param {Reading} reading
 * @param {KeptReading | null} kept
 */
function show(reading, kept) {
  const picture = paper.pictureOf(reading);
  answer.show(reading, picture, statusOf(kept));
  if (reading.verdict === "blank") paper.unmark();
  else paper.mark(reading);
  showAsks(reading);
  showKeeping();
  if (!paper.mayBeKept || reading.verdict === "blank") claim.hide();
  else claim.ask(() => urlOfKept(kept), reading.verdict === "digit");
}

/** @param {KeptReading | null} kept */
function statusOf(kept) {
  if (kept) return words.kept;
  return paper.mayBeKept ? words.not_kept : words.example;
}

/** @param {KeptReading | null} kept */
async function urlOfKept(kept) {
  return (kept ?? (await keeper.keep(paper.subject, paper.drawing))).url;
}

/** Why and the steps are asked of what has an answer. */
function showAsks(/** @type {Reading | null} */ reading) {
  const isRead = reading !== null && reading.verdict !== "blank";
  buttonOf("ask-why").hidden = !isRead || reading.parts.length > 1;
  buttonOf("ask-steps").hidden = !isRead || keeper.keptAs(paper.subject) === null;
}

function showKeeping() {
  const isKept = keeper.keptAs(paper.subject) !== null;
  buttonOf("keep").disabled = isKept;
  byId("keep-words").textContent = isKept ? words.kept : words.keep;
  buttonOf("clear").disabled = paper.isEmpty;
  tools.refresh();
}

pad.addEventListener("start", () => {
  if (paper.isPicture) paper.unlay();
  if (pad.isEmpty) keeper.forget();
  keeper.wait();
});
pad.addEventListener("progress", changed);
pad.addEventListener("change", () => {
  if (paper.isPicture && !pad.isEmpty) paper.unlay(); // undo brought back what the picture had replaced
  if (paper.isPicture) return;
  changed();
  const kept = keeper.keptAs(paper.subject);
  if (pad.isEmpty) clearAnswer();
  else if (kept) show(kept, kept);
  else keeper.keepAfterPause(keep);
});

/** Everything was taken back. */
function clearAnswer() {
  live.stop();
  claim.hide();
  paper.unmark();
  showAsks(null);
  answer.showEmpty();
}

live.addEventListener("reading", (event) => {
  const { reading, revision: read } = /** @type {CustomEvent<import("./live.js").LiveReading>} */ (event).detail;
  if (paper.isEmpty && !pad.isDrawing) return;
  const kept = read === revision ? keeper.keptAs(paper.subject) : null;
  if (!kept) show(reading, null); // what is kept is the same, and says more
});
live.addEventListener("problem", (event) => {
  const { problem } = /** @type {CustomEvent<{problem: Problem}>} */ (event).detail;
  if (problem.code !== "too_many_requests") showProblem(problem); // the next one comes by itself
});
keeper.addEventListener("start", () => answer.wait(true));
keeper.addEventListener("end", () => answer.wait(false));
keeper.addEventListener("progress", (event) => answer.progress(/** @type {CustomEvent<number>} */ (event).detail));
keeper.addEventListener("kept", (event) => {
  const { reading, subject } = /** @type {CustomEvent<{reading: KeptReading, subject: object}>} */ (event).detail;
  if (subject !== paper.subject) return; // something else lies there by now; this one is in the history
  tick();
  live.stop();
  show(reading, reading);
});
keeper.addEventListener("problem", (event) => {
  const { problem, subject } = /** @type {CustomEvent<{problem: Problem, subject: object}>} */ (event).detail;
  if (subject === paper.subject) showProblem(problem);
});

/** @param {Problem} problem */
function showProblem(problem) {
  isWaitingForConnection = problem.code === "offline";
  claim.hide();
  paper.unmark();
  showAsks(null);
  answer.showProblem(problem);
}
addEventListener("online", () => {
  if (!isWaitingForConnection || paper.isEmpty) return;
  isWaitingForConnection = false;
  if (paper.isPicture) keep();
  else changed();
  if (!pad.isEmpty) keeper.keepAfterPause(keep);
});
for (const teller of [claim, explanation]) {
  teller.addEventListener("said", (event) => announce(/** @type {CustomEvent<string>} */ (event).detail));
}

for (const [name, fetching] of Object.entries({ why: fetchWhy, steps: fetchSteps })) {
  buttonOf(`ask-${name}`).addEventListener("click", () => explanation.toggle(name, fetching));
}

function fetchWhy() {
  const kept = keeper.keptAs(paper.subject);
  return kept ? fetchPiece(`${kept.url}/why`) : askWhy(whyUrl ?? "", paper.drawing);
}

function fetchSteps() {
  return fetchPiece(`${keeper.keptAs(paper.subject)?.url}/steps`);
}

connectPictures({
  inputs: ["id_image", "camera"].map((id) => /** @type {HTMLInputElement} */ (byId(id))),
  frame: byId("paper"),
  examples: byId("examples"),
  cropping,
  batch,
  lay,
  fail: showProblem,
});

/** @param {import("./paper.js").Laid} laid */
function lay(laid) {
  keeper.forget();
  live.stop();
  paper.lay(laid);
  revision += 1;
  claim.hide();
  explanation.hide();
  showKeeping();
  if (laid.isExample) live.read(revision, () => paper.drawing);
  else keep();
}

cropping.addEventListener("open", () => {
  live.stop();
  keeper.wait();
  claim.hide();
  explanation.hide();
  paper.unmark();
  showAsks(null);
  answer.showCropping();
  showCropTools(true);
});
cropping.addEventListener("close", () => {
  showCropTools(false);
  const kept = keeper.keptAs(paper.subject);
  if (paper.isEmpty) clearAnswer();
  else if (kept) show(kept, kept);
  else live.read(revision, () => paper.drawing);
});

/** @param {boolean} isCropping */
function showCropTools(isCropping) {
  byId("tools").hidden = isCropping;
  byId("crop-tools").hidden = !isCropping;
  const first = isCropping ? buttonOf("crop-finish") : pad.canvas;
  first.focus({ preventScroll: true });
}

const switching = /** @type {HTMLInputElement} */ (byId("keeps-after-pause"));
switching.checked = keeper.keepsAfterPause.value;
switching.addEventListener("change", () => {
  keeper.keepsAfterPause.value = switching.checked;
  if (switching.checked && paper.mayBeKept) keeper.keepAfterPause(keep);
  else keeper.wait();
});

document.documentElement.dataset.ready = "true";
