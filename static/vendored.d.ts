// The types of the libraries as pages load them: as files under vendor/, and as globals.

declare module "*/vendor/cropperjs/cropper.esm.min.js" {
  export * from "cropperjs";
  export { default } from "cropperjs";
}

declare module "*/vendor/signature_pad/signature_pad.min.js" {
  export * from "signature_pad";
  export { default } from "signature_pad";
}

/** Chart.js as its one file for browsers, with all kinds registered. */
declare const Chart: typeof import("chart.js").Chart;
