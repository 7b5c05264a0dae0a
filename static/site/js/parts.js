// Each digit of several: its picture, what it is, and how sure.

import { drawPart } from "./canvases.js";
import { cutOut, isDoubtful } from "./overlay.js";
import { percent } from "./words.js";

/** @typedef {import("./client.js").Part} Part */
/** @typedef {import("./canvases.js").Picture} Picture */

// Twice what a tile measures, for dense screens.
const HEIGHT = 224;

/**
 * @param {Part[]} parts
 * @param {Picture | null} picture that they are parts of
 */
export function tilesOf(parts, picture) {
  return parts.map((part) => {
    const item = document.createElement("li");
    item.className = isDoubtful(part) ? "part is-doubtful" : "part";
    const frame = pieceOf("frame", "");
    if (picture) frame.append(cutting(part, picture));
    item.append(
      frame,
      pieceOf("part-digit", `${part.digit}${isDoubtful(part) ? "?" : ""}`),
      " ",
      pieceOf("part-percent", percent(part.confidence)),
    );
    return item;
  });
}

/**
 * @param {Part} part
 * @param {Picture} picture
 */
function cutting(part, picture) {
  const box = cutOut(part);
  const canvas = document.createElement("canvas");
  canvas.height = HEIGHT;
  canvas.width = Math.min(HEIGHT, Math.max(1, Math.round((HEIGHT * (box[2] - box[0])) / (box[3] - box[1]))));
  drawPart(canvas, picture, box);
  return canvas;
}

/**
 * @param {string} name
 * @param {string} text
 */
function pieceOf(name, text) {
  const span = document.createElement("span");
  span.className = name;
  span.textContent = text;
  return span;
}
