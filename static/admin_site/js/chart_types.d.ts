// What the scripts of the charts are told, and what they tell Chart.js. The types stand here and not
// in comments of the modules: a library's name there would be taken for a file to be hashed.

/** An activation: its place along the axis, and its version's name. */
type ChartMark = {at: number; name: string; short: string};

type ChartValue = number | null | [low: number, high: number];

/** `color` and `hatching`: a variable of the page's style, and one of inks.js's. */
type ChartSeries = {name: string; values: ChartValue[]; color: string; hatching?: string};

/** What the page says of a chart: recognizer/admin/charts.py writes it. */
type ChartData = {
  kind: "stack" | "bars" | "lines" | "intervals";
  unit: "readings" | "share" | "ms" | "loss";
  labels: string[];
  series: ChartSeries[];
  marks: ChartMark[];
  lowest: number | null;
  words: {all: string};
};

type ChartConfig = import("chart.js").ChartConfiguration<"bar" | "line", ChartValue[], string>;
type ChartOptions = import("chart.js").ChartOptions<"bar" | "line">;
type ChartItem = import("chart.js").TooltipItem<"bar" | "line">;
type ChartPlugin = import("chart.js").Plugin<"bar" | "line">;
type ChartLegendItem = import("chart.js").LegendItem;
type ChartScale = import("chart.js").Scale;
type AnyChart = import("chart.js").Chart;
