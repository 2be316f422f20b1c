// What the explorer asks of guppy.

import { queryOptions } from "@tanstack/react-query";
import * as v from "valibot";
import { ask, askJson } from "../../api/client.ts";
import type { State } from "./codec.ts";

const Field = v.object({
  field: v.string(),
  kind: v.string(),
  list: v.optional(v.boolean(), false),
  facet: v.optional(v.boolean(), false),
});
const Indices = v.object({
  indices: v.array(
    v.object({
      type: v.string(),
      exists: v.boolean(),
      documents: v.number(),
      tier: v.optional(v.string(), "private"),
      /** Of smaller groups that the reader may not see nothing is told. */
      limit: v.nullish(v.number()),
      as_of: v.nullish(v.string()),
      fields: v.array(Field),
    }),
  ),
});
export type Index = v.InferOutput<typeof Indices>["indices"][number];
export type Field = v.InferOutput<typeof Field>;

export const indicesQuery = queryOptions({
  queryKey: ["indices"],
  queryFn: async ({ signal }) => {
    const { indices } = v.parse(Indices, await ask("/guppy/v1/indices", { signal }));
    return indices.filter(({ exists }) => exists);
  },
});

const Facet = v.object({
  field: v.string(),
  buckets: v.optional(
    v.array(v.object({ key: v.union([v.string(), v.number(), v.boolean()]), count: v.number() })),
  ),
  others: v.nullish(v.number()),
  missing: v.nullish(v.number()),
  distinct: v.nullish(v.number()),
  min: v.nullish(v.number()),
  max: v.nullish(v.number()),
  bins: v.nullish(v.array(v.object({ from: v.number(), to: v.number(), count: v.number() }))),
});
const Facets = v.object({ total: v.number(), as_of: v.nullish(v.string()), fields: v.array(Facet) });
export type Facet = v.InferOutput<typeof Facet>;

export const isNumeric = ({ kind }: Field): boolean => kind === "integer" || kind === "number";
const isIdentifier = (name: string): boolean =>
  /^_|(^|_)submitter_id$|^node_id$|^object_id$|^md5sum$|^file_name$|^auth_resource_path$|description$/.test(
    name,
  );

/** The fields of an index that are shown as facets: those of the documents themselves that say something. */
export const facetFields = (index: Index): Field[] =>
  index.fields
    .filter(({ field, facet }) => facet && !field.includes(".") && !isIdentifier(field))
    .sort((a, b) => Number(isNumeric(a)) - Number(isNumeric(b)) || a.field.localeCompare(b.field));

/** The columns of the table: the document's own name first. */
export const tableFields = (index: Index): Field[] => {
  const own = index.fields.filter(({ field, kind }) => !field.includes(".") && kind !== "objects");
  const rank = ({ field }: Field) =>
    field === "submitter_id" || field === "file_name" ? 0 : isIdentifier(field) ? 2 : 1;
  return own.filter((field) => rank(field) < 2).sort((a, b) => rank(a) - rank(b));
};

const TOP = 8;
const BINS = 24;

export type Asked = { type: string; filter: unknown; accessibility?: string };

/** All facets in one request. `more` names what somebody looks for in a field, and `chosen` what is shown anyway. */
export const facetsQuery = (
  asked: Asked,
  fields: Field[],
  conditions: State["conditions"],
  more: Record<string, string>,
) => {
  const wanted = fields.map((field) => {
    if (isNumeric(field)) return { field: field.field, bins: BINS, missing: true };
    const condition = conditions[field.field];
    const include = condition?.kind === "values" ? condition.values : [];
    const search = more[field.field];
    return {
      field: field.field,
      top: search ? 20 : TOP,
      missing: true,
      include,
      ...(search ? { search } : {}),
    };
  });
  // Of values that must be there together those are counted that are there beside the chosen ones.
  const isTogether = ({ field }: { field: string }) => {
    const condition = conditions[field];
    return condition?.kind === "values" && condition.mode === "all";
  };
  const [together, others] = [wanted.filter(isTogether), wanted.filter((field) => !isTogether(field))];
  return queryOptions({
    queryKey: ["facets", asked, wanted, together.map(({ field }) => field)],
    queryFn: async ({ signal }) => {
      const [usual, within] = await Promise.all([
        figures({ ...asked, fields: others }, signal),
        together.length > 0 ? figures({ ...asked, fields: together, filterSelf: true }, signal) : null,
      ]);
      return { ...usual, fields: [...usual.fields, ...(within?.fields ?? [])] };
    },
    placeholderData: (before) => before,
  });
};

const figures = async (body: unknown, signal: AbortSignal) =>
  v.parse(Facets, await askJson("/guppy/v1/facets", body, "POST", signal));

/** What charts show: figures of exactly the documents that are left. */
export const chartsQuery = (asked: Asked, charts: { field: string; kind: string; most: number }[]) => {
  const fields = charts.map(({ field, kind, most }) =>
    kind === "histogram"
      ? { field, bins: BINS, missing: true }
      : { field, top: most, missing: true, distinct: kind === "count" },
  );
  return queryOptions({
    queryKey: ["charts", asked, fields],
    queryFn: ({ signal }) => figures({ ...asked, fields, filterSelf: true }, signal),
    placeholderData: (before) => before,
    enabled: fields.length > 0,
  });
};

const Rows = v.object({
  rows: v.array(v.record(v.string(), v.unknown())),
  next: v.optional(v.unknown()),
});

export const SIZE = 20;

export const rowsQuery = (asked: Asked, fields: string[], sort: State["sort"], after: unknown) =>
  queryOptions({
    queryKey: ["rows", asked, fields, sort, after],
    queryFn: async ({ signal }) => {
      const order = sort ? [{ [sort.field]: sort.isDescending ? "desc" : "asc" }] : [];
      const body = { ...asked, fields, sort: order, size: SIZE, after };
      return v.parse(Rows, await askJson("/guppy/v1/rows", body, "POST", signal));
    },
    placeholderData: (before) => before,
  });

const Ticket = v.object({ download: v.string() });

/** The address of all documents of a filter, in the order and with the columns of the table. */
export async function exportHref(
  asked: Asked,
  fields: string[],
  sort: State["sort"],
  format: string,
): Promise<string> {
  const order = sort ? [{ [sort.field]: sort.isDescending ? "desc" : "asc" }] : [];
  const ticket = await askJson("/guppy/v1/export", { ...asked, fields, sort: order, format });
  return v.parse(Ticket, ticket).download;
}
