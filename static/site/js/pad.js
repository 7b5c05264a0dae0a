// The paper: what the pen did, kept as strokes, shown crisp at every size, and given as a picture.

import SignaturePad from "../../vendor/signature_pad/signature_pad.min.js";

/**
 * One stroke, as signature_pad's toData() gives it.
 * @typedef {object} Stroke
 * @property {string} penColor
 * @property {number} dotSize
 * @property {number} minWidth
 * @property {number} maxWidth
 * @property {number} velocityFilterWeight
 * @property {GlobalCompositeOperation} compositeOperation
 * @property {{x: number, y: number, pressure: number, time: number}[]} points
 */

// The side that pen widths are meant for, in CSS pixels; they grow and shrink with the paper.
const REFERENCE_SIDE = 448;
// Radius of the pen at that side: fine, medium, broad. Medium is an eighth of a digit's height of
// 60 % of the paper, the share that a pen has in MNIST.
const PEN_RADII = [6, 11, 17];
const ERASER_RADIUS = 22;
// A quick stroke is a little thinner, as ink is.
const THINNEST = 0.85;
// Of the picture that is sent; 20 times what the model sees, on every screen alike.
const PICTURE_SIDE = 560;
const PICTURE_INK = "#000";
const PICTURE_PAPER = "#fff";

export class Pad extends EventTarget {
  /** @type {Stroke[][]} every state of the paper, for undo and redo */
  #states = [[]];
  #state = 0;
  #side = 0;
  #width = 1;
  #isErasing = false;

  /**
   * Fires `start` when the pen touches the paper, and `change` when the strokes are different.
   * @param {HTMLCanvasElement} canvas
   */
  constructor(canvas) {
    super();
    this.canvas = canvas;
    this.pad = new SignaturePad(canvas, { minDistance: 2, throttle: 0 });
    this.pad.addEventListener("beginStroke", () => {
      canvas.focus({ preventScroll: true }); // so that Enter reads, and not the last tool acts
      this.dispatchEvent(new Event("start"));
    });
    this.pad.addEventListener("endStroke", () => this.#keep(this.pad.toData()));
    canvas.addEventListener("pointerdown", (event) => {
      if (event.isPrimary) canvas.setPointerCapture(event.pointerId);
    });
    new ResizeObserver(() => this.#fit()).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#show());
    this.#fit();
  }

  get isEmpty() {
    return this.#strokes.length === 0;
  }

  get canUndo() {
    return this.#state > 0;
  }

  get canRedo() {
    return this.#state < this.#states.length - 1;
  }

  get isErasing() {
    return this.#isErasing;
  }

  set isErasing(isErasing) {
    this.#isErasing = isErasing;
    this.#takePen();
  }

  /** 0 fine, 1 medium, 2 broad */
  get width() {
    return this.#width;
  }

  set width(width) {
    this.#width = width;
    this.isErasing = false;
  }

  undo() {
    if (this.canUndo) this.#go(this.#state - 1);
  }

  redo() {
    if (this.canRedo) this.#go(this.#state + 1);
  }

  clear() {
    if (!this.isEmpty) this.#keep([]);
    this.#show();
  }

  /**
   * The drawing as it is sent: dark ink on white paper, whatever the screen and its colours.
   * @returns {{image: string, strokes: Stroke[]}}
   */
  drawing() {
    const strokes = scaled(this.#strokes, PICTURE_SIDE / this.#side, PICTURE_INK);
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = PICTURE_SIDE;
    const pad = new SignaturePad(canvas);
    pad.off();
    pad.fromData(strokes);
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    context.globalCompositeOperation = "destination-over"; // under the ink, also where it was erased
    context.fillStyle = PICTURE_PAPER;
    context.fillRect(0, 0, PICTURE_SIDE, PICTURE_SIDE);
    return { image: canvas.toDataURL("image/png"), strokes };
  }

  get #strokes() {
    return this.#states[this.#state];
  }

  /** @param {Stroke[]} strokes */
  #keep(strokes) {
    this.#states = [...this.#states.slice(0, this.#state + 1), [...strokes]];
    this.#state = this.#states.length - 1;
    this.#changed();
  }

  /** @param {number} state */
  #go(state) {
    this.#state = state;
    this.#show();
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }

  #fit() {
    const side = this.canvas.clientWidth;
    const ratio = window.devicePixelRatio || 1;
    if (!side || (side === this.#side && this.canvas.width === Math.round(side * ratio))) return;
    const factor = this.#side ? side / this.#side : 1;
    this.#states = this.#states.map((strokes) => scaled(strokes, factor));
    this.#side = side;
    this.canvas.width = this.canvas.height = Math.round(side * ratio);
    this.canvas.getContext("2d")?.scale(ratio, ratio);
    this.#takePen();
    this.#show();
  }

  #takePen() {
    const scale = this.#side / REFERENCE_SIDE;
    const radius = (this.#isErasing ? ERASER_RADIUS : PEN_RADII[this.#width]) * scale;
    this.pad.maxWidth = radius;
    this.pad.minWidth = radius * THINNEST;
    this.pad.penColor = this.#ink();
    this.pad.compositeOperation = this.#isErasing ? "destination-out" : "source-over";
  }

  #show() {
    this.pad.penColor = this.#ink();
    this.pad.fromData(scaled(this.#strokes, 1, this.#ink()));
  }

  #ink() {
    return getComputedStyle(this.canvas).color;
  }
}

/**
 * Copy strokes at another size, and in another colour if one is given.
 * @param {Stroke[]} strokes
 * @param {number} factor
 * @param {string} [penColor]
 * @returns {Stroke[]}
 */
function scaled(strokes, factor, penColor) {
  return strokes.map((stroke) => ({
    ...stroke,
    penColor: penColor ?? stroke.penColor,
    minWidth: stroke.minWidth * factor,
    maxWidth: stroke.maxWidth * factor,
    dotSize: stroke.dotSize * factor,
    points: stroke.points.map((point) => ({ ...point, x: point.x * factor, y: point.y * factor })),
  }));
}
