// Several pictures at once: read one after the other, each with its thumbnail, in a list.

import { Problem, sendDrawing } from "./client.js";
import { fileToSend, openPicture } from "./photos.js";
import { headlineOf, surenessOf } from "./sentences.js";
import { say, words } from "./words.js";

/** @typedef {import("./client.js").KeptReading} KeptReading */

const MOST = 24;
const THUMBNAIL = 128; // twice what it measures, for dense screens
const MOST_TRIES = 3; // where the server asks to come again later

export class Batch {
  #turn = 0;

  /**
   * @param {HTMLElement} section
   * @param {string} url where pictures are stored
   * @param {(text: string) => void} announce
   */
  constructor(section, url, announce) {
    this.section = section;
    this.url = url;
    this.announce = announce;
    this.title = /** @type {HTMLElement} */ (section.querySelector("h2"));
    this.note = /** @type {HTMLElement} */ (section.querySelector(".batch-note"));
    this.list = /** @type {HTMLElement} */ (section.querySelector("ol"));
    section.querySelector("button")?.addEventListener("click", () => this.hide());
  }

  hide() {
    this.#turn += 1;
    this.section.hidden = true;
  }

  /** @param {File[]} files */
  async read(files) {
    this.#turn += 1;
    const turn = this.#turn;
    const taken = files.slice(0, MOST);
    const items = taken.map((file) => itemOf(file.name));
    this.list.replaceChildren(...items);
    this.note.textContent = files.length > MOST ? say(words.batch_most, { most: MOST }) : "";
    this.section.hidden = false;
    this.section.scrollIntoView({ block: "nearest" });
    this.section.dataset.state = "reading";
    let done = 0;
    for (const [index, file] of taken.entries()) {
      this.title.textContent = say(words.batch_reading, { done, number: taken.length });
      const isRead = await this.#readOne(file, items[index]);
      if (turn !== this.#turn) return;
      if (isRead) done += 1;
    }
    const sentence = done === taken.length ? words.batch_done : words.batch_reading;
    this.title.textContent = say(sentence, { done, number: taken.length });
    this.section.dataset.state = "done";
    this.announce(this.title.textContent);
  }

  /**
   * @param {File} file
   * @param {HTMLElement} item
   * @returns {Promise<boolean>} whether it was read
   */
  async #readOne(file, item) {
    item.dataset.state = "reading";
    try {
      const picture = await openPicture(file);
      if (picture) drawThumbnail(item, picture);
      const image = await fileToSend(file, picture, false);
      showReading(item, await this.#send(image, item));
      return true;
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      item.setAttribute("data-state", "problem");
      put(item, "batch-says", problem.message);
      return false;
    }
  }

  /**
   * @param {Blob} image
   * @param {HTMLElement} item
   * @returns {Promise<KeptReading>}
   */
  async #send(image, item) {
    for (let tries = 1; ; tries += 1) {
      try {
        return await sendDrawing(this.url, { image });
      } catch (problem) {
        if (!(problem instanceof Problem) || tries === MOST_TRIES) throw problem;
        const isOffline = problem.code === "offline";
        if (!isOffline && !problem.retryAfter) throw problem;
        put(item, "batch-says", isOffline ? words.batch_offline : problem.message);
        await (isOffline ? online() : pause(problem.retryAfter * 1000));
      }
    }
  }
}

/** @param {string} name of the file */
function itemOf(name) {
  const template = /** @type {HTMLTemplateElement} */ (document.getElementById("batch-item"));
  const item = /** @type {HTMLElement} */ (template.content.firstElementChild?.cloneNode(true));
  put(item, "batch-name", name);
  return item;
}

/**
 * @param {HTMLElement} item
 * @param {KeptReading} reading
 */
function showReading(item, reading) {
  item.dataset.state = reading.verdict;
  const mark = reading.verdict === "unsure" ? "?" : "";
  put(item, "batch-digit", reading.verdict === "not_a_digit" ? "–" : reading.digits + mark);
  put(item, "batch-says", headlineOf(reading));
  put(item, "batch-sure", surenessOf(reading));
  const link = /** @type {HTMLAnchorElement} */ (item.querySelector("a"));
  link.href = reading.url;
  link.hidden = false;
}

/**
 * @param {HTMLElement} item
 * @param {HTMLCanvasElement} picture
 */
function drawThumbnail(item, picture) {
  const canvas = /** @type {HTMLCanvasElement} */ (item.querySelector("canvas"));
  const scale = Math.min(1, THUMBNAIL / Math.max(picture.width, picture.height));
  canvas.width = Math.max(1, Math.round(picture.width * scale));
  canvas.height = Math.max(1, Math.round(picture.height * scale));
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.imageSmoothingQuality = "high";
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
}

/**
 * @param {HTMLElement} item
 * @param {string} name
 * @param {string} text
 */
function put(item, name, text) {
  const slot = item.querySelector(`.${name}`);
  if (slot) slot.textContent = text;
}

/** @returns {Promise<void>} once the connection is back */
function online() {
  return new Promise((resolve) => addEventListener("online", () => resolve(), { once: true }));
}

/**
 * @param {number} milliseconds
 * @returns {Promise<void>}
 */
function pause(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
