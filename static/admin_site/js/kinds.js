// The kinds of charts, as Chart.js wants them told.

import {activations, ROOM_PX} from "./activations.js";
import {filling, ink} from "./inks.js";
import {BRIEF, beside, DASHES, named, UNITS} from "./legends.js";

// A narrower bar has no room for a hatching that one could make out.
const HATCHED_FROM_PX = 8;

const KINDS = {stack, bars, lines, intervals};

/**
 * Give the configuration of a chart from what the page says of it.
 * @param {ChartData} data
 * @param {{isMoving: boolean, widthPx: number}} how
 * @returns {ChartConfig}
 */
export function configuration(data, {isMoving, widthPx}) {
  const config = KINDS[data.kind](data, widthPx);
  /** @type {ChartOptions} */
  const base = {
    animation: isMoving ? {duration: 200} : false,
    color: ink("--body-fg"),
    interaction: {mode: "index", intersect: false, axis: data.kind === "intervals" ? "y" : "x"},
    layout: {padding: {top: data.marks.length ? ROOM_PX : 4}},
    maintainAspectRatio: false,
    responsive: true,
  };
  return {
    ...config,
    options: {...base, ...config.options, plugins: beside(data)},
    plugins: [activations(data.marks)],
  };
}

/**
 * @param {ChartData} data
 * @param {number} widthPx
 * @returns {ChartConfig}
 */
function stack(data, widthPx) {
  const isHatched = widthPx / data.labels.length >= HATCHED_FROM_PX;
  const datasets = data.series.map((series) => {
    const color = ink(series.color);
    return {
      ...bar(series),
      backgroundColor: filling(color, isHatched ? series.hatching : ""),
      borderColor: color,
      borderWidth: isHatched && series.hatching ? 1 : 0,
      stack: "all",
    };
  });
  const options = {scales: {x: {...days(data), stacked: true}, y: {...values(data), stacked: true}}};
  return {type: "bar", data: {labels: data.labels, datasets}, options};
}

/**
 * @param {ChartData} data
 * @returns {ChartConfig}
 */
function bars(data) {
  const datasets = data.series.map((series) => ({
    ...bar(series),
    backgroundColor: ink(series.color),
    borderRadius: 2,
  }));
  const x = {...axis(), grid: {display: false}, ticks: {...ticks(), callback: lowerEnd}};
  return {type: "bar", data: {labels: data.labels, datasets}, options: {scales: {x, y: values(data)}}};
}

/**
 * @param {ChartData} data
 * @returns {ChartConfig}
 */
function lines(data) {
  const datasets = data.series.map((series, i) => {
    const color = ink(series.color);
    return {
      borderDash: DASHES[i],
      label: series.name,
      data: series.values,
      borderColor: color,
      backgroundColor: color,
      borderWidth: 2,
      // A day between two without readings has no line to it.
      pointRadius: series.values.map((_, place) => (isAlone(series.values, place) ? 3 : 0)),
      pointHoverRadius: 5,
      tension: 0.2,
    };
  });
  const x = {...days(data), offset: true}; // as the bars above stand
  const y = data.lowest === null
    ? {...values(data), grace: "5%"}
    : {...values(data), beginAtZero: false, min: Math.floor(data.lowest * 20) / 20, max: 1};
  const options = {scales: {x, y}};
  return {type: "line", data: {labels: data.labels, datasets}, options};
}

/**
 * Each version's interval as a thin bar, and its accuracy as a point on it.
 * @param {ChartData} data
 * @returns {ChartConfig}
 */
function intervals(data) {
  const [interval, share] = data.series;
  /** @type {ChartConfig["data"]["datasets"]} */
  const datasets = [
    {
      type: "line",
      label: share.name,
      data: share.values,
      showLine: false,
      clip: false, // at 100 % half of the point is beyond the axis
      pointStyle: "circle",
      pointRadius: 5,
      pointHoverRadius: 6,
      borderColor: ink("--body-bg"),
      backgroundColor: ink(share.color),
      pointBorderWidth: 2,
    },
    {
      label: interval.name,
      data: interval.values,
      backgroundColor: ink(interval.color),
      barThickness: 6,
      borderRadius: 3,
      borderSkipped: false,
      pointStyle: "rectRounded",
    },
  ];
  const lowest = Math.min(...interval.values.flatMap((ends) => ends ?? []));
  const step = lowest > 0.9 ? 0.02 : 0.1;
  const min = Math.max(0, Math.floor(lowest / step) * step);
  const x = {...values(data), beginAtZero: false, min, max: 1};
  const y = {...axis(), grid: {display: false}, ticks: {...ticks(), autoSkip: false}};
  return {type: "bar", data: {labels: data.labels, datasets}, options: {indexAxis: "y", scales: {x, y}}};
}

/** @param {ChartSeries} series */
function bar(series) {
  return {label: series.name, data: series.values, categoryPercentage: 0.9, barPercentage: 0.9};
}

function axis() {
  return {border: {display: false}, grid: {color: ink("--hairline-color"), drawTicks: false}};
}

function ticks() {
  return {color: ink("--body-quiet-color"), maxRotation: 0, padding: 6};
}

/** @param {ChartData} data */
function days(data) {
  const callback = (/** @type {unknown} */ _, /** @type {number} */ i) => named(data.labels[i]);
  return {...axis(), grid: {display: false}, ticks: {...ticks(), autoSkipPadding: 18, callback}};
}

/** @param {ChartData} data */
function values(data) {
  const unit = data.unit === "readings" ? BRIEF : UNITS[data.unit];
  const callback = (/** @type {number | string} */ value) => unit.format(Number(value));
  const precision = data.unit === "readings" ? {precision: 0} : {};
  return {...axis(), beginAtZero: true, ticks: {...ticks(), ...precision, maxTicksLimit: 6, callback}};
}

/**
 * Of "40–45 %" the 40 alone, at each fourth bin: there is no room for more.
 * @this {ChartScale}
 * @param {unknown} _
 * @param {number} i
 */
function lowerEnd(_, i) {
  return i % 4 ? null : this.getLabelForValue(i).replace(/–\d+/, "");
}

/**
 * Whether a value has none beside it, so that no line goes through it.
 * @param {ChartValue[]} of
 * @param {number} place
 */
function isAlone(of, place) {
  return of[place] !== null && (of[place - 1] ?? null) === null && (of[place + 1] ?? null) === null;
}
