// Pictures of the visitor's: opened, turned, cut, and made small before they travel.

import { Problem } from "./client.js";
import { words } from "./words.js";

/**
 * @typedef {{x: number, y: number, width: number, height: number}} Area
 */

// The server reads pictures of about a thousand points a side; one and a half as many lose nothing.
const MAX_SIDE = 1600;
// A file of at most this travels in a second and stays as it is, unless it is cut or turned.
const SMALL_BYTES = 1.5 * 2 ** 20;
const QUALITY = 0.92;
// These may be transparent in places, which JPEG would make black.
const MAY_BE_TRANSPARENT = new Set(["image/png", "image/webp", "image/gif"]);

/**
 * Open a picture, upright.
 * @param {File} file
 * @returns {Promise<HTMLCanvasElement | null>} at most 1600 points a side; null where the browser does
 *   not know the format: the server may
 */
export async function openPicture(file) {
  if (!file.type.startsWith("image/")) throw new Problem("unsupported_format", words.not_an_image);
  let bitmap;
  try {
    bitmap = await createImageBitmap(file);
  } catch {
    return null;
  }
  const canvas = cut(bitmap, 0, { x: 0, y: 0, width: bitmap.width, height: bitmap.height });
  bitmap.close();
  return canvas;
}

/**
 * Turn a picture and cut a part out of it.
 * @param {HTMLCanvasElement | ImageBitmap} picture
 * @param {number} turns by 90° clockwise, before it is cut
 * @param {Area} area of the turned picture
 */
export function cut(picture, turns, { x, y, width, height }) {
  const scale = Math.min(1, MAX_SIDE / Math.max(width, height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.max(1, Math.round(height * scale));
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.imageSmoothingQuality = "high";
  context.scale(scale, scale);
  context.translate(-x, -y);
  const isAcross = turns % 2 === 1;
  const [across, down] = isAcross ? [picture.height, picture.width] : [picture.width, picture.height];
  context.translate(across / 2, down / 2);
  context.rotate((turns * Math.PI) / 2);
  context.drawImage(picture, -picture.width / 2, -picture.height / 2);
  return canvas;
}

/**
 * The file to send: the visitor's own, where it is small and as it was.
 * @param {File} file
 * @param {HTMLCanvasElement | null} canvas what it has become
 * @param {boolean} isChanged it was turned or cut
 * @returns {Promise<Blob>}
 */
export async function fileToSend(file, canvas, isChanged) {
  if (!canvas || (!isChanged && file.size <= SMALL_BYTES)) return file;
  const type = MAY_BE_TRANSPARENT.has(file.type) ? "image/webp" : "image/jpeg";
  return (await encoded(canvas, type)) ?? file;
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {string} type
 * @returns {Promise<Blob | null>}
 */
function encoded(canvas, type) {
  return new Promise((resolve) => {
    canvas.toBlob(resolve, type, QUALITY);
  });
}
