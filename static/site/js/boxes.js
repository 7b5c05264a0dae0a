// Draws over a picture the boxes in which several digits were found, each with its digit and figure.

import { wholePercent, words } from "./words.js";

/** @typedef {import("./client.js").Part} Part */

const SVG = "http://www.w3.org/2000/svg";
const MARGIN = 0.08; // around what is cut out, as a share of its longer side

/**
 * @param {HTMLElement} frame holds what lies under the boxes
 * @param {Part[]} parts boxes in points of the picture
 * @param {HTMLImageElement} picture as it is stored
 */
export async function drawBoxes(frame, parts, picture) {
  removeBoxes(frame);
  const svg = element("svg", { class: "boxes", "aria-hidden": "true" });
  frame.append(svg);
  try {
    await picture.decode();
  } catch {
    svg.remove(); // no picture, no boxes
    return;
  }
  const { naturalWidth: width, naturalHeight: height } = picture;
  const size = words.label_size * Math.max(width, height);
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.setAttribute("font-size", String(size));
  svg.append(...parts.map((part) => boxOf(part, size, height)));
}

/** @param {HTMLElement} frame */
export function removeBoxes(frame) {
  frame.querySelector(".boxes")?.remove();
}

/**
 * Cut a digit out of a picture.
 * @param {Part} part
 * @param {string} url of the picture
 */
export function cutOut({ box: [left, top, right, bottom] }, url) {
  const [width, height] = [right - left, bottom - top];
  const room = Math.round(Math.max(width, height) * MARGIN);
  const viewBox = [left - room, top - room, width + 2 * room, height + 2 * room].join(" ");
  const svg = element("svg", { viewBox, "aria-hidden": "true" });
  svg.append(element("image", { href: url }));
  return svg;
}

/**
 * Tell whether several digits were read, surely or not.
 * @param {{parts: Part[]}} reading
 */
export function isNumber({ parts }) {
  return parts.length > 1;
}

/**
 * Tell whether a digit of several was unsure, by the version that read it.
 * @param {Part} part
 */
export function isDoubtful(part) {
  return part.verdict !== "digit";
}

/**
 * @param {Part} part
 * @param {number} room around the middle of what is written
 * @param {number} height of the picture
 */
function boxOf(part, room, height) {
  const [left, top, right, bottom] = part.box;
  const group = element("g", isDoubtful(part) ? { class: "is-doubtful" } : {});
  const middle = (left + right) / 2;
  group.append(
    element("rect", { x: left, y: top, width: right - left, height: bottom - top }),
    label("label", 1.8, middle, Math.max(top - room, room), `${part.digit}${isDoubtful(part) ? "?" : ""}`),
    label("label is-figure", 2.8, middle, Math.min(bottom + room, height - room), wholePercent(part.confidence)),
  );
  return group;
}

/**
 * @param {string} name
 * @param {number} width in em
 * @param {number} x
 * @param {number} y
 * @param {string} content
 */
function label(name, width, x, y, content) {
  const group = element("g", { class: name, transform: `translate(${x} ${y})` });
  const text = element("text", { dy: ".35em" });
  text.textContent = content;
  const place = { x: `${-width / 2}em`, y: "-.75em", width: `${width}em`, height: "1.5em", rx: ".4em" };
  group.append(element("rect", place), text);
  return group;
}

/**
 * @param {string} name
 * @param {Record<string, string | number>} attributes
 */
function element(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  return made;
}
