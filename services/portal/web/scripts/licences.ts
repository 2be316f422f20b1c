// The licences of what is bundled: checked against what the project may ship, and written into the bundle.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Plugin } from "vite";

const ALLOWED = new Set(["Apache-2.0", "MIT", "ISC", "BSD-2-Clause", "BSD-3-Clause", "0BSD"]);
const TEXT = /^(licen[cs]e|notice)(\.(md|txt))?$/i;

type Manifest = { name?: string; version?: string; license?: string };

/** The package that a module belongs to: the folder of the nearest package.json that has a name. */
function packageOf(module: string): { folder: string; manifest: Manifest } | undefined {
  for (let folder = dirname(module); folder !== dirname(folder); folder = dirname(folder)) {
    const path = join(folder, "package.json");
    if (!existsSync(path)) continue;
    const manifest = JSON.parse(readFileSync(path, "utf8")) as Manifest;
    if (manifest.name && manifest.version) return { folder, manifest };
  }
  return undefined;
}

/** Whether an SPDX expression, of which the simple forms occur, can be satisfied by an allowed licence. */
function isAllowed(licence: string): boolean {
  const words = licence.replace(/[()]/g, "");
  return words.split(" OR ").some((part) => part.split(" AND ").every((word) => ALLOWED.has(word.trim())));
}

export function licences(): Plugin {
  return {
    name: "licences",
    apply: "build",
    generateBundle(_options, bundle) {
      const packages = new Map<string, { folder: string; manifest: Manifest }>();
      const chunks = Object.values(bundle).filter((file) => file.type === "chunk");
      for (const id of new Set(chunks.flatMap((chunk) => Object.keys(chunk.modules)))) {
        const path = id.replace(/^\0/, "").split("?")[0] ?? "";
        const found = path.includes("node_modules") ? packageOf(path) : undefined;
        if (found) packages.set(`${found.manifest.name} ${found.manifest.version}`, found);
      }
      const refused = [...packages].filter(([, { manifest }]) => !isAllowed(manifest.license ?? "none"));
      if (refused.length > 0) {
        const list = refused.map(([name, { manifest }]) => `${name}: ${manifest.license ?? "no licence"}`);
        this.error(`these packages may not be shipped by their licence:\n${list.join("\n")}`);
      }
      const parts = [...packages]
        .sort(([a], [b]) => a.localeCompare(b))
        .map(([name, { folder, manifest }]) => {
          const texts = readdirSync(folder).filter((file) => TEXT.test(file));
          const text = texts.map((file) => readFileSync(join(folder, file), "utf8").trim()).join("\n\n");
          return `${name} (${manifest.license})\n\n${text}`;
        });
      this.emitFile({
        type: "asset",
        name: "LICENSES.txt",
        source: `${parts.join(`\n\n${"-".repeat(80)}\n\n`)}\n`,
      });
    },
  };
}
