import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { expect, test } from "vitest";

const SOURCE = import.meta.dirname;
/** What each layer may use besides itself. `ui` says texts of `app` and asks `session` who is here. */
const USES: Record<string, string[]> = {
  theme: [],
  api: [],
  session: ["api"],
  features: ["api", "session", "app"],
  ui: ["api", "session", "app"],
  pages: ["api", "session", "app", "features", "ui", "theme"],
};

const files = readdirSync(SOURCE, { recursive: true, encoding: "utf8" }).filter((name) =>
  /\.tsx?$/.test(name),
);

test("calls go from pages to features to the ground, and never back", () => {
  const wrong = files.flatMap((file) => {
    const layer = file.split("/")[0] ?? "";
    const allowed = USES[layer];
    if (!allowed) return [];
    const text = readFileSync(join(SOURCE, file), "utf8");
    const imported = [...text.matchAll(/(?:from|import\() ?"(\.[^"]+)"/g)].map((match) => match[1] ?? "");
    const layers = imported.map(
      (path) => relative(SOURCE, join(SOURCE, dirname(file), path)).split("/")[0] ?? "",
    );
    return layers
      .filter((other) => other !== layer && !allowed.includes(other))
      .map((other) => `${file} uses ${other}`);
  });
  expect(files.length).toBeGreaterThan(30);
  expect(wrong).toEqual([]);
});

test("files are short enough to be read, and none names a colour but the tokens", () => {
  const styles = readdirSync(SOURCE, { recursive: true, encoding: "utf8" }).filter((name) =>
    name.endsWith(".css"),
  );
  const long = files.filter((file) => readFileSync(join(SOURCE, file), "utf8").split("\n").length > 400);
  const coloured = styles.filter((file) => {
    const rules = readFileSync(join(SOURCE, file), "utf8").replace(/light-dark\([^;]*;/g, ";");
    return file !== "theme/tokens.css" && /#[0-9a-f]{3,8}\b|rgba?\(|hsla?\(/i.test(rules);
  });
  expect([long, coloured]).toEqual([[], []]);
});

test("every style sheet says the order of the layers, because any may be the first that is loaded", () => {
  const styles = readdirSync(SOURCE, { recursive: true, encoding: "utf8" }).filter((name) =>
    name.endsWith(".module.css"),
  );
  const silent = styles.filter(
    (file) => !readFileSync(join(SOURCE, file), "utf8").startsWith("@layer reset, base, parts;"),
  );
  expect(styles.length).toBeGreaterThan(5);
  expect(silent).toEqual([]);
});
