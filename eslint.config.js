import js from "@eslint/js";
import globals from "globals";

export default [
  { ignores: ["target/", "node_modules/", "edge/build/"] },
  js.configs.recommended,
  {
    files: ["tracking-wasm/loader/**", "demo/site/**"],
    languageOptions: {
      globals: {
        ...globals.browser,
        // put in by the build
        DEBUG_FILE: "readonly",
        FALLBACK_FILE: "readonly",
        GLUE_FILE: "readonly",
        GLUE_INTEGRITY: "readonly",
        WASM_FILE: "readonly",
        WASM_INTEGRITY: "readonly",
      },
    },
  },
  { files: ["tracking-wasm/npm/index.js"], languageOptions: { globals: globals.browser } },
  { files: ["site/**/*.js"], languageOptions: { globals: globals.browser } },
  { files: ["tracking-wasm/**/*.test.mjs", "site/**/*.mjs"], languageOptions: { globals: globals.node } },
  { files: ["edge/shim.js"], languageOptions: { globals: globals.serviceworker } },
  { files: ["demo/src/commands/bench/**", "xtask/peers/**"], languageOptions: { globals: globals.browser } },
  { files: ["demo/src/*.mjs", "xtask/src/edge/*.mjs"], languageOptions: { globals: globals.node } },
];
