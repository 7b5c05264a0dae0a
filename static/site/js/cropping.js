// A picture before it is sent: the visitor cuts the digit out of it and turns it.
// Cropper.js gives the frame to drag; the picture under it is a canvas, so it needs no address.

import { cut } from "./photos.js";

/** @typedef {import("./photos.js").Area} Area */

/**
 * What of Cropper.js's selection is used.
 * @typedef {HTMLElement & Area & {$change: (x: number, y: number, width: number, height: number) => unknown}} Selection
 */

/**
 * @typedef {{picture: HTMLCanvasElement, isChanged: boolean}} Cropped
 */

const STEP = 8; // CSS pixels that an arrow key moves or resizes by
const LEAST = 24; // CSS pixels a side
const WITHOUT_CROPPER = new Error("Cropper.js did not arrive");

export class Cropping extends EventTarget {
  /** @type {HTMLCanvasElement | null} */
  #picture = null;
  #turns = 0;
  #isLoaded = false;
  /** @type {((cropped: Cropped | null) => void) | null} */
  #answer = null;

  /**
   * Fires `open` and `close`.
   * @param {HTMLElement} stage over the paper
   * @param {HTMLElement} tools under it
   */
  constructor(stage, tools) {
    super();
    this.stage = stage;
    this.tools = tools;
    this.shown = /** @type {HTMLCanvasElement} */ (stage.querySelector("canvas"));
    this.frame = /** @type {HTMLElement} */ (stage.querySelector("cropper-canvas"));
    this.selection = /** @type {Selection} */ (stage.querySelector("cropper-selection"));
    tools.addEventListener("click", (event) => this.#press(event));
    stage.addEventListener("keydown", (event) => this.#onKey(event));
    this.selection.addEventListener("change", (event) => this.#hold(event));
    new ResizeObserver(() => this.isOpen && this.#fit()).observe(stage);
  }

  get isOpen() {
    return this.#picture !== null;
  }

  /**
   * Let the visitor cut and turn a picture.
   * @param {HTMLCanvasElement} picture
   * @returns {Promise<Cropped | null>} null where they think better of it
   */
  async ask(picture) {
    this.cancel();
    await this.#load();
    this.#picture = picture;
    this.#turns = 0;
    this.stage.hidden = false;
    this.#lay();
    this.dispatchEvent(new Event("open"));
    return new Promise((resolve) => (this.#answer = resolve));
  }

  /** Read what is in the frame. */
  finish() {
    if (!this.#picture) return;
    const area = this.#area();
    const { width, height } = this.#turned();
    const isChanged = this.#turns > 0 || area.width < 0.99 * width || area.height < 0.99 * height;
    this.#close({ picture: isChanged ? cut(this.#picture, this.#turns, area) : this.#picture, isChanged });
  }

  cancel() {
    if (this.isOpen) this.#close(null);
  }

  async #load() {
    if (this.#isLoaded) return;
    await import("../../vendor/cropperjs/cropper.esm.min.js").catch(() => {
      throw WITHOUT_CROPPER;
    });
    this.#isLoaded = true;
  }

  /** @param {Cropped | null} cropped */
  #close(cropped) {
    this.#picture = null;
    this.stage.hidden = true;
    this.dispatchEvent(new Event("close"));
    this.#answer?.(cropped);
    this.#answer = null;
  }

  /** @param {number} turns by 90° clockwise */
  #turn(turns) {
    this.#turns = (this.#turns + turns + 4) % 4;
    this.#lay();
  }

  /** Show the picture as large as the paper holds it, and all of it in the frame. */
  #lay() {
    if (!this.#picture) return;
    const whole = this.#turned();
    const scale = Math.min(this.stage.clientWidth / whole.width, this.stage.clientHeight / whole.height);
    const [width, height] = [Math.round(whole.width * scale), Math.round(whole.height * scale)];
    const turned = cut(this.#picture, this.#turns, { x: 0, y: 0, ...whole });
    this.shown.width = turned.width;
    this.shown.height = turned.height;
    this.shown.getContext("2d")?.drawImage(turned, 0, 0);
    for (const element of [this.shown, this.frame]) {
      element.style.width = `${width}px`;
      element.style.height = `${height}px`;
    }
    this.selection.$change(0, 0, width, height);
  }

  /** The stage has another size: the frame stays around the same part. */
  #fit() {
    const { x, y, width, height } = this.#area();
    this.#lay();
    const scale = this.frame.clientWidth / this.#turned().width;
    this.selection.$change(x * scale, y * scale, width * scale, height * scale);
  }

  #turned() {
    const { width, height } = /** @type {HTMLCanvasElement} */ (this.#picture);
    return this.#turns % 2 ? { width: height, height: width } : { width, height };
  }

  /** @returns {Area} in points of the turned picture */
  #area() {
    const scale = this.#turned().width / this.frame.clientWidth;
    const { x, y, width, height } = this.selection;
    return { x: x * scale, y: y * scale, width: width * scale, height: height * scale };
  }

  /**
   * Hold the frame within the picture.
   * @param {Event} event
   */
  #hold(event) {
    const wanted = /** @type {CustomEvent<Area>} */ (event).detail;
    const [most, highest] = [this.frame.clientWidth, this.frame.clientHeight];
    const width = within(wanted.width, LEAST, most);
    const height = within(wanted.height, LEAST, highest);
    const x = within(wanted.x, 0, most - width);
    const y = within(wanted.y, 0, highest - height);
    if (x === wanted.x && y === wanted.y && width === wanted.width && height === wanted.height) return;
    event.preventDefault();
    this.selection.$change(x, y, width, height);
  }

  /** @param {MouseEvent} event */
  #press(event) {
    const button = event.target instanceof Element && event.target.closest("button");
    if (!button) return;
    const acts = { left: () => this.#turn(-1), right: () => this.#turn(1), whole: () => this.#lay() };
    const act = { ...acts, cancel: () => this.cancel(), finish: () => this.finish() };
    act[/** @type {keyof typeof act} */ (button.value)]?.();
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const step = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] }[event.key];
    if (!step) return;
    event.preventDefault();
    const { x, y, width, height } = this.selection;
    if (event.shiftKey) this.selection.$change(x, y, width + step[0], height + step[1]);
    else this.selection.$change(x + step[0], y + step[1], width, height);
  }
}

/**
 * The next whole number within bounds.
 * @param {number} value
 * @param {number} low
 * @param {number} high
 */
function within(value, low, high) {
  return Math.max(low, Math.min(Math.round(value), high));
}
