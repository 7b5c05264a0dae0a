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
 * @param {import("./studio.js").Studio} page.studio
 */
export function connectPictures({ inputs, frame, examples, cropping, batch, studio }) {
  const lay = (/** @type {Laid} */ laid) => studio.lay(laid);
  const failing = (/** @type {unknown} */ problem) => {
    if (!(problem instanceof Problem)) throw problem;
    studio.refuse(problem);
  };
  takePictures({ inputs, paper: frame }, (files) => {
    if (files.length > 1) batch.read(files);
    else takeOne(files[0], cropping, lay).catch(failing);
  });
  takeExamples(
    examples,
    () => {
      const { revision } = studio; // who draws on meanwhile has thought better of it
      return (file) => {
        if (revision === studio.revision) takeExample(file, cropping, lay).catch(failing);
      };
    },
    () => studio.refuse(new Problem("unexpected", words.unexpected)),
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
