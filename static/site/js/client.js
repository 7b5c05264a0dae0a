// Talks with the server: sends drawings and claims, and turns whatever goes wrong into a Problem.

import { words } from "./words.js";

/**
 * @typedef {object} Reading
 * @property {string} verdict
 * @property {number | null} digit
 * @property {string} digits
 * @property {number} confidence
 * @property {number[]} probabilities
 * @property {Part[]} parts
 * @property {string | null} advice
 * @property {number} model_version
 * @property {number} latency_ms
 * @property {[number, number]} picture_size
 * @property {Box | null} crop_box
 * @property {string} pixels the digit, 784 bytes in base64
 */

/**
 * A reading that is kept.
 * @typedef {Reading & {id: string, url: string}} KeptReading
 */

/**
 * Left, top, right, bottom, in points of the picture.
 * @typedef {[number, number, number, number]} Box
 */

/**
 * A digit of several, how sure it is, its own verdict, and where it is.
 * @typedef {{digit: number, confidence: number, verdict: string, box: Box}} Part
 */

/**
 * What is sent: strokes, or a picture.
 * @typedef {{strokes?: object[], image?: Blob, replaces?: string}} Drawing
 */

/**
 * @typedef {object} Sending
 * @property {string} url
 * @property {string} [method]
 * @property {FormData | URLSearchParams} [body]
 * @property {AbortSignal} [signal]
 * @property {string} [accept]
 * @property {((share: number) => void)} [onProgress]
 */

const TIMEOUT_MS = 20_000; // without any progress; a cold server loads its model in one or two seconds

export class Problem extends Error {
  /**
   * @param {string} code
   * @param {string} message
   * @param {number} [retryAfter] seconds
   */
  constructor(code, message, retryAfter = 0) {
    super(message);
    this.code = code;
    this.retryAfter = retryAfter;
  }
}

/**
 * Send a drawing to be read, or to be kept.
 * @param {string} url
 * @param {Drawing} drawing
 * @param {Pick<Sending, "signal" | "onProgress">} [options]
 * @returns {Promise<KeptReading>} a live reading has no id and no url
 */
export async function sendDrawing(url, drawing, options = {}) {
  return JSON.parse(await send({ url, body: formOf(drawing), ...options }));
}

/**
 * Ask why a drawing is read as it is: a piece of a page.
 * @param {string} url
 * @param {Drawing} drawing
 * @returns {Promise<string>}
 */
export function askWhy(url, drawing) {
  return send({ url, body: formOf(drawing), accept: "text/html" });
}

/**
 * Fetch a piece of a page.
 * @param {string} url
 * @returns {Promise<string>}
 */
export function fetchPiece(url) {
  return send({ url, method: "GET", accept: "text/html" });
}

/**
 * Say which digit it was.
 * @param {string} url of the reading
 * @param {string} claim "yes", or one of the ten
 * @returns {Promise<{claim: number}>}
 */
export async function sendClaim(url, claim) {
  return JSON.parse(await send({ url: `${url}/claim`, body: new URLSearchParams({ claim }) }));
}

/** @param {Drawing} drawing */
function formOf({ strokes, image, replaces }) {
  const form = new FormData();
  if (image) form.set("image", image, image instanceof File ? image.name : "picture");
  if (strokes) form.set("strokes", JSON.stringify(strokes));
  if (replaces) form.set("replaces", replaces);
  return form;
}

/**
 * By XMLHttpRequest: fetch does not tell how much of a photo is on its way.
 * @param {Sending} sending
 * @returns {Promise<string>} the body
 */
function send({ url, method = "POST", body, signal, accept = "application/json", onProgress }) {
  const request = new XMLHttpRequest();
  request.open(method, url);
  request.setRequestHeader("Accept", accept);
  request.setRequestHeader("X-CSRFToken", csrfToken());
  let timer = setTimeout(() => request.abort(), TIMEOUT_MS);
  if (onProgress) {
    request.upload.addEventListener("progress", ({ loaded, total }) => {
      clearTimeout(timer);
      timer = setTimeout(() => request.abort(), TIMEOUT_MS);
      onProgress(total ? loaded / total : 0);
    });
  }
  signal?.addEventListener("abort", () => request.abort(), { once: true });
  const answer = new Promise((resolve, reject) => {
    request.addEventListener("loadend", () => {
      clearTimeout(timer);
      if (request.status >= 200 && request.status < 300) resolve(request.responseText);
      else reject(problemOf(request));
    });
  });
  request.send(body);
  return answer;
}

/** @param {XMLHttpRequest} request */
function problemOf(request) {
  if (!request.status) {
    return navigator.onLine
      ? new Problem("unexpected", words.unexpected)
      : new Problem("offline", words.offline);
  }
  const { code, message } = errorIn(request.responseText);
  return new Problem(code, message, Number(request.getResponseHeader("Retry-After")) || 0);
}

/**
 * @param {string} text
 * @returns {{code: string, message: string}}
 */
function errorIn(text) {
  try {
    return JSON.parse(text).error ?? missing();
  } catch {
    return missing();
  }
}

function missing() {
  return { code: "unexpected", message: words.unexpected };
}

function csrfToken() {
  return document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1] ?? "";
}
