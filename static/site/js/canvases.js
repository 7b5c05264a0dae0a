// Pictures on canvases: what the model saw, and what is cut out of what lies on the paper. No address
// of a picture is needed for it, so none but the site's own is ever allowed.

/** @typedef {import("./client.js").Box} Box */

/**
 * What lies on the paper: its pixels, and the size of the picture in whose points boxes are.
 * @typedef {{source: HTMLCanvasElement, size: [number, number]}} Picture
 */

const SIDE = 28;

/**
 * Draw the digit as the model got it.
 * @param {HTMLCanvasElement} canvas 28 by 28
 * @param {string} pixels 784 bytes in base64, 0 paper to 255 ink
 */
export function drawDigit(canvas, pixels) {
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const image = context.createImageData(SIDE, SIDE);
  const bytes = atob(pixels);
  for (let index = 0; index < bytes.length; index += 1) {
    image.data.fill(bytes.charCodeAt(index), 4 * index, 4 * index + 3);
    image.data[4 * index + 3] = 255;
  }
  context.putImageData(image, 0, 0);
}

/**
 * Draw a part of a picture, as large as the canvas holds it.
 * @param {HTMLCanvasElement} canvas
 * @param {Picture} picture
 * @param {Box} box
 */
export function drawPart(canvas, { source, size }, [left, top, right, bottom]) {
  const [across, down] = [source.width / size[0], source.height / size[1]];
  const [width, height] = [(right - left) * across, (bottom - top) * down];
  const scale = Math.min(canvas.width / width, canvas.height / height);
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingQuality = "high";
  context.drawImage(
    source,
    left * across,
    top * down,
    width,
    height,
    (canvas.width - width * scale) / 2,
    (canvas.height - height * scale) / 2,
    width * scale,
    height * scale,
  );
}

/**
 * A square around a box, with room.
 * @param {Box} box
 * @returns {Box}
 */
export function squareAround([left, top, right, bottom]) {
  const half = Math.max(right - left, bottom - top) * 0.62;
  const [x, y] = [(left + right) / 2, (top + bottom) / 2];
  return [x - half, y - half, x + half, y + half];
}
