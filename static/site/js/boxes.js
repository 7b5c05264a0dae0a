// Draws over a picture the boxes in which digits were found.

const SVG = "http://www.w3.org/2000/svg";

/**
 * @param {HTMLElement} frame holds the picture
 * @param {number[][]} boxes left, top, right, bottom, in points of the picture
 */
export async function drawBoxes(frame, boxes) {
  frame.querySelector("svg")?.remove();
  const image = frame.querySelector("img");
  if (!image || boxes.length === 0) return;
  try {
    await image.decode();
  } catch {
    return; // no picture, no boxes
  }
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 0 ${image.naturalWidth} ${image.naturalHeight}`);
  svg.setAttribute("aria-hidden", "true");
  for (const [left, top, right, bottom] of boxes) {
    const rect = document.createElementNS(SVG, "rect");
    rect.setAttribute("x", String(left));
    rect.setAttribute("y", String(top));
    rect.setAttribute("width", String(right - left));
    rect.setAttribute("height", String(bottom - top));
    svg.append(rect);
  }
  frame.append(svg);
}
