// The charts of the admin's pages. Each canvas names the JSON that it draws; the tables behind
// them do without this script. Chart.js comes as its one file for browsers, which is a global: its
// modules import others by bare names, and the page's policy allows no import map.

import {configuration} from "./kinds.js";

const still = matchMedia("(prefers-reduced-motion: reduce)");

/** @param {{isMoving: boolean}} how */
function draw({isMoving}) {
  /** @type {NodeListOf<HTMLCanvasElement>} */
  const canvases = document.querySelectorAll("canvas[data-chart]");
  for (const canvas of canvases) {
    const frame = /** @type {HTMLElement} */ (canvas.parentElement);
    const source = document.getElementById(canvas.dataset.chart ?? "");
    const data = JSON.parse(source?.textContent ?? "");
    Chart.getChart(canvas)?.destroy();
    frame.hidden = false;
    new Chart(canvas, configuration(data, {isMoving, widthPx: frame.clientWidth}));
  }
}

// The admin's switch of modes sets an attribute; the system's mode may change as well.
const redraw = () => draw({isMoving: false});
new MutationObserver(redraw).observe(document.documentElement, {attributeFilter: ["data-theme"]});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);

// Where news has brought others in their place.
document.addEventListener("news", () => {
  for (const chart of Object.values(Chart.instances)) {
    if (!chart.canvas.isConnected) chart.destroy();
  }
  redraw();
});

Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
draw({isMoving: !still.matches});
