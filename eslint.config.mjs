// What a script of ours must not do. How it looks is left to whoever writes it.

import js from "@eslint/js";
import globals from "globals";

export default [
  { ignores: [".venv/", "built/", "media/", "node_modules/", "staticfiles/", "templates/"] },
  js.configs.recommended,
  {
    files: ["static/**/*.js"],
    languageOptions: { ecmaVersion: 2024, sourceType: "module", globals: globals.browser },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      // Mistakes that read like code.
      "array-callback-return": "error",
      eqeqeq: "error",
      "no-constructor-return": "error",
      "no-duplicate-imports": "error",
      "no-self-compare": "error",
      "no-shadow": "error",
      "no-throw-literal": "error",
      "no-unmodified-loop-condition": "error",
      "no-use-before-define": ["error", { functions: false, classes: false, variables: false }],
      "require-atomic-updates": "error",
      // What the page's policy refuses, and what no visitor should meet.
      "no-alert": "error",
      "no-console": "error",
      "no-eval": "error",
      "no-implied-eval": "error",
      "no-new-func": "error",
      "no-script-url": "error",
      // One way to say a thing.
      "no-else-return": "error",
      "no-param-reassign": "error",
      "no-var": "error",
      "object-shorthand": "error",
      "prefer-const": "error",
      "prefer-template": "error",
      // As for Python: a file past 250 lines looks for its second noun, a function past 30 for the
      // second function inside.
      complexity: ["error", 15], // it counts each ?. and ??, which Python's 10 has no match for
      "max-depth": ["error", 3],
      "max-lines": ["error", { max: 250 }],
      "max-lines-per-function": ["error", { max: 40, skipBlankLines: true, skipComments: true }],
      "max-params": ["error", 6],
    },
  },
  {
    // Chart.js comes as its one file for browsers, which is a global.
    files: ["static/admin_site/**/*.js"],
    languageOptions: { globals: { Chart: "readonly" } },
  },
  { files: ["eslint.config.mjs"] },
];
