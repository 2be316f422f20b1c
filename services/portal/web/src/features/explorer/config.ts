// What an operator configures of the explorer: `explorerConfig` of gitops.json, or the older pair. Pure but for the query.

import { queryOptions } from "@tanstack/react-query";
import * as v from "valibot";
import { ask } from "../../api/client.ts";
import { type Condition, type Old, readOldFilter } from "./codec.ts";
import { type Field, facetFields, type Index, isNumeric, tableFields } from "./query.ts";

const text = v.nullish(v.string());
const Button = v.looseObject({
  enabled: v.optional(v.boolean(), false),
  type: v.string(),
  title: text,
  fileName: text,
  tooltipText: text,
  targetURLTemplate: text,
});
const Mapping = v.object({
  resourceIndexType: v.optional(v.string(), "file"),
  resourceIdField: v.optional(v.string(), "object_id"),
  referenceIdFieldInResourceIndex: v.string(),
  referenceIdFieldInDataIndex: v.string(),
});
export type Mapping = v.InferOutput<typeof Mapping>;

const Tab = v.looseObject({
  tabTitle: text,
  charts: v.optional(
    v.record(
      v.string(),
      v.object({ chartType: v.string(), title: text, maximumDisplayItem: v.nullish(v.number()) }),
    ),
    {},
  ),
  filters: v.optional(
    v.object({
      tabs: v.optional(v.array(v.object({ title: text, fields: v.optional(v.array(v.string()), []) })), []),
    }),
    {},
  ),
  table: v.optional(
    v.object({ enabled: v.optional(v.boolean(), true), fields: v.optional(v.array(v.string()), []) }),
    {},
  ),
  buttons: v.optional(v.array(v.unknown()), []),
  guppyConfig: v.object({
    dataType: v.string(),
    nodeCountTitle: text,
    fieldMapping: v.optional(v.array(v.object({ field: v.string(), name: v.string() })), []),
    manifestMapping: v.optional(v.unknown()),
  }),
  loginForDownload: v.optional(v.boolean(), false),
  adminAppliedPreFilters: v.optional(v.record(v.string(), v.unknown()), {}),
  terraExportURL: text,
  terraTemplate: v.optional(v.array(v.string()), []),
  sevenBridgesExportURL: text,
});

export type ChartKind = "bar" | "pie" | "count" | "histogram";
export type Chart = { field: string; kind: ChartKind; title: string | undefined; most: number };
export type Action = {
  type: string;
  title: string | undefined;
  tooltip: string | undefined;
  fileName: string | undefined;
  template: string | undefined;
};
/** A tab of the explorer. */
export type TabConfig = {
  /** What it is called in the address. */
  key: string;
  type: string;
  title: string | undefined;
  charts: Chart[];
  groups: { title: string | undefined; fields: string[] }[];
  columns: string[];
  actions: Action[];
  names: Record<string, string>;
  manifest: Mapping | undefined;
  isLoginWanted: boolean;
  fixed: Record<string, Condition>;
  terraUrl: string | undefined;
  terraTemplate: string[];
  sevenBridgesUrl: string | undefined;
};

const KINDS: Record<string, ChartKind> = {
  count: "count",
  pie: "pie",
  fullPie: "pie",
  donut: "pie",
  bar: "bar",
  stackedBar: "bar",
  horizontalStacked: "bar",
  horizontalGrouped: "bar",
};
/** Categories of a chart, unless it is configured. */
const MOST = 12;

/** The configured tabs; what cannot be read is told. */
export function readConfig(gitops: unknown): { tabs: TabConfig[]; wrong: string[] } {
  const given = typeof gitops === "object" && gitops !== null ? (gitops as Record<string, unknown>) : {};
  const list = Array.isArray(given.explorerConfig)
    ? given.explorerConfig
    : [given.dataExplorerConfig, given.fileExplorerConfig].filter((tab) => tab !== undefined && tab !== null);
  const tabs: TabConfig[] = [];
  const wrong: string[] = [];
  for (const [place, tab] of list.entries()) {
    const parsed = v.safeParse(Tab, tab);
    if (parsed.success) tabs.push(tabOf(parsed.output, tabs));
    else wrong.push(`explorerConfig[${place}]: ${parsed.issues[0].message}`);
  }
  return { tabs, wrong };
}

