// The strokes played back over the drawing, as fast as they were drawn or faster.

// The longest that it takes, and the longest that the pen is in the air.
const LONGEST_MS = 2500;
const LONGEST_GAP_MS = 250;
// Where the points carry no times: so long each.
const POINT_MS = 12;

export class Playback {
  #frame = 0;

  /** @param {HTMLCanvasElement} canvas lies over the drawing, hidden while nothing is played */
  constructor(canvas) {
    this.canvas = canvas;
  }

  stop() {
    cancelAnimationFrame(this.#frame);
    this.canvas.hidden = true;
    this.canvas.parentElement.classList.remove("is-playing");
  }

  /**
   * @param {object[]} strokes as signature_pad's toData() gives them
   * @param {number} width of the drawing that they made, in pixels
   * @param {number} height
   */
  play(strokes, width, height) {
    this.stop();
    const segments = timed(strokes);
    if (!segments.length) return;
    const total = segments.at(-1).at;
    const speed = Math.max(1, total / LONGEST_MS);
    Object.assign(this.canvas, { width, height, hidden: false });
    this.canvas.parentElement.classList.add("is-playing");
    const pen = this.canvas.getContext("2d");
    pen.lineCap = pen.lineJoin = "round";
    pen.strokeStyle = getComputedStyle(this.canvas).color;
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) {
      segments.forEach((segment) => draw(pen, segment));
      return;
    }
    const began = performance.now();
    let done = 0;
    const step = (now) => {
      while (done < segments.length && segments[done].at <= (now - began) * speed) {
        draw(pen, segments[done]);
        done += 1;
      }
      if (done < segments.length) this.#frame = requestAnimationFrame(step);
    };
    this.#frame = requestAnimationFrame(step);
  }
}

/** Turn strokes into segments, each with the millisecond at which it is drawn. */
function timed(strokes) {
  const segments = [];
  let [at, last] = [0, null];
  for (const stroke of strokes) {
    let from = null;
    for (const point of stroke.points) {
      at += last === null ? 0 : pause(last, point, from === null);
      segments.push({ at, from: from ?? point, to: point, width: widthOf(stroke), by: stroke.compositeOperation });
      [from, last] = [point, point];
    }
  }
  return segments;
}

function pause(last, point, isLifted) {
  const passed = point.time - last.time;
  if (!(passed >= 0)) return POINT_MS;
  return isLifted ? Math.min(passed, LONGEST_GAP_MS) : passed;
}

function widthOf(stroke) {
  return (stroke.minWidth ?? 4) + (stroke.maxWidth ?? 4); // both are radii
}

function draw(pen, { from, to, width, by }) {
  pen.globalCompositeOperation = by ?? "source-over"; // or the eraser's
  pen.lineWidth = width;
  pen.beginPath();
  pen.moveTo(from.x, from.y);
  pen.lineTo(to.x, to.y + (from === to ? 0.01 : 0)); // a dot
  pen.stroke();
}
