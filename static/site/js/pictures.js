// Pictures instead of a drawing: picked, photographed, dropped, pasted, or one of the examples.

/**
 * Call back with the pictures that the visitor gives, by whichever way.
 * @param {object} ways
 * @param {HTMLInputElement[]} ways.inputs the picker and the camera
 * @param {HTMLElement} ways.paper shows that a picture may be dropped
 * @param {(files: File[]) => void} give one or more
 */
export function takePictures({ inputs, paper }, give) {
  inputs[0].multiple = true; // without script they go one at a time
  for (const input of inputs) {
    input.addEventListener("change", () => {
      const files = [...(input.files ?? [])];
      input.value = ""; // so that the same file can be picked again
      if (files.length) give(files);
    });
  }
  takeDrops(paper, give);
  document.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (!files.length) return;
    event.preventDefault();
    give(files);
  });
}

/**
 * Call back with an example that the visitor presses.
 * @param {HTMLElement} examples
 * @param {() => (file: File) => void} press gives what takes the example once it is there
 * @param {() => void} miss it could not be fetched
 */
export function takeExamples(examples, press, miss) {
  examples.addEventListener("click", async (event) => {
    const image = event.target instanceof Element && event.target.closest("button")?.querySelector("img");
    if (!image) return;
    const give = press();
    const file = await fileOf(image).catch(() => null);
    if (file) give(file);
    else miss();
  });
}

/**
 * A drop anywhere on the page counts; beside the paper it would open the file and lose the drawing.
 * @param {HTMLElement} paper
 * @param {(files: File[]) => void} give
 */
function takeDrops(paper, give) {
  const hint = (/** @type {boolean} */ isDropping) => paper.classList.toggle("is-dropping", isDropping);
  document.addEventListener("dragover", (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "copy";
    hint(true);
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) hint(false);
  });
  document.addEventListener("drop", (event) => {
    hint(false);
    const files = [...(event.dataTransfer?.files ?? [])];
    if (!files.length) return;
    event.preventDefault();
    give(files);
  });
}

/** @param {HTMLImageElement} image */
async function fileOf(image) {
  const blob = await (await fetch(image.src)).blob();
  return new File([blob], new URL(image.src).pathname.split("/").pop() ?? "example.png", { type: blob.type });
}
