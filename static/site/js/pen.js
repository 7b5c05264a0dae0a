// The pen: strokes → ink on a canvas. The server draws them by the same rule: recognizer/imaging.

/**
 * A point of the pen's way, in units of the paper; pressure 0 to 1, time in milliseconds.
 * @typedef {{x: number, y: number, pressure: number, time: number}} Point
 */

/**
 * One stroke, as it is stored. The radius at a point is minWidth + (maxWidth - minWidth) · pressure.
 * @typedef {object} Stroke
 * @property {number} minWidth
 * @property {number} maxWidth
 * @property {number} dotSize
 * @property {"source-over" | "destination-out"} compositeOperation pen, or eraser
 * @property {Point[]} points
 */

/** The paper's side. Strokes are in its units, whatever the size on the screen. */
export const PAPER_SIDE = 560;

// The longest straight piece that a curve is drawn with, in units of the paper: an eighth of a pen.
const PIECE = 3.5;

/**
 * Draw strokes, the first one first.
 * @param {CanvasRenderingContext2D} context scaled to units of the paper
 * @param {Stroke[]} strokes
 * @param {string} ink a colour
 */
export function drawStrokes(context, strokes, ink) {
  for (const stroke of strokes) {
    for (let index = 0; index < stroke.points.length; index += 1) drawPiece(context, stroke, index, ink);
    endStroke(context, stroke, ink);
  }
}

/**
 * Draw what a point adds to its stroke: the curve between the middles before and behind the point
 * before it.
 * @param {CanvasRenderingContext2D} context
 * @param {Stroke} stroke
 * @param {number} index of the point
 * @param {string} ink
 */
export function drawPiece(context, stroke, index, ink) {
  const { points } = stroke;
  const point = points[index];
  take(context, stroke, ink);
  if (index === 0) dot(context, point, radiusAt(stroke, point));
  if (index === 1) line(context, stroke, points[0], middle(points[0], point));
  if (index > 1) {
    const control = points[index - 1];
    curve(context, stroke, middle(points[index - 2], control), control, middle(control, point));
  }
  context.globalCompositeOperation = "source-over";
}

/**
 * Draw a stroke's last half piece, once it has ended.
 * @param {CanvasRenderingContext2D} context
 * @param {Stroke} stroke
 * @param {string} ink
 */
export function endStroke(context, stroke, ink) {
  const { points } = stroke;
  if (points.length < 2) return;
  const [before, last] = points.slice(-2);
  take(context, stroke, ink);
  line(context, stroke, middle(before, last), last);
  context.globalCompositeOperation = "source-over";
}

/**
 * @param {Stroke} stroke
 * @param {Point} point
 */
function radiusAt({ minWidth, maxWidth }, { pressure }) {
  return minWidth + (maxWidth - minWidth) * pressure;
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Stroke} stroke
 * @param {string} ink
 */
function take(context, { compositeOperation }, ink) {
  context.globalCompositeOperation = compositeOperation;
  context.strokeStyle = context.fillStyle = ink;
  context.lineCap = context.lineJoin = "round";
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Point} point
 * @param {number} radius
 */
function dot(context, { x, y }, radius) {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fill();
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Stroke} stroke
 * @param {Point} from
 * @param {Point} to
 */
function line(context, stroke, from, to) {
  curve(context, stroke, from, middle(from, to), to);
}

/**
 * Draw a quadratic curve whose radius runs linearly along, in straight pieces.
 * @param {CanvasRenderingContext2D} context
 * @param {Stroke} stroke
 * @param {Point} from
 * @param {Point} control
 * @param {Point} to
 */
function curve(context, stroke, from, control, to) {
  const length = distance(from, control) + distance(control, to);
  const count = Math.max(1, Math.ceil(length / PIECE));
  const [first, last] = [radiusAt(stroke, from), radiusAt(stroke, to)];
  let [x, y] = [from.x, from.y];
  for (let step = 1; step <= count; step += 1) {
    const share = step / count;
    const [a, b, c] = [(1 - share) ** 2, 2 * share * (1 - share), share ** 2];
    context.beginPath();
    context.moveTo(x, y);
    x = a * from.x + b * control.x + c * to.x;
    y = a * from.y + b * control.y + c * to.y;
    context.lineTo(x, y);
    context.lineWidth = 2 * (first + (last - first) * share);
    context.stroke();
  }
}

/**
 * @param {Point} one
 * @param {Point} other
 * @returns {Point}
 */
function middle(one, other) {
  const half = (/** @type {"x" | "y" | "pressure" | "time"} */ name) => (one[name] + other[name]) / 2;
  return { x: half("x"), y: half("y"), pressure: half("pressure"), time: half("time") };
}

/**
 * @param {Point} one
 * @param {Point} other
 */
export function distance(one, other) {
  return Math.hypot(one.x - other.x, one.y - other.y);
}