function tabOf(given: v.InferOutput<typeof Tab>, before: TabConfig[]): TabConfig {
  const { guppyConfig: guppy } = given;
  const mapping = v.safeParse(Mapping, guppy.manifestMapping);
  const isTaken = before.some(({ key }) => key === guppy.dataType);
  return {
    key: isTaken ? `${guppy.dataType}-${before.length + 1}` : guppy.dataType,
    type: guppy.dataType,
    title: given.tabTitle || guppy.nodeCountTitle || undefined,
    charts: Object.entries(given.charts).map(([field, { chartType, title, maximumDisplayItem }]) => ({
      field,
      kind: KINDS[chartType] ?? "bar",
      title: title ?? undefined,
      most: maximumDisplayItem ?? MOST,
    })),
    groups: (given.filters.tabs ?? []).map(({ title, fields }) => ({ title: title ?? undefined, fields })),
    columns: given.table.fields ?? [],
    actions: given.buttons.flatMap(actionOf),
    names: Object.fromEntries(guppy.fieldMapping.map(({ field, name }) => [field, name])),
    manifest: mapping.success ? mapping.output : undefined,
    isLoginWanted: given.loginForDownload,
    fixed: readOldFilter(given.adminAppliedPreFilters as Record<string, Old>),
    terraUrl: given.terraExportURL ?? undefined,
    terraTemplate: given.terraTemplate,
    sevenBridgesUrl: given.sevenBridgesExportURL ?? undefined,
  };
}

function actionOf(given: unknown): Action[] {
  const parsed = v.safeParse(Button, given);
  if (!parsed.success || !parsed.output.enabled) return [];
  const { type, title, tooltipText, fileName, targetURLTemplate } = parsed.output;
  return [
    {
      type,
      title: title ?? undefined,
      tooltip: tooltipText ?? undefined,
      fileName: fileName ?? undefined,
      template: targetURLTemplate ?? undefined,
    },
  ];
}

export const configQuery = queryOptions({
  queryKey: ["gitops"],
  queryFn: async ({ signal }) => readConfig(await ask("/data/config/gitops.json", { signal })),
  staleTime: 5 * 60_000,
});

const CHARTS = 4;

/** A tab for an index of which nothing is configured. */
export function usualTab(index: Index, all: Index[]): TabConfig {
  const fields = facetFields(index);
  const shown = [...fields.filter((field) => !isNumeric(field)), ...fields.filter(isNumeric)].slice(
    0,
    CHARTS,
  );
  const action = (type: string): Action => ({
    type,
    title: undefined,
    tooltip: undefined,
    fileName: undefined,
    template: undefined,
  });
  const manifest = usualMapping(index, all);
  return {
    key: index.type,
    type: index.type,
    title: undefined,
    charts: shown.map((field) => ({
      field: field.field,
      kind: isNumeric(field) ? "histogram" : "bar",
      title: undefined,
      most: MOST,
    })),
    groups: [],
    columns: [],
    actions: [...(manifest ? [action("manifest")] : []), action("export-to-pfb")],
    names: {},
    manifest,
    isLoginWanted: false,
    fixed: {},
    terraUrl: undefined,
    terraTemplate: [],
    sevenBridgesUrl: undefined,
  };
}

/** How the files of documents are found if it is not configured: by a field that both indices have. */
export function usualMapping(index: Index, all: Index[]): Mapping | undefined {
  const has = (index: Index, name: string) => index.fields.some(({ field }) => field === name);
  const files = all.find((other) => has(other, "object_id"));
  if (!files) return undefined;
  const names =
    index === files ? ["object_id"] : [`_${index.type}_id`, `${index.type}_id`, "_case_id", "_subject_id"];
  const common = names.find((name) => has(index, name) && has(files, name));
  if (!common) return undefined;
  return {
    resourceIndexType: files.type,
    resourceIdField: "object_id",
    referenceIdFieldInResourceIndex: common,
    referenceIdFieldInDataIndex: common,
  };
}

/** The configured fields that there are, in their order; all of the usual ones if none is configured. */
export function fieldsOf(tab: TabConfig, index: Index): { title: string | undefined; fields: Field[] }[] {
  if (tab.groups.length === 0) return [{ title: undefined, fields: facetFields(index) }];
  const known = new Map(index.fields.filter(({ facet }) => facet).map((field) => [field.field, field]));
  return tab.groups.map(({ title, fields }) => ({
    title,
    fields: fields.flatMap((name) => known.get(name) ?? []),
  }));
}

export function columnsOf(tab: TabConfig, index: Index): Field[] {
  if (tab.columns.length === 0) return tableFields(index);
  return tab.columns.flatMap((name) => index.fields.find(({ field }) => field === name) ?? []);
}
