// The kinds of charts, as Chart.js wants them told.

import {activations, ROOM_PX} from "./activations.js";
import {filling, ink} from "./inks.js";

const language = document.documentElement.lang || "en";
const DAY = new Intl.DateTimeFormat(language, {day: "numeric", month: "short", timeZone: "UTC"});
const UNITS = {
  readings: new Intl.NumberFormat(language),
  share: new Intl.NumberFormat(language, {style: "percent", maximumFractionDigits: 1}),
  loss: new Intl.NumberFormat(language, {maximumSignificantDigits: 3}),
  ms: {format: (value) => `${new Intl.NumberFormat(language, {maximumSignificantDigits: 3}).format(value)} ms`},
};
const BRIEF = new Intl.NumberFormat(language, {notation: "compact"});
// Beside the colours, what tells one line from another.
const DASHES = [[], [6, 3], [2, 2], [8, 3, 2, 3]];
// A narrower bar has no room for a hatching that one could make out.
const HATCHED_FROM_PX = 8;

const KINDS = {stack, bars, lines, intervals};

/** Give the configuration of a chart from what the page says of it. */
export function configuration(data, {isMoving, widthPx}) {
  const config = KINDS[data.kind](data, widthPx);
  const base = {
    animation: isMoving ? {duration: 200} : false,
    color: ink("--body-fg"),
    interaction: {mode: "index", intersect: false, axis: data.kind === "intervals" ? "y" : "x"},
    layout: {padding: {top: data.marks.length ? ROOM_PX : 4}},
    maintainAspectRatio: false,
    responsive: true,
  };
  const plugins = {legend: legend(data), tooltip: tooltip(data), ...config.options.plugins};
  return {
    ...config,
    options: {...base, ...config.options, plugins},
    plugins: [activations(data.marks)],
  };
}

function stack(data, widthPx) {
  const isHatched = widthPx / data.labels.length >= HATCHED_FROM_PX;
  const datasets = data.series.map((series) => {
    const color = ink(series.color);
    return {
      ...bar(series),
      backgroundColor: filling(color, isHatched && series.hatching),
      borderColor: color,
      borderWidth: isHatched && series.hatching ? 1 : 0,
      stack: "all",
    };
  });
  const options = {scales: {x: {...days(data), stacked: true}, y: {...values(data), stacked: true}}};
  return {type: "bar", data: {labels: data.labels, datasets}, options};
}

function bars(data) {
  const datasets = data.series.map((series) => ({
    ...bar(series),
    backgroundColor: ink(series.color),
    borderRadius: 2,
  }));
  const x = {...axis(), grid: {display: false}, ticks: {...ticks(), callback: lowerEnd}};
  return {type: "bar", data: {labels: data.labels, datasets}, options: {scales: {x, y: values(data)}}};
}

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

/** Each version's interval as a thin bar, and its accuracy as a point on it. */
function intervals(data) {
  const [interval, share] = data.series;
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
  const lowest = Math.min(...interval.values.map(([low]) => low));
  const step = lowest > 0.9 ? 0.02 : 0.1;
  const min = Math.max(0, Math.floor(lowest / step) * step);
  const x = {...values(data), beginAtZero: false, min, max: 1};
  const y = {...axis(), grid: {display: false}, ticks: {...ticks(), autoSkip: false}};
  return {type: "bar", data: {labels: data.labels, datasets}, options: {indexAxis: "y", scales: {x, y}}};
}

function bar(series) {
  return {label: series.name, data: series.values, categoryPercentage: 0.9, barPercentage: 0.9};
}

function axis() {
  return {border: {display: false}, grid: {color: ink("--hairline-color"), drawTicks: false}};
}

function ticks() {
  return {color: ink("--body-quiet-color"), maxRotation: 0, padding: 6};
}

function days(data) {
  const callback = (_, i) => named(data.labels[i]);
  return {...axis(), grid: {display: false}, ticks: {...ticks(), autoSkipPadding: 18, callback}};
}

/** Write a day of ISO as a day; whatever else stands along an axis as it is. */
function named(label) {
  return /^\d{4}-/.test(label) ? DAY.format(new Date(label)) : label;
}

function values(data) {
  const callback = (value) => (data.unit === "readings" ? BRIEF : UNITS[data.unit]).format(value);
  const precision = data.unit === "readings" ? {precision: 0} : {};
  return {...axis(), beginAtZero: true, ticks: {...ticks(), ...precision, maxTicksLimit: 6, callback}};
}

/** Of "40–45 %" the 40 alone, at each fourth bin: there is no room for more. */
function lowerEnd(_, i) {
  return i % 4 ? null : this.getLabelForValue(i).replace(/–\d+/, "");
}

function isAlone(values, place) {
  return values[place] !== null && (values[place - 1] ?? null) === null && (values[place + 1] ?? null) === null;
}

function legend(data) {
  const labels = {usePointStyle: true, boxHeight: 8, boxWidth: 14, padding: 14, color: ink("--body-fg")};
  if (data.kind === "stack") labels.pointStyle = "rectRounded";
  if (data.kind === "lines") {
    Object.assign(labels, {pointStyle: "line", pointStyleWidth: 24, generateLabels: dashed});
  }
  return {display: data.series.length > 1, position: "bottom", align: "start", labels, onClick: () => {}};
}

/** Give Chart.js's own entries, with the dashes of their lines, which it leaves out. */
function dashed(chart) {
  const entries = Chart.defaults.plugins.legend.labels.generateLabels(chart);
  return entries.map((entry, i) => ({...entry, lineDash: DASHES[i], lineWidth: 2}));
}

function tooltip(data) {
  const all = (items) => `${data.words.all}: ${said(items.reduce((sum, item) => sum + item.raw, 0))}`;
  const said = (value) => [value].flat().map((one) => UNITS[data.unit].format(one)).join(" – ");
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

/** Name what was activated on the day under the pointer. */
function marked(data, [item]) {
  return data.marks.filter((mark) => mark.at === item?.dataIndex).map((mark) => mark.name);
}
