// The pen by keys, for those who cannot point: arrows move it, Space sets it down and lifts it.

import { PAPER_SIDE } from "./pen.js";

/** @typedef {import("./pad.js").Pad} Pad */

// A twenty-eighth of the paper: what the model sees is not finer.
const STEP = 20;
const FINE_STEP = 5; // with Shift
/** @type {Record<string, [number, number]>} */
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/**
 * @param {Pad} pad
 * @param {SVGElement} cursor shows where the pen is
 * @param {(isDown: boolean) => void} tell the pen is set down, or lifted
 */
export function connectPenKeys(pad, cursor, tell) {
  const at = { x: PAPER_SIDE / 2, y: PAPER_SIDE / 4 };
  let isDown = false;
  const point = () => ({ ...at, pressure: 1, time: Date.now() });
  const show = () => {
    cursor.setAttribute("transform", `translate(${at.x} ${at.y})`);
    cursor.classList.toggle("is-down", isDown);
  };
  const lift = () => {
    if (!isDown) return;
    isDown = false;
    pad.end();
    tell(false);
  };
  pad.canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const arrow = ARROWS[event.key];
    if (arrow) {
      const step = event.shiftKey ? FINE_STEP : STEP;
      at.x = within(at.x + arrow[0] * step);
      at.y = within(at.y + arrow[1] * step);
      if (isDown) pad.go(point());
    } else if (event.key === " ") {
      if (isDown) lift();
      else {
        isDown = true;
        pad.begin(point());
        tell(true);
      }
    } else return;
    event.preventDefault();
    cursor.classList.add("is-shown");
    show();
  });
  for (const name of ["blur", "pointerdown"]) {
    pad.canvas.addEventListener(name, () => {
      lift();
      cursor.classList.remove("is-shown");
      show();
    });
  }
  show();
}

/** @param {number} value */
function within(value) {
  return Math.max(0, Math.min(value, PAPER_SIDE));
}
