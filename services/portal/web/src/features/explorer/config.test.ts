import { expect, test } from "vitest";
import { columnsOf, fieldsOf, readConfig, usualTab } from "./config.ts";
import type { Index } from "./query.ts";

const field = (name: string, kind = "text", facet = true) => ({ field: name, kind, list: false, facet });
const index = (type: string, ...fields: ReturnType<typeof field>[]): Index => ({
  type,
  exists: true,
  documents: 3,
  tier: "private",
  limit: null,
  as_of: null,
  fields,
});

test("tabs of an old configuration keep their order, names, charts, columns and buttons", () => {
  const { tabs, wrong } = readConfig({
    explorerConfig: [
      {
        tabTitle: "Cases",
        charts: {
          sex: { chartType: "fullPie", title: "Sex" },
          age: { chartType: "stackedBar", title: "Age" },
        },
        filters: { tabs: [{ title: "Who", fields: ["age", "nothing"] }] },
        table: { enabled: true, fields: ["name", "sex"] },
        buttons: [
          { enabled: true, type: "export-to-pfb", title: "Export to PFB", leftIcon: "x" },
          { enabled: false, type: "data" },
          "what",
        ],
        guppyConfig: {
          dataType: "case",
          nodeCountTitle: "Cases",
          fieldMapping: [{ field: "sex", name: "Sex at birth" }],
          manifestMapping: { referenceIdFieldInResourceIndex: "case_id", referenceIdFieldInDataIndex: "id" },
        },
        adminAppliedPreFilters: { site: { selectedValues: ["A"] } },
      },
      { guppyConfig: { dataType: "case" } },
      { tabTitle: "broken" },
    ],
  });
  expect(wrong.length).toBe(1);
  expect(tabs.map(({ key, title }) => [key, title])).toEqual([
    ["case", "Cases"],
    ["case-2", undefined],
  ]);
  const [tab] = tabs;
  if (!tab) throw new Error("no tab");
  expect(tab.charts.map(({ field, kind }) => [field, kind])).toEqual([
    ["sex", "pie"],
    ["age", "bar"],
  ]);
  expect(tab.actions.map(({ type }) => type)).toEqual(["export-to-pfb"]);
  expect(tab.names).toEqual({ sex: "Sex at birth" });
  expect(tab.manifest?.resourceIdField).toBe("object_id");
  expect(Object.keys(tab.fixed)).toEqual(["site"]);
  const cases = index("case", field("name"), field("sex"), field("age", "integer"));
  expect(fieldsOf(tab, cases).map(({ title, fields }) => [title, fields.map(({ field }) => field)])).toEqual([
    ["Who", ["age"]],
  ]);
  expect(columnsOf(tab, cases).map(({ field }) => field)).toEqual(["name", "sex"]);
});

test("the older pair of configurations is two tabs, and none is none", () => {
  const pair = {
    dataExplorerConfig: { guppyConfig: { dataType: "a" } },
    fileExplorerConfig: { guppyConfig: { dataType: "b" } },
  };
  expect(readConfig(pair).tabs.map(({ type }) => type)).toEqual(["a", "b"]);
  for (const none of [{}, null, "x", []]) expect(readConfig(none).tabs).toEqual([]);
});

test("without a configuration files are found by the field that both indices have", () => {
  const subjects = index("subject", field("_subject_id"), field("sex"));
  const files = index("file", field("object_id"), field("_subject_id"));
  expect(usualTab(subjects, [subjects, files]).manifest).toEqual({
    resourceIndexType: "file",
    resourceIdField: "object_id",
    referenceIdFieldInResourceIndex: "_subject_id",
    referenceIdFieldInDataIndex: "_subject_id",
  });
  expect(usualTab(files, [subjects, files]).manifest?.referenceIdFieldInDataIndex).toBe("object_id");
  expect(usualTab(subjects, [subjects]).manifest).toBeUndefined();
});
