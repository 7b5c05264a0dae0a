// The types of the libraries as pages load them: as files under vendor/, and as globals.

declare module "*/vendor/cropperjs/cropper.esm.min.js" {
  export * from "cropperjs";
  export { default } from "cropperjs";
}

/** Chart.js as its one file for browsers, with all kinds registered. */
declare const Chart: typeof import("chart.js").Chart;
