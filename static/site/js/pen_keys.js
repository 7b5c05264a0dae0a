// The pen by keys, for those who cannot point: arrows move it, Space sets it down and lifts it.

import { PAPER_SIDE } from "./pen.js";

/** @typedef {import("./pad.js").Pad} Pad */

// A twenty-eighth of the paper: what the model sees is not finer.
const STEP = 20;
const FINE_STEP = 5; // with Shift
/** @type {Record<string, [number, number]>} */
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class PenKeys {
  #at = { x: PAPER_SIDE / 2, y: PAPER_SIDE / 4 };
  #isDown = false;

  /**
   * @param {Pad} pad
   * @param {SVGElement} cursor shows where the pen is
   * @param {(isDown: boolean) => void} tell the pen is set down, or lifted
   */
  constructor(pad, cursor, tell) {
    this.pad = pad;
    this.cursor = cursor;
    this.tell = tell;
    pad.canvas.addEventListener("keydown", (event) => this.#onKey(event));
    // Before the hand sets its own pen down.
    for (const name of ["blur", "pointerdown"]) pad.canvas.addEventListener(name, () => this.#putAway(), true);
    pad.addEventListener("change", () => this.#follow());
    this.#show();
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const arrow = ARROWS[event.key];
    if (arrow) this.#move(arrow, event.shiftKey ? FINE_STEP : STEP);
    else if (event.key === " ") this.#turn();
    else return;
    event.preventDefault();
    this.cursor.classList.add("is-shown");
    this.#show();
  }

  /**
   * @param {[number, number]} arrow
   * @param {number} step
   */
  #move([across, down], step) {
    this.#at = { x: within(this.#at.x + across * step), y: within(this.#at.y + down * step) };
    if (this.#isDown) this.pad.go(this.#point());
  }

  /** Set the pen down, or lift it. */
  #turn() {
    this.#isDown = !this.#isDown;
    if (this.#isDown) this.pad.begin(this.#point());
    else this.pad.end();
    this.tell(this.#isDown);
  }

  #putAway() {
    if (this.#isDown) this.#turn();
    this.cursor.classList.remove("is-shown");
  }

  /** The stroke may be ended elsewhere: it is kept, or cleared. */
  #follow() {
    if (!this.#isDown || this.pad.isDrawing) return;
    this.#isDown = false;
    this.#show();
  }

  #point() {
    return { ...this.#at, pressure: 1, time: Date.now() };
  }

  #show() {
    this.cursor.setAttribute("transform", `translate(${this.#at.x} ${this.#at.y})`);
    this.cursor.classList.toggle("is-down", this.#isDown);
  }
}

/** @param {number} value */
function within(value) {
  return Math.max(0, Math.min(value, PAPER_SIDE));
}
