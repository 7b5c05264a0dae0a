// The charts' colours: the admin's variables as they are now, and hatchings that need no colour.

const STEP_PX = 6;

/** @typedef {CanvasRenderingContext2D} Pen */

/**
 * Read a variable of the page's style, as "--bar-fill".
 * @param {string} name
 */
export function ink(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** @type {Record<string, (pen: Pen) => void>} */
const HATCHINGS = {
  rising: (pen) => stroke(pen, [[0, STEP_PX, STEP_PX, 0], [-1, 1, 1, -1], [5, 7, 7, 5]]),
  falling: (pen) => stroke(pen, [[0, 0, STEP_PX, STEP_PX], [-1, 5, 1, 7], [5, -1, 7, 1]]),
  dots: (pen) => {
    pen.beginPath();
    pen.arc(STEP_PX / 2, STEP_PX / 2, 1.3, 0, 7);
    pen.fill();
  },
  hollow: () => {},
};

/**
 * Fill with a colour, or with a hatching on the page's own background.
 * @param {string} color
 * @param {string} [hatching] one of HATCHINGS, or none
 * @returns {string | CanvasPattern}
 */
export function filling(color, hatching) {
  if (!hatching) return color;
  const tile = document.createElement("canvas");
  const ratio = devicePixelRatio;
  tile.width = tile.height = STEP_PX * ratio;
  const pen = /** @type {Pen} */ (tile.getContext("2d"));
  pen.scale(ratio, ratio);
  pen.fillStyle = ink("--body-bg");
  pen.fillRect(0, 0, STEP_PX, STEP_PX);
  pen.fillStyle = pen.strokeStyle = color;
  pen.lineWidth = 1.8;
  HATCHINGS[hatching](pen);
  const pattern = /** @type {CanvasPattern} */ (pen.createPattern(tile, "repeat"));
  pattern.setTransform(new DOMMatrix().scale(1 / ratio));
  return pattern;
}

/**
 * @param {Pen} pen
 * @param {number[][]} lines each from x, y to x, y
 */
function stroke(pen, lines) {
  pen.beginPath();
  for (const [fromX, fromY, toX, toY] of lines) {
    pen.moveTo(fromX, fromY);
    pen.lineTo(toX, toY);
  }
  pen.stroke();
}
