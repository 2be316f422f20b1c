// The texts that the pages say, found in their source: the ids of the catalogues in messages/.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Every text that is said somewhere below `folder`. */
export function texts(folder: string): string[] {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" });
  const sources = files.filter((name) => /\.tsx?$/.test(name) && !name.endsWith(".test.ts"));
  const said = sources.flatMap((name) => {
    const source = readFileSync(join(folder, name), "utf8");
    return [...source.matchAll(/\bt\(\s*("(?:[^"\\]|\\.)*")/g)].map(
      (match) => JSON.parse(match[1] ?? '""') as string,
    );
  });
  return [...new Set(said)].sort();
}
