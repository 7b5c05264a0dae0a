// The hand on the paper: pointer events → strokes. One pen, mouse or finger draws; a second finger
// and a palm do not.

import { tell } from "./events.js";
import { PAPER_SIDE, distance } from "./pen.js";

/** @typedef {import("./pen.js").Point} Point */

/**
 * What begins a stroke.
 * @typedef {object} Beginning
 * @property {Point} point
 * @property {boolean} hasPressure the pen tells how hard it presses
 * @property {boolean} isEraser the pen's other end
 */

// A point nearer than this to the one before adds nothing, in units of the paper.
const LEAST_DISTANCE = 2;
// A fingertip touches 8 to 12 mm, 30 to 45 CSS pixels; a palm 20 mm and more.
const PALM = 60; // CSS pixels
// A pen rests on a hand: for so long after it was last seen, what touches is the hand.
const PEN_IS_NEAR_MS = 3000;
// A quick stroke is a little thinner, as ink is: at this speed it is thinnest, in units a millisecond.
const QUICK = 3;
// How much of the pressure before is kept at each point, so that the line's width does not flicker.
const INERTIA = 0.7;
const ERASER_BUTTON = 32; // in `buttons`: the pen's other end

export class Hand extends EventTarget {
  /** @type {number | null} the pointer that draws */
  #pointer = null;
  #kind = "";
  /** @type {Point | null} */
  #last = null;
  #penSeenAt = -Infinity;

  /**
   * Fires `begin` with a Beginning, `move` with a Point, `end`, and `drop` where the stroke was none.
   * @param {HTMLCanvasElement} canvas
   */
  constructor(canvas) {
    super();
    this.canvas = canvas;
    canvas.addEventListener("pointerdown", (event) => this.#down(event));
    canvas.addEventListener("pointermove", (event) => this.#move(event));
    canvas.addEventListener("pointerup", (event) => this.#up(event));
    canvas.addEventListener("pointercancel", (event) => this.#cancel(event));
    for (const name of ["keydown", "blur"]) {
      canvas.addEventListener(name, () => canvas.classList.remove("is-pointed"));
    }
    canvas.addEventListener("contextmenu", (event) => {
      if (this.isDrawing) event.preventDefault(); // a long press draws, too
    });
  }

  get isDrawing() {
    return this.#pointer !== null;
  }

  /** Let go of a stroke that is being drawn; it is dropped. */
  release() {
    if (!this.isDrawing) return;
    this.#pointer = null;
    tell(this, "drop");
  }

  /** @param {PointerEvent} event */
  #down(event) {
    if (event.pointerType === "pen") this.#penSeenAt = event.timeStamp;
    if (event.button !== 0 && !(event.buttons & ERASER_BUTTON)) return;
    if (this.#isPalm(event)) return;
    if (this.isDrawing) {
      if (event.pointerType !== "pen" || this.#kind === "pen") return; // a second finger
      this.release(); // the palm came before its pen
    }
    event.preventDefault();
    this.canvas.classList.add("is-pointed"); // who points needs no ring around what they point at
    this.canvas.focus({ preventScroll: true }); // so that Enter keeps, and not the last tool acts
    this.canvas.setPointerCapture(event.pointerId);
    this.#pointer = event.pointerId;
    this.#kind = event.pointerType;
    this.#last = null;
    const point = this.#pointOf(event);
    this.#last = point;
    const isEraser = Boolean(event.buttons & ERASER_BUTTON);
    tell(this, "begin", { point, hasPressure: this.#kind === "pen", isEraser });
  }

  /** @param {PointerEvent} event */
  #move(event) {
    if (event.pointerType === "pen") this.#penSeenAt = event.timeStamp;
    if (event.pointerId !== this.#pointer) return;
    if (event.pointerType === "touch" && isBroad(event)) {
      this.release(); // the finger turned out to be a hand
      return;
    }
    const events = event.getCoalescedEvents?.() ?? [];
    for (const one of events.length ? events : [event]) this.#add(one);
  }

  /** @param {PointerEvent} event */
  #add(event) {
    const point = this.#pointOf(event);
    if (this.#last && distance(point, this.#last) < LEAST_DISTANCE) return;
    this.#last = point;
    tell(this, "move", point);
  }

  /** @param {PointerEvent} event */
  #up(event) {
    if (event.pointerId !== this.#pointer) return;
    this.#pointer = null;
    tell(this, "end");
  }

  /** @param {PointerEvent} event */
  #cancel(event) {
    if (event.pointerId === this.#pointer) this.release();
  }

  /** @param {PointerEvent} event */
  #isPalm(event) {
    if (event.pointerType !== "touch") return false;
    return isBroad(event) || event.timeStamp - this.#penSeenAt < PEN_IS_NEAR_MS;
  }

  /**
   * @param {PointerEvent} event
   * @returns {Point}
   */
  #pointOf(event) {
    const box = this.canvas.getBoundingClientRect();
    const scale = PAPER_SIDE / box.width;
    const place = {
      x: round((event.clientX - box.left) * scale),
      y: round((event.clientY - box.top) * scale),
      time: Math.round(performance.timeOrigin + event.timeStamp),
    };
    return { ...place, pressure: this.#pressure(event, { ...place, pressure: 0 }) };
  }

  /**
   * The pen's own, or what the speed tells of a mouse and a finger.
   * @param {PointerEvent} event
   * @param {Point} place
   */
  #pressure(event, place) {
    if (event.pointerType === "pen") return round(event.pressure);
    if (!this.#last) return 1;
    const speed = distance(place, this.#last) / Math.max(place.time - this.#last.time, 1);
    const now = 1 - Math.min(speed / QUICK, 1);
    return round(INERTIA * this.#last.pressure + (1 - INERTIA) * now);
  }
}

/** @param {PointerEvent} event */
function isBroad({ width, height }) {
  return Math.max(width, height) > PALM;
}

/** @param {number} value */
function round(value) {
  return Math.round(value * 1000) / 1000;
}
