// What is drawn over the paper: the box of the digit that was found, or of each of several with its
// digit and figure. In points of the picture that was read.

import { wholePercent, words } from "./words.js";

/** @typedef {import("./client.js").Part} Part */
/** @typedef {import("./client.js").Reading} Reading */
/** @typedef {import("./client.js").Box} Box */

const SVG = "http://www.w3.org/2000/svg";
const MARGIN = 0.08; // around what is cut out, as a share of its longer side

/**
 * Show where the digits are; the box of one that is not sure or is none is shown too.
 * @param {SVGSVGElement} svg
 * @param {Reading} reading
 */
export function drawBoxes(svg, reading) {
  const [width, height] = reading.picture_size;
  const size = words.label_size * Math.max(width, height);
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.setAttribute("font-size", String(size));
  if (isNumber(reading)) svg.replaceChildren(...reading.parts.map((part) => boxOf(part, size, height)));
  else svg.replaceChildren(...(reading.crop_box ? [ghostOf(reading.crop_box, size)] : []));
}

/** @param {SVGSVGElement} svg */
export function removeBoxes(svg) {
  svg.replaceChildren();
}

/**
 * The box around a part, with a little room.
 * @param {Part} part
 * @returns {Box}
 */
export function cutOut({ box: [left, top, right, bottom] }) {
  const room = Math.round(Math.max(right - left, bottom - top) * MARGIN);
  return [left - room, top - room, right + room, bottom + room];
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
 * What the model will look at: a quiet box with a little room.
 * @param {Box} box
 * @param {number} room
 */
function ghostOf([left, top, right, bottom], room) {
  return element("rect", {
    class: "crop-ghost",
    x: left - room / 2,
    y: top - room / 2,
    width: right - left + room,
    height: bottom - top + room,
    rx: room / 2,
  });
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
