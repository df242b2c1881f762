// The page for screenshots, as one folder that opens from file://.
import { mkdir, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";

const out = fileURLToPath(new URL("out/", import.meta.url));
await mkdir(out, { recursive: true });
await esbuild.build({
  entryPoints: [fileURLToPath(new URL("page.ts", import.meta.url))],
  outfile: `${out}page.js`,
  bundle: true,
  format: "iife",
  jsx: "automatic",
  jsxImportSource: "preact",
  logLevel: "warning",
});
await writeFile(
  `${out}page.html`,
  '<!doctype html><meta charset="utf-8"><link rel="stylesheet" href="page.css"><body><script src="page.js"></script>',
);
