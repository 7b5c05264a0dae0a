// The first page: makes its parts, and connects them.

import { Answer } from "./answer.js";
import { Batch } from "./batch.js";
import { Buttons } from "./buttons.js";
import { Claim } from "./claim.js";
import { askWhy, fetchPiece } from "./client.js";
import { Cropping } from "./cropping.js";
import { listen } from "./events.js";
import { connectPictures } from "./incoming.js";
import { Keeper } from "./keeper.js";
import { LiveReader } from "./live.js";
import { Pad } from "./pad.js";
import { Paper } from "./paper.js";
import { PenKeys } from "./pen_keys.js";
import { Studio } from "./studio.js";
import { connectTools } from "./tools.js";
import { Explanation } from "./why.js";
import { words } from "./words.js";

const byId = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));
const buttonOf = (/** @type {string} */ id) => /** @type {HTMLButtonElement} */ (byId(id));
const inputOf = (/** @type {string} */ id) => /** @type {HTMLInputElement} */ (byId(id));
const { read = "", upload = "", why = "" } = byId("answer").dataset;

const announcement = byId("announcement");
const announce = (/** @type {string} */ text) => {
  announcement.textContent = text;
};
const pad = new Pad(/** @type {HTMLCanvasElement} */ (byId("canvas")));
const paper = new Paper(byId("paper"), pad);
const keeper = new Keeper(upload);
const asks = { why: buttonOf("ask-why"), steps: buttonOf("ask-steps") };
const explanation = new Explanation(byId("more"), byId("paper"), asks);
const claim = new Claim(/** @type {HTMLFormElement} */ (byId("claim")));
const answer = new Answer(byId("answer"), announcement);
const studio = new Studio({
  paper,
  pad,
  live: new LiveReader(read),
  keeper,
  answer,
  claim,
  explanation,
  buttons: new Buttons({ keep: buttonOf("keep"), clear: buttonOf("clear"), ...asks, paper: pad.canvas }),
});
const cropping = new Cropping(byId("crop-stage"), byId("crop-tools"));

connectTools(pad, {
  keep: () => {
    if (cropping.isOpen) cropping.finish();
    else studio.keep();
  },
  clear: () => studio.clear(),
  isCovered: () => cropping.isOpen,
  cancel: () => {
    const isOpen = cropping.isOpen || explanation.asked !== "";
    if (cropping.isOpen) cropping.cancel();
    else explanation.hide();
    return isOpen;
  },
});
new PenKeys(pad, /** @type {SVGElement} */ (document.querySelector("#pen-cursor")), (isDown) =>
  announce(isDown ? words.pen_down : words.pen_up),
);
connectPictures({
  inputs: [inputOf("id_image"), inputOf("camera")],
  frame: byId("paper"),
  examples: byId("examples"),
  cropping,
  batch: new Batch(byId("batch"), upload, announce),
  studio,
});

asks.why.addEventListener("click", () =>
  explanation.toggle("why", () => (studio.kept ? fetchPiece(`${studio.kept.url}/why`) : askWhy(why, paper.drawing))),
);
asks.steps.addEventListener("click", () =>
  explanation.toggle("steps", () => fetchPiece(`${studio.kept?.url}/steps`)),
);
for (const teller of [claim, explanation]) {
  listen(teller, "said", announce);
}

cropping.addEventListener("open", () => {
  studio.pause();
  answer.showCropping();
  showCropTools(true);
});
cropping.addEventListener("close", () => {
  showCropTools(false);
  studio.resume();
});

/** @param {boolean} isCropping */
function showCropTools(isCropping) {
  pad.canvas.inert = isCropping;
  byId("tools").hidden = isCropping;
  byId("crop-tools").hidden = !isCropping;
  (isCropping ? buttonOf("crop-finish") : pad.canvas).focus({ preventScroll: true });
}

const switching = inputOf("keeps-after-pause");
switching.checked = keeper.keepsAfterPause.value;
switching.addEventListener("change", () => {
  keeper.keepsAfterPause.value = switching.checked;
  studio.switchPause();
});
addEventListener("online", () => studio.reconnect());

document.documentElement.dataset.ready = "true";
