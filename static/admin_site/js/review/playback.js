// The strokes played back over the drawing, as fast as they were drawn or faster.

// The longest that it takes, and the longest that the pen is in the air.
const LONGEST_MS = 2500;
const LONGEST_GAP_MS = 250;
// Where the points carry no times: so long each.
const POINT_MS = 12;

/**
 * As the page recorded it; each time is in milliseconds, if the browser gave any.
 * @typedef {{x: number, y: number, time?: number}} Point
 * @typedef {object} Stroke
 * @property {Point[]} points
 * @property {number} [minWidth] radius where the pen was quick
 * @property {number} [maxWidth]
 * @property {GlobalCompositeOperation} [compositeOperation]
 * @typedef {{at: number, from: Point, to: Point, width: number, by?: GlobalCompositeOperation}} Segment
 */

export class Playback {
  #frame = 0;

  /** @param {HTMLCanvasElement} canvas lies over the drawing, hidden while nothing is played */
  constructor(canvas) {
    this.canvas = canvas;
  }

  stop() {
    cancelAnimationFrame(this.#frame);
    this.canvas.hidden = true;
    this.canvas.parentElement?.classList.remove("is-playing");
  }

  /**
   * @param {Stroke[]} strokes
   * @param {number} width of the drawing that they made, in pixels
   * @param {number} height
   */
  play(strokes, width, height) {
    this.stop();
    const segments = timed(strokes);
    const last = segments.at(-1);
    if (!last) return;
    const speed = Math.max(1, last.at / LONGEST_MS);
    Object.assign(this.canvas, { width, height, hidden: false });
    this.canvas.parentElement?.classList.add("is-playing");
    const pen = /** @type {CanvasRenderingContext2D} */ (this.canvas.getContext("2d"));
    pen.lineCap = pen.lineJoin = "round";
    pen.strokeStyle = getComputedStyle(this.canvas).color;
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) {
      segments.forEach((segment) => draw(pen, segment));
      return;
    }
    const began = performance.now();
    let done = 0;
    const step = (/** @type {number} */ now) => {
      while (done < segments.length && segments[done].at <= (now - began) * speed) {
        draw(pen, segments[done]);
        done += 1;
      }
      if (done < segments.length) this.#frame = requestAnimationFrame(step);
    };
    this.#frame = requestAnimationFrame(step);
  }
}

/**
 * Turn strokes into segments, each with the millisecond at which it is drawn.
 * @param {Stroke[]} strokes
 */
function timed(strokes) {
  /** @type {Segment[]} */
  const segments = [];
  let at = 0;
  /** @type {Point | null} */
  let last = null;
  for (const stroke of strokes) {
    /** @type {Point | null} */
    let from = null;
    for (const point of stroke.points) {
      at += last === null ? 0 : pause(last, point, from === null);
      segments.push({ at, from: from ?? point, to: point, width: widthOf(stroke), by: stroke.compositeOperation });
      [from, last] = [point, point];
    }
  }
  return segments;
}

/**
 * @param {Point} last
 * @param {Point} point
 * @param {boolean} isLifted the pen was in the air between them
 */
function pause(last, point, isLifted) {
  const passed = Number(point.time) - Number(last.time); // NaN where the browser gave no times
  if (!(passed >= 0)) return POINT_MS;
  return isLifted ? Math.min(passed, LONGEST_GAP_MS) : passed;
}

/** @param {Stroke} stroke */
function widthOf(stroke) {
  return (stroke.minWidth ?? 4) + (stroke.maxWidth ?? 4); // both are radii
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {Segment} segment
 */
function draw(pen, { from, to, width, by }) {
  pen.globalCompositeOperation = by ?? "source-over"; // or the eraser's
  pen.lineWidth = width;
  pen.beginPath();
  pen.moveTo(from.x, from.y);
  pen.lineTo(to.x, to.y + (from === to ? 0.01 : 0)); // a dot
  pen.stroke();
}
