// The charts of the admin's first page. Each canvas names the JSON that it draws; the tables behind
// them do without this script. Chart.js comes as its one file for browsers, which is a global: its
// modules import others by bare names, and the page's policy allows no import map.

import {configuration} from "./kinds.js";

const still = matchMedia("(prefers-reduced-motion: reduce)");
const canvases = [...document.querySelectorAll("canvas[data-chart]")];

function draw({isMoving}) {
  for (const canvas of canvases) {
    const data = JSON.parse(document.getElementById(canvas.dataset.chart).textContent);
    Chart.getChart(canvas)?.destroy();
    canvas.parentElement.hidden = false;
    new Chart(canvas, configuration(data, {isMoving, widthPx: canvas.parentElement.clientWidth}));
  }
}

// The admin's switch of modes sets an attribute; the system's mode may change as well.
const redraw = () => draw({isMoving: false});
new MutationObserver(redraw).observe(document.documentElement, {attributeFilter: ["data-theme"]});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);

Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
draw({isMoving: !still.matches});
