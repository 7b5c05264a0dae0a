// What is written beside a chart: its units, the days along it, the legend, and what the pointer says.

import {ink} from "./inks.js";

const language = document.documentElement.lang || "en";
const DAY = new Intl.DateTimeFormat(language, {day: "numeric", month: "short", timeZone: "UTC"});
const THREE_DIGITS = new Intl.NumberFormat(language, {maximumSignificantDigits: 3});
/** @type {Record<ChartData["unit"], {format: (value: number) => string}>} */
export const UNITS = {
  readings: new Intl.NumberFormat(language),
  share: new Intl.NumberFormat(language, {style: "percent", maximumFractionDigits: 1}),
  loss: THREE_DIGITS,
  ms: {format: (value) => `${THREE_DIGITS.format(value)} ms`},
};
export const BRIEF = new Intl.NumberFormat(language, {notation: "compact"});
/** Beside the colours, what tells one line from another. */
export const DASHES = [[], [6, 3], [2, 2], [8, 3, 2, 3]];

/**
 * Write a day of ISO as a day; whatever else stands along an axis as it is.
 * @param {string} label
 */
export function named(label) {
  return /^\d{4}-/.test(label) ? DAY.format(new Date(label)) : label;
}

/**
 * Give the legend under a chart, and what the pointer says of it.
 * @param {ChartData} data
 * @returns {ChartOptions["plugins"]}
 */
export function beside(data) {
  return {legend: legend(data), tooltip: tooltip(data)};
}

/**
 * @param {ChartData} data
 * @returns {NonNullable<ChartOptions["plugins"]>["legend"]}
 */
function legend(data) {
  /** @type {Partial<Record<ChartData["kind"], object>>} */
  const signs = {
    stack: {pointStyle: "rectRounded"},
    lines: {pointStyle: "line", pointStyleWidth: 24, generateLabels: dashed},
  };
  const labels = {
    ...{usePointStyle: true, boxHeight: 8, boxWidth: 14, padding: 14, color: ink("--body-fg")},
    ...signs[data.kind],
  };
  return {display: data.series.length > 1, position: "bottom", align: "start", labels, onClick: () => {}};
}

/**
 * Give Chart.js's own entries, with the dashes of their lines, which it leaves out.
 * @param {AnyChart} chart
 * @returns {ChartLegendItem[]}
 */
function dashed(chart) {
  const entries = Chart.defaults.plugins.legend.labels.generateLabels(chart);
  return entries.map((entry, i) => ({...entry, lineDash: DASHES[i], lineWidth: 2}));
}

/**
 * @param {ChartData} data
 * @returns {NonNullable<ChartOptions["plugins"]>["tooltip"]}
 */
function tooltip(data) {
  const said = (/** @type {unknown} */ value) =>
    [value].flat().map((one) => UNITS[data.unit].format(Number(one))).join(" – ");
  const all = (/** @type {ChartItem[]} */ items) =>
    `${data.words.all}: ${said(items.reduce((sum, item) => sum + Number(item.raw), 0))}`;
  return {
    backgroundColor: ink("--body-fg"),
    titleColor: ink("--body-bg"),
    bodyColor: ink("--body-bg"),
    footerColor: ink("--body-bg"),
    padding: 10,
    cornerRadius: 4,
    usePointStyle: true,
    callbacks: {
      title: ([item]) => named(item.label),
      label: (item) => `${item.dataset.label}: ${said(item.raw)}`,
      footer: (items) => [...(data.kind === "stack" ? [all(items)] : []), ...marked(data, items)],
    },
  };
}

/**
 * Name what was activated on the day under the pointer.
 * @param {ChartData} data
 * @param {ChartItem[]} items
 */
function marked(data, [item]) {
  return data.marks.filter((mark) => mark.at === item?.dataIndex).map((mark) => mark.name);
}
