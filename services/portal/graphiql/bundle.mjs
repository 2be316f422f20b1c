// Bundles src/ with GraphiQL into one script and one style sheet, and gathers the licences of everything inside.

import { readFileSync, writeFileSync, existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import * as esbuild from "esbuild";

const out = "../assets/graphiql";

// GraphiQL's style sheet carries its typefaces as data (360 kB); the fonts of the system do as well.
const withoutFonts = {
  name: "without-fonts",
  setup(build) {
    build.onLoad({ filter: /\.css$/ }, ({ path }) => {
      const contents = readFileSync(path, "utf8").replace(/@font-face\s*\{[^}]*\}/g, "");
      return { contents, loader: "css" };
    });
  },
};

const { metafile } = await esbuild.build({
  entryPoints: { graphiql: "src/main.jsx" },
  outdir: out,
  bundle: true,
  minify: true,
  format: "iife",
  target: ["chrome109", "firefox115", "safari16"],
  jsx: "automatic",
  define: { "process.env.NODE_ENV": '"production"' },
  legalComments: "none",
  charset: "utf8",
  plugins: [withoutFonts],
  metafile: true,
});

const packages = new Set();
for (const input of Object.keys(metafile.inputs)) {
  const found = [...input.matchAll(/node_modules\/((?:@[^/]+\/)?[^/]+)/g)].at(-1);
  if (found) packages.add(input.slice(0, found.index + found[0].length));
}

const texts = [...packages].sort().map((folder) => {
  const { name, version, license, author, homepage } = JSON.parse(readFileSync(join(folder, "package.json")));
  const file = readdirSync(folder).find((entry) => /^licen[cs]e(\.|$)/i.test(entry));
  const by = typeof author === "string" ? author : author?.name;
  const text = file
    ? readFileSync(join(folder, file), "utf8").trim()
    : `The package carries no licence text; its package.json says: ${license}${by ? `, by ${by}` : ""}${homepage ? `, ${homepage}` : ""}.`;
  return `${name} ${version} (${license})\n${"-".repeat(60)}\n${text}\n`;
});
const head = "What graphiql.js and graphiql.css are made of, with the licence of each part.\n";
writeFileSync(join(out, "LICENSES.txt"), `${[head, ...texts].join("\n\n").replaceAll("\r\n", "\n").trimEnd()}\n`);

for (const name of ["graphiql.js", "graphiql.css", "LICENSES.txt"]) {
  const file = join(out, name);
  if (!existsSync(file)) throw new Error(`${file} was not made`);
  console.log(`${file}: ${Math.round(readFileSync(file).length / 1024)} KiB`);
}
