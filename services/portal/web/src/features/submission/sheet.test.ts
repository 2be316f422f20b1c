import fc from "fast-check";
import { expect, test } from "vitest";
import { changed, formatOf, readSheet, writeSheet } from "./sheet.ts";

test("formats are known by name, or else by text", () => {
  expect(formatOf("a.TSV", "")).toBe("tsv");
  expect(formatOf("a.txt", "a\tb")).toBe("tsv");
  expect(formatOf("a.txt", "a,b")).toBe("csv");
  expect(formatOf("a.txt", ' [{"a": 1}]')).toBe("json");
});

test("rows keep the line on which they stand, and blank ones do not count", () => {
  const sheet = readSheet("a.tsv", "\uFEFFtype\tx\r\na\t1\r\n\r\n\t\r\nb\t2\r\n");
  expect(sheet).toMatchObject({
    columns: ["type", "x"],
    rows: [
      ["a", "1"],
      ["b", "2"],
    ],
    lines: [2, 5],
  });
});

test("JSON is read as rows too", () => {
  const sheet = readSheet("a.json", '[{"type": "a", "n": 1}, {"type": "b", "links": {"id": "x"}}]');
  expect(sheet.columns).toEqual(["type", "n", "links"]);
  expect(sheet.rows[1]).toEqual(["b", "", 'json:{"id":"x"}']);
  expect(() => readSheet("a.json", "[1]")).toThrow("a record is not a JSON object");
});

test("a cell is changed where it stands, and a missing column is added", () => {
  const sheet = readSheet("a.tsv", "type\t*x\na\n");
  expect(changed(sheet, 0, "x", "1").rows).toEqual([["a", "1"]]);
  expect(changed(sheet, 0, "y", "1")).toMatchObject({ columns: ["type", "*x", "y"], rows: [["a", "", "1"]] });
  expect(changed(sheet, null, "*x", "z").columns).toEqual(["type", "z"]);
});

test("what is written is read again as it was", () => {
  const cell = fc.string().map((text) => text.replace(/[\r\n]/g, " "));
  fc.assert(
    fc.property(
      fc.constantFrom("tsv", "csv"),
      fc.array(fc.tuple(cell, cell), { minLength: 1 }),
      (format, pairs) => {
        const rows = pairs.map(([a, b]) => [`x${a}`, b]);
        const sheet = {
          name: `a.${format}`,
          format: format as "tsv" | "csv",
          columns: ["type", "v"],
          rows,
          lines: [],
        };
        expect(readSheet(sheet.name, writeSheet(sheet)).rows).toEqual(rows);
      },
    ),
  );
});
