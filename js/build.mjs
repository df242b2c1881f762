// One bundle and one stylesheet, written into the Python package; fails when the bundle outgrows its budget.
import { stat } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";

// anywidget stores the bundle once for every widget instance in a notebook, so size is paid again and again.
// 20 kB above what a lesson, a map and the charts take: finding circuits is a panel of its own.
const BUDGET_BYTES = 340000;
const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const outdir = here("../scrub_widgets/widget/static");

const options = {
  entryPoints: [
    { in: here("src/index.ts"), out: "widget" },
    { in: here("src/styles/index.css"), out: "widget" },
  ],
  outdir,
  bundle: true,
  format: "esm",
  target: "es2022",
  // light-dark() and container queries are kept as they are: every host that runs ES2022 modules has them.
  supported: { "color-functions": true },
  jsx: "automatic",
  jsxImportSource: "preact",
  define: { "process.env.NODE_ENV": '"production"', "define.amd": "false" },
  legalComments: "linked",
  logLevel: "warning",
};

if (process.argv.includes("--watch")) {
  const context = await esbuild.context({ ...options, sourcemap: "inline" });
  await context.watch();
} else {
  await esbuild.build({ ...options, minify: true });
  const { size } = await stat(`${outdir}/widget.js`);
  const css = await stat(`${outdir}/widget.css`);
  process.stdout.write(`widget.js ${size} bytes (budget ${BUDGET_BYTES}), widget.css ${css.size} bytes\n`);
  if (size > BUDGET_BYTES) {
    process.stderr.write(`widget.js is ${size} bytes; the budget is ${BUDGET_BYTES}\n`);
    process.exit(1);
  }
}
