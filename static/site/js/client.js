// Talks with the server: sends drawings and claims, and turns whatever goes wrong into a Problem.

import { words } from "./words.js";

/**
 * @typedef {object} Reading
 * @property {string} id
 * @property {string} url
 * @property {string} verdict
 * @property {number | null} digit
 * @property {string} digits
 * @property {number} confidence
 * @property {number[]} probabilities
 * @property {Part[]} parts
 * @property {string | null} advice
 * @property {number} model_version
 * @property {number} latency_ms
 */

/**
 * A digit, how sure it is, its own verdict, and its box (left, top, right, bottom) in points of the
 * picture.
 * @typedef {{digit: number, confidence: number, verdict: string, box: number[]}} Part
 */

const TIMEOUT_MS = 20_000; // a cold server loads its model in one or two seconds

export class Problem extends Error {
  /**
   * @param {string} code
   * @param {string} message
   */
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

/**
 * Send one drawing.
 * @param {string} url
 * @param {{image: string | File, strokes?: object[]}} drawing
 * @param {AbortSignal} signal
 * @returns {Promise<Reading>}
 */
export function sendDrawing(url, { image, strokes }, signal) {
  const form = new FormData();
  form.set("image", image);
  if (strokes) form.set("strokes", JSON.stringify(strokes));
  return request(url, { method: "POST", body: form, signal });
}

/**
 * Say which digit it was.
 * @param {string} url of the reading
 * @param {string} claim "yes", or one of the ten
 * @returns {Promise<{claim: number}>}
 */
export function sendClaim(url, claim) {
  const body = new URLSearchParams({ claim });
  return request(`${url}/claim`, { method: "POST", body });
}

/**
 * @param {string} url
 * @param {RequestInit} init
 */
async function request(url, init) {
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  const signal = init.signal ? AbortSignal.any([init.signal, timeout]) : timeout;
  const headers = { Accept: "application/json", "X-CSRFToken": csrfToken() };
  let response;
  let body;
  try {
    response = await fetch(url, { ...init, headers, signal });
    body = await response.json();
  } catch (error) {
    if (init.signal?.aborted) throw error;
    if (!navigator.onLine) throw new Problem("offline", words.offline);
    throw new Problem("unexpected", words.unexpected);
  }
  if (response.ok) return body;
  throw new Problem(body?.error?.code ?? "unexpected", body?.error?.message ?? words.unexpected);
}

function csrfToken() {
  return document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1] ?? "";
}
