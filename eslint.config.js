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
        GLUE_FILE: "readonly",
        WASM_FILE: "readonly",
        WASM_INTEGRITY: "readonly",
      },
    },
  },
  { files: ["edge/shim.js"], languageOptions: { globals: { WebAssembly: "readonly" } } },
  { files: ["demo/src/*.mjs"], languageOptions: { globals: globals.node } },
];
