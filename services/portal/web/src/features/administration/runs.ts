// Operations: what can be done, runs of it, and their logs.

import { queryOptions } from "@tanstack/react-query";
import * as v from "valibot";
import { ask, askJson } from "../../api/client.ts";

export const STATES = ["queued", "running", "succeeded", "failed", "canceled"] as const;
export type State = (typeof STATES)[number];

const text = v.nullish(v.string());
const Run = v.object({
  id: v.string(),
  kind: v.string(),
  params: v.optional(v.unknown()),
  requested_by: text,
  schedule: text,
  state: v.picklist(STATES),
  progress: v.nullish(v.object({ done: v.number(), total: v.nullish(v.number()), what: text })),
  result: v.optional(v.unknown()),
  error: text,
  attempt: v.number(),
  attempts: v.number(),
  created: v.string(),
  due: v.string(),
  started: text,
  finished: text,
  retry_of: text,
});
export type Run = v.InferOutput<typeof Run>;

const Parameter = v.object({
  name: v.string(),
  form: v.picklist(["flag", "number", "text", "json"]),
  purpose: v.string(),
  required: v.optional(v.boolean(), false),
});
export type Parameter = v.InferOutput<typeof Parameter>;

const Kind = v.object({
  kind: v.string(),
  purpose: v.string(),
  parameters: v.optional(v.array(Parameter), []),
  at_once: v.nullish(v.number()),
  attempts: v.number(),
  runs: v.nullish(v.record(v.string(), v.number())),
});
export type Kind = v.InferOutput<typeof Kind>;

const Schedule = v.object({ name: v.string(), time_table: v.string(), next: v.string() });
export type Schedule = v.InferOutput<typeof Schedule>;

const Kinds = v.object({ kinds: v.array(Kind), schedules: v.optional(v.array(Schedule), []) });
const Page = v.object({ runs: v.array(Run), next: text });

export const kindsQuery = queryOptions({
  queryKey: ["runs", "kinds"],
  queryFn: async ({ signal }) => v.parse(Kinds, await ask("/ops/v1/kinds", { signal })),
});

export type Filter = { kind?: string; state?: string; after?: string };
export const PAGE = 25;

export const runsQuery = ({ kind, state, after }: Filter) =>
  queryOptions({
    queryKey: ["runs", "list", kind, state, after],
    queryFn: async ({ signal }) => {
      const given = Object.entries({ kind, state, after, size: String(PAGE) });
      const asked = new URLSearchParams(given.filter((pair): pair is [string, string] => Boolean(pair[1])));
      return v.parse(Page, await ask(`/ops/v1/runs?${asked}`, { signal }));
    },
  });

const at = (id: string) => `/ops/v1/runs/${encodeURIComponent(id)}`;

export const runQuery = (id: string) =>
  queryOptions({
    queryKey: ["runs", "one", id],
    queryFn: async ({ signal }) => v.parse(Run, await ask(at(id), { signal })),
  });

export const isOver = ({ state }: Run): boolean => state !== "queued" && state !== "running";

export const start = async (kind: string, params: Params): Promise<Run> =>
  v.parse(Run, await askJson("/ops/v1/runs", { kind, params }));
export const cancel = async (id: string): Promise<Run> =>
  v.parse(Run, await ask(`${at(id)}/cancel`, { method: "POST" }));
export const retry = async (id: string): Promise<Run> =>
  v.parse(Run, await ask(`${at(id)}/retry`, { method: "POST" }));

/** Kinds that say beforehand how many files they would move, and those that have a dry run of their own. */
const PLANNED = ["archive", "retrieve", "verify"];
export const hasDryRun = ({ parameters }: Kind): boolean =>
  parameters.some(({ name, form }) => name === "dry_run" && form === "flag");

/** What a run of the archive would do; undefined for kinds that do not say. */
export async function plan(kind: string, params: Params): Promise<unknown> {
  return PLANNED.includes(kind) ? askJson(`/ops/v1/${kind}`, { ...params, dry_run: true }) : undefined;
}

export const logHref = (id: string): string => `${at(id)}/logs`;

export type Params = Record<string, unknown>;
/** What is filled in, by the name of the parameter: `true` for a flag that is set. */
export type Filled = Record<string, string>;

/** What is sent for what is filled in, or what is wrong with it. Empty fields are not sent. */
export function paramsOf(
  parameters: Parameter[],
  filled: Filled,
): { params: Params; missing: string[]; wrong: string[] } {
  const params: Params = {};
  const missing: string[] = [];
  const wrong: string[] = [];
  for (const { name, form, required } of parameters) {
    const given = (filled[name] ?? "").trim();
    if (given === "") {
      if (required) missing.push(name);
    } else if (form === "flag") {
      params[name] = given === "true";
    } else if (form === "text") {
      params[name] = given;
    } else {
      const value = read(given);
      if (value === undefined || (form === "number" && !Number.isSafeInteger(value))) wrong.push(name);
      else params[name] = value;
    }
  }
  return { params, missing, wrong };
}

function read(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** What came of a run in a few words: the error, what is being done, or the first figures of the result. */
export function outcomeOf({ state, error, progress, result }: Run, most = 3): string {
  if (error) return error;
  if (state === "running") return progress?.what ?? "";
  if (state !== "succeeded" || typeof result !== "object" || result === null) return "";
  return Object.entries(result)
    .filter(([, value]) => ["string", "number", "boolean"].includes(typeof value))
    .slice(0, most)
    .map(([name, value]) => `${name}: ${value}`)
    .join(", ");
}

/** Lines of a log that a page shows: browsers grow slow with more. */
export const MOST_LINES = 5_000;

/** A log with some lines more, and how many were left out at its beginning. */
export function grown(
  log: { lines: string[]; dropped: number },
  more: string[],
  most = MOST_LINES,
): { lines: string[]; dropped: number } {
  const lines = [...log.lines, ...more];
  const over = Math.max(lines.length - most, 0);
  return { lines: over > 0 ? lines.slice(over) : lines, dropped: log.dropped + over };
}
