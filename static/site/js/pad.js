// The paper: what the pen did, kept as strokes, shown crisp at every size.

import { listen, tell } from "./events.js";
import { Hand } from "./hand.js";
import { PAPER_SIDE, drawPiece, drawStrokes, endStroke } from "./pen.js";

/** @typedef {import("./pen.js").Stroke} Stroke */
/** @typedef {import("./pen.js").Point} Point */
/** @typedef {import("./hand.js").Beginning} Beginning */

// Radius of the pen in units of the paper: fine, medium, broad. Medium is an eighth of a digit's
// height of 60 % of the paper, the share that a pen has in MNIST.
const PEN_RADII = [7.5, 13.75, 21.25];
const ERASER_RADIUS = 27.5;
// The radius without and with all pressure, as shares: of a pen that tells it, and of what does not.
const BY_PRESSURE = [0.45, 1.4];
const BY_SPEED = [0.85, 1];

export class Pad extends EventTarget {
  /** @type {Stroke[][]} every state of the paper, for undo and redo */
  #states = [[]];
  #state = 0;
  /** @type {Stroke | null} the one that is being drawn */
  #current = null;
  #width = 1;
  isErasing = false;
  #ink = "";

  /**
   * Fires `start` when the pen touches the paper, `progress` while it draws, and `change` when the
   * strokes are different and the pen is up.
   * @param {HTMLCanvasElement} canvas
   */
  constructor(canvas) {
    super();
    this.canvas = canvas;
    this.context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    this.hand = new Hand(canvas);
    listen(this.hand, "begin", (/** @type {Beginning} */ { point, ...way }) => this.begin(point, way));
    listen(this.hand, "move", (/** @type {Point} */ point) => this.go(point));
    listen(this.hand, "end", () => this.end());
    listen(this.hand, "drop", () => this.#drop());
    new ResizeObserver(() => this.#fit()).observe(canvas);
    addEventListener("resize", () => this.#fit()); // another screen, of another density
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#show());
    this.#fit();
  }

  /** What is on the paper, with the stroke that is being drawn. */
  get strokes() {
    return this.#current ? [...this.#kept, this.#current] : this.#kept;
  }

  get isEmpty() {
    return this.#kept.length === 0;
  }

  get isDrawing() {
    return this.#current !== null;
  }

  get canUndo() {
    return this.#state > 0;
  }

  get canRedo() {
    return this.#state < this.#states.length - 1;
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
    if (this.canUndo) this.#goTo(this.#state - 1);
  }

  redo() {
    if (this.canRedo) this.#goTo(this.#state + 1);
  }

  clear() {
    this.hand.release();
    const isBegun = this.isDrawing; // by keys
    this.#current = null;
    if (!this.isEmpty) this.#keep([]);
    else if (isBegun) tell(this, "change");
    this.#show();
  }

  /**
   * Put the pen down.
   * @param {Point} point
   * @param {{hasPressure?: boolean, isEraser?: boolean}} [way]
   */
  begin(point, { hasPressure = false, isEraser = false } = {}) {
    const isErasing = this.isErasing || isEraser;
    const radius = isErasing ? ERASER_RADIUS : PEN_RADII[this.#width];
    const [least, most] = hasPressure ? BY_PRESSURE : BY_SPEED;
    this.#current = {
      minWidth: radius * least,
      maxWidth: radius * most,
      dotSize: radius,
      compositeOperation: isErasing ? "destination-out" : "source-over",
      points: [point],
    };
    tell(this, "start");
    drawPiece(this.context, this.#current, 0, this.#ink);
    tell(this, "progress");
  }

  /**
   * Draw on to a point.
   * @param {Point} point
   */
  go(point) {
    if (!this.#current) return;
    this.#current.points.push(point);
    drawPiece(this.context, this.#current, this.#current.points.length - 1, this.#ink);
    tell(this, "progress");
  }

  /** Lift the pen. */
  end() {
    if (!this.#current) return;
    const stroke = this.#current;
    endStroke(this.context, stroke, this.#ink);
    this.#current = null;
    this.#keep([...this.#kept, stroke]);
  }

  #drop() {
    this.#current = null;
    this.#show();
    tell(this, "change");
  }

  get #kept() {
    return this.#states[this.#state];
  }

  /** @param {Stroke[]} strokes */
  #keep(strokes) {
    this.#states = [...this.#states.slice(0, this.#state + 1), strokes];
    this.#state = this.#states.length - 1;
    tell(this, "change");
  }

  /** @param {number} state */
  #goTo(state) {
    this.hand.release();
    this.#state = state;
    this.#show();
    tell(this, "change");
  }

  #fit() {
    const side = Math.round(this.canvas.clientWidth * (window.devicePixelRatio || 1));
    if (!side || this.canvas.width === side) return;
    this.canvas.width = this.canvas.height = side;
    this.#show();
  }

  #show() {
    const { width } = this.canvas;
    this.context.setTransform(1, 0, 0, 1, 0, 0);
    this.context.clearRect(0, 0, width, width);
    this.context.scale(width / PAPER_SIDE, width / PAPER_SIDE);
    this.#ink = getComputedStyle(this.canvas).color;
    drawStrokes(this.context, this.strokes, this.#ink);
  }
}
