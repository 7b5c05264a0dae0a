// What lies on the paper: a drawing, a picture of the visitor's, an example, or nothing yet.

import { drawBoxes, removeBoxes } from "./overlay.js";
import { PAPER_SIDE } from "./pen.js";

/** @typedef {import("./client.js").Reading} Reading */
/** @typedef {import("./client.js").Drawing} Drawing */
/** @typedef {import("./canvases.js").Picture} Picture */
/** @typedef {import("./pad.js").Pad} Pad */

/**
 * A picture instead of a drawing.
 * @typedef {object} Laid
 * @property {Blob} file what is sent
 * @property {HTMLCanvasElement | null} shown null where the browser cannot show it
 * @property {boolean} isExample read, and never kept
 */

export class Paper {
  /** @type {Laid | null} */
  #laid = null;

  /**
   * @param {HTMLElement} frame
   * @param {Pad} pad
   */
  constructor(frame, pad) {
    this.frame = frame;
    this.pad = pad;
    this.preview = /** @type {HTMLCanvasElement} */ (frame.querySelector(".preview"));
    this.boxes = /** @type {SVGSVGElement} */ (frame.querySelector(".boxes"));
  }

  get isEmpty() {
    return this.pad.strokes.length === 0 && !this.#laid; // the stroke that is being drawn counts
  }

  /** Whether what lies there may be stored. */
  get mayBeKept() {
    return !this.isEmpty && !this.#laid?.isExample;
  }

  /** Which it is: the same object for as long as it is unchanged. */
  get subject() {
    return this.#laid ?? this.pad.strokes;
  }

  get isPicture() {
    return this.#laid !== null;
  }

  /** @returns {Drawing} */
  get drawing() {
    return this.#laid ? { image: this.#laid.file } : { strokes: this.pad.strokes };
  }

  /**
   * Its pixels, for what is cut out of it.
   * @param {Reading} reading
   * @returns {Picture | null}
   */
  pictureOf({ picture_size: size }) {
    if (this.#laid) return this.#laid.shown && { source: this.#laid.shown, size };
    return { source: this.pad.canvas, size: [PAPER_SIDE, PAPER_SIDE] };
  }

  /** @param {Laid} laid */
  lay(laid) {
    this.pad.clear();
    this.#laid = laid;
    const { shown } = laid;
    this.preview.hidden = !shown;
    if (shown) {
      this.preview.width = shown.width;
      this.preview.height = shown.height;
      this.preview.getContext("2d")?.drawImage(shown, 0, 0);
    }
    this.showUse();
  }

  /** Take a picture away. */
  unlay() {
    this.#laid = null;
    this.preview.hidden = true;
    this.unmark();
  }

  /** @param {Reading | null} reading */
  mark(reading) {
    if (reading) drawBoxes(this.boxes, reading);
    else this.unmark();
  }

  unmark() {
    removeBoxes(this.boxes);
  }

  /** Let the dotted seven go, or come back. */
  showUse() {
    this.frame.classList.toggle("is-used", !this.isEmpty || this.pad.isDrawing);
  }
}
