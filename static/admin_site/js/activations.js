// Activations in time: an upright dashed line each, and above it the version's name.

import {ink} from "./inks.js";

const GAP_PX = 4;
/** The room that the names take above a chart. */
export const ROOM_PX = 18;

/**
 * Make the plugin of Chart.js that draws them.
 * @param {ChartMark[]} marks
 * @returns {ChartPlugin}
 */
export function activations(marks) {
  return {
    id: "activations",
    afterDatasetsDraw(chart) {
      const pen = chart.ctx;
      pen.save();
      pen.font = `${chart.options.font?.size}px ${chart.options.font?.family}`;
      pen.textBaseline = "bottom";
      pen.strokeStyle = ink("--body-quiet-color");
      pen.fillStyle = ink("--body-fg");
      pen.setLineDash([3, 3]);
      let end = -Infinity; // of the name before
      marks.forEach((mark, i) => {
        const next = marks[i + 1] ? chart.scales.x.getPixelForValue(marks[i + 1].at) : Infinity;
        end = draw(chart, mark, {from: end, to: Math.min(next - GAP_PX, chart.width)});
      });
      pen.restore();
    },
  };
}

/**
 * Draw a line and its name right or left of it, the short one where there is no room.
 * @param {AnyChart} chart
 * @param {ChartMark} mark
 * @param {{from: number, to: number}} room where its name may stand
 * @returns {number} where the name ends
 */
function draw(chart, mark, room) {
  const {ctx: pen, chartArea: area} = chart;
  const x = chart.scales.x.getPixelForValue(mark.at);
  pen.beginPath();
  pen.moveTo(x, area.top - 2);
  pen.lineTo(x, area.bottom);
  pen.stroke();
  for (const text of [mark.name, mark.short]) {
    const {width} = pen.measureText(text);
    for (const from of [x - 2, x + 2 - width]) {
      if (from < room.from || from + width > room.to) continue;
      pen.fillText(text, from, area.top - 4);
      return from + width + GAP_PX;
    }
  }
  return room.from; // the table names it
}
