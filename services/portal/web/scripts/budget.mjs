// How much a page makes a browser load, compressed, by the manifest of the bundler. Fails above the budgets.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const KB = 1000;
const FIRST = { js: 170 * KB, css: 25 * KB };
/** What a page may add to the first one. */
const ADDED = { "src/pages/explorer/page.tsx": 120 * KB };
const USUAL = 90 * KB;

const dist = process.argv[2] ?? "dist";
const manifest = JSON.parse(readFileSync(join(dist, ".vite/manifest.json"), "utf8"));

/** The files that these entries load before they run. */
function files(entries) {
  const seen = new Set();
  const visit = (key) => {
    if (seen.has(key)) return;
    seen.add(key);
    for (const other of manifest[key].imports ?? []) visit(other);
  };
  entries.forEach(visit);
  return new Set([...seen].flatMap((key) => [manifest[key].file, ...(manifest[key].css ?? [])]));
}

const size = (names, ending) =>
  [...names]
    .filter((name) => name.endsWith(ending))
    .reduce((sum, name) => sum + gzipSync(readFileSync(join(dist, name)), { level: 9 }).length, 0);

const first = files(["index.html", "src/pages/home/page.tsx"]);
const told = [
  ["first page, script", size(first, ".js"), FIRST.js],
  ["first page, styles", size(first, ".css"), FIRST.css],
];
const shell = files(["index.html"]);
for (const key of Object.keys(manifest)) {
  if (!/^src\/pages\/.*\.tsx$/.test(key)) continue;
  const more = [...files([key])].filter((name) => !shell.has(name));
  told.push([key, size(more, ".js"), ADDED[key] ?? USUAL]);
}
let isOver = false;
for (const [what, bytes, most] of told) {
  const over = bytes > most;
  isOver ||= over;
  if (over) console.error(`${what}: ${(bytes / KB).toFixed(1)} KB compressed, and ${most / KB} KB at most`);
}
console.log(
  `first page: ${(told[0][1] / KB).toFixed(1)} KB of script, ${(told[1][1] / KB).toFixed(1)} KB of styles`,
);
process.exit(isOver ? 1 : 0);
