import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createIntl } from "react-intl";
import { expect, test } from "vitest";
import { texts } from "../scripts/texts.ts";

const FOLDER = join(import.meta.dirname, "../messages");
const said = texts(import.meta.dirname);
const catalogues = readdirSync(FOLDER).map((name) => {
  const messages = JSON.parse(readFileSync(join(FOLDER, name), "utf8")) as Record<string, string>;
  return { name, locale: name.replace(".json", ""), messages };
});

test("each catalogue has every text of the pages, and no other", () => {
  expect(said.length).toBeGreaterThan(100);
  for (const { name, messages } of catalogues) {
    const missing = said.filter((text) => !(text in messages));
    const needless = Object.keys(messages).filter((text) => !said.includes(text));
    expect({ name, missing, needless }).toEqual({ name, missing: [], needless: [] });
  }
});

test("every text can be said, with the same values as the English one", () => {
  const values = (text: string) =>
    [...new Set([...text.matchAll(/\{(\w+)[,}]/g)].map((match) => match[1]))].sort();
  for (const { locale, messages } of catalogues) {
    const intl = createIntl({ locale, messages });
    for (const text of said) {
      const given = Object.fromEntries(values(text).map((name) => [name ?? "", 2]));
      expect(intl.formatMessage({ id: text }, given)).not.toContain("{");
      expect(values(messages[text] ?? "")).toEqual(values(text));
    }
  }
});
