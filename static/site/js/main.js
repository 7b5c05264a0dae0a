// The first page: paper, pictures and tools on one side, the answer on the other.

import { Answer } from "./answer.js";
import { drawBoxes, isNumber, removeBoxes } from "./boxes.js";
import { Claim } from "./claim.js";
import { Problem } from "./client.js";
import { Pad } from "./pad.js";
import { takePictures } from "./pictures.js";
import { Reader } from "./reader.js";
import { connectTools } from "./tools.js";
import { words } from "./words.js";

const byId = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));
const paper = byId("paper");
const preview = previewIn(byId("preview"));
const announcement = byId("announcement");
const upload = /** @type {HTMLFormElement} */ (byId("upload"));

const pad = new Pad(/** @type {HTMLCanvasElement} */ (byId("canvas")));
const reader = new Reader(upload.action);
const answer = new Answer(byId("answer"), announcement);
const claim = new Claim(/** @type {HTMLFormElement} */ (byId("claim")));

// A drawing is stored each time it is read, so it is read when the visitor says so and not at every
// pause: half a four is nobody's digit. The same drawing is not sent twice, unless it failed.
let isSent = false;
let isWaitingForConnection = false;
/** @type {File | null} what lies on the paper instead of a drawing */
let picture = null;

function read() {
  if (isSent) return;
  if (picture) {
    send({ image: picture });
  } else if (pad.isEmpty) {
    claim.hide();
    answer.showBlank();
  } else {
    send(pad.drawing());
  }
}

/** @param {{image: string | File, strokes?: object[]}} drawing */
function send(drawing) {
  isSent = true;
  isWaitingForConnection = false;
  reader.read(drawing);
}

/** @param {File} file */
function readPicture(file) {
  if (!file.type.startsWith("image/")) {
    claim.hide();
    answer.showProblem(new Problem("unsupported_format", words.not_an_image));
    return;
  }
  pad.clear();
  showPreview(file);
  read();
}

/** @param {File} file */
function showPreview(file) {
  hidePreview();
  picture = file;
  drawPreview(file).catch(() => {}); // the answer says what is wrong
  showUse();
}

/** @param {File} file */
async function drawPreview(file) {
  const bitmap = await createImageBitmap(file);
  if (picture !== file) return; // another one came, or a drawing
  Object.assign(preview, { width: bitmap.width, height: bitmap.height, hidden: false });
  preview.getContext("2d")?.drawImage(bitmap, 0, 0);
  bitmap.close();
}

/**
 * Put a canvas in the image's place: the policy allows no address of a visitor's own file.
 * @param {HTMLElement} image
 */
function previewIn(image) {
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { className: image.className, id: image.id, hidden: true });
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", image.getAttribute("alt") ?? "");
  image.replaceWith(canvas);
  return canvas;
}

function hidePreview() {
  removeBoxes(paper);
  if (!picture) return;
  picture = null;
  isSent = false;
  preview.hidden = true;
}

function clear() {
  if (isWaitingForConnection) answer.showBlank(); // it promised to read what is gone now
  isWaitingForConnection = false;
  hidePreview();
  pad.clear();
  showUse();
}

function showUse() {
  const isUsed = !pad.isEmpty || picture !== null;
  paper.classList.toggle("is-used", isUsed);
  /** @type {HTMLButtonElement} */ (byId("clear")).disabled = !isUsed;
}

pad.addEventListener("start", () => {
  hidePreview();
  paper.classList.add("is-used");
});
pad.addEventListener("change", () => {
  removeBoxes(paper);
  if (!pad.isEmpty) hidePreview(); // undo brought back what the picture had replaced
  if (!picture) isSent = false;
  showUse();
});

reader.addEventListener("start", () => {
  removeBoxes(paper);
  answer.wait(true);
});
reader.addEventListener("end", () => answer.wait(false));
reader.addEventListener("reading", (event) => {
  const reading = /** @type {CustomEvent<import("./client.js").Reading>} */ (event).detail;
  answer.show(reading);
  claim.ask(reading.url, reading.verdict === "digit");
  if (isNumber(reading)) drawBoxes(paper, reading.parts, answer.picture);
});
reader.addEventListener("problem", (event) => {
  const problem = /** @type {CustomEvent<Problem>} */ (event).detail;
  isSent = false;
  isWaitingForConnection = problem.code === "offline";
  claim.hide();
  answer.showProblem(problem);
});
addEventListener("online", () => {
  if (isWaitingForConnection && (picture || !pad.isEmpty)) read();
});
claim.addEventListener("said", (event) => {
  announcement.textContent = /** @type {CustomEvent<string>} */ (event).detail;
});

takePictures(
  {
    inputs: [...document.querySelectorAll("#id_image, #camera")].map(
      (input) => /** @type {HTMLInputElement} */ (input),
    ),
    paper,
    examples: byId("examples"),
  },
  readPicture,
  () => answer.showProblem(new Problem("error", words.unexpected)),
);
connectTools(pad, { read, clear });
document.documentElement.dataset.ready = ""; // one can draw now
