// Pictures on their way to the paper: one is cut first, several are read in a list, examples are only
// read.

import { Problem } from "./client.js";
import { fileToSend, openPicture } from "./photos.js";
import { takeExamples, takePictures } from "./pictures.js";
import { words } from "./words.js";

/** @typedef {import("./paper.js").Laid} Laid */

/**
 * @param {object} page
 * @param {HTMLInputElement[]} page.inputs the picker and the camera
 * @param {HTMLElement} page.frame shows that a picture may be dropped
 * @param {HTMLElement} page.examples
 * @param {import("./cropping.js").Cropping} page.cropping
 * @param {import("./batch.js").Batch} page.batch
 * @param {(laid: Laid) => void} page.lay put a picture on the paper
 * @param {(problem: Problem) => void} page.fail
 */
export function connectPictures({ inputs, frame, examples, cropping, batch, lay, fail }) {
  const failing = (/** @type {unknown} */ problem) => {
    if (!(problem instanceof Problem)) throw problem;
    fail(problem);
  };
  takePictures({ inputs, paper: frame }, (files) => {
    if (files.length > 1) batch.read(files);
    else takeOne(files[0], cropping, lay).catch(failing);
  });
  takeExamples(
    examples,
    (file) => takeExample(file, cropping, lay).catch(failing),
    () => fail(new Problem("unexpected", words.unexpected)),
  );
}

/**
 * @param {File} file
 * @param {import("./cropping.js").Cropping} cropping
 * @param {(laid: Laid) => void} lay
 */
async function takeOne(file, cropping, lay) {
  const opened = await openPicture(file);
  const whole = { picture: opened, isChanged: false };
  const cropped = opened ? await cropping.ask(opened).catch(() => whole) : whole; // it may not arrive
  if (!cropped) return;
  const { picture, isChanged } = cropped;
  lay({ file: await fileToSend(file, picture, isChanged), shown: picture, isExample: false });
}

/**
 * @param {File} file
 * @param {import("./cropping.js").Cropping} cropping
 * @param {(laid: Laid) => void} lay
 */
async function takeExample(file, cropping, lay) {
  cropping.cancel();
  lay({ file, shown: await openPicture(file), isExample: true });
}
