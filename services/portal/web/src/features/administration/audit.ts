// Records of what was done, as the audit service keeps them.

import { queryOptions } from "@tanstack/react-query";
import * as v from "valibot";
import { ask } from "../../api/client.ts";

export const CATEGORIES = ["presigned_url", "login"] as const;
export type Category = (typeof CATEGORIES)[number];

/** By which records of a category can be counted. */
export const GROUPS: Record<Category, string[]> = {
  presigned_url: ["username", "guid", "action", "protocol", "status_code", "resource_paths"],
  login: ["username", "idp", "fence_idp", "ip", "client_id", "status_code"],
};

/** The columns of a table of a category; the export has all that there are. */
export const COLUMNS: Record<Category, string[]> = {
  presigned_url: ["timestamp", "username", "action", "guid", "resource_paths", "protocol", "status_code"],
  login: ["timestamp", "username", "idp", "fence_idp", "ip", "client_id", "status_code"],
};

/** The part of an address that says which records are shown. */
export type Asked = {
  category?: string;
  /** Days, as in 2030-01-31; the last one is within. */
  from?: string;
  to?: string;
  user?: string;
  by?: string;
  /** The second from which on the page begins. */
  after?: string;
};

const Value = v.union([
  v.string(),
  v.number(),
  v.boolean(),
  v.null(),
  v.array(v.unknown()),
  v.looseObject({}),
]);
const Answer = v.object({
  nextTimeStamp: v.nullish(v.number()),
  data: v.array(v.record(v.string(), v.optional(Value))),
});
const Counted = v.object({ data: v.number() });
export type Entry = v.InferOutput<typeof Answer>["data"][number];

export const categoryOf = (name: string | undefined): Category =>
  CATEGORIES.find((category) => category === name) ?? "presigned_url";

const DAY = /^\d{4}-\d{2}-\d{2}$/;

/** The first second of a day of this browser's calendar; of the day after it for `next`. */
export function secondOf(day: string | undefined, next = false): number | undefined {
  if (!day || !DAY.test(day)) return undefined;
  const time = new Date(`${day}T00:00:00`);
  if (next) time.setDate(time.getDate() + 1);
  const seconds = Math.floor(time.getTime() / 1000);
  return Number.isNaN(seconds) ? undefined : seconds;
}

/** The day so many days before `now`, as fields for dates write it. */
export function dayBefore(now: Date, days: number): string {
  const day = new Date(now.getFullYear(), now.getMonth(), now.getDate() - days);
  const two = (number: number) => String(number).padStart(2, "0");
  return `${day.getFullYear()}-${two(day.getMonth() + 1)}-${two(day.getDate())}`;
}

/** What the service is asked, without the place of a page. */
export function asArguments(asked: Asked): URLSearchParams {
  const category = categoryOf(asked.category);
  const args = new URLSearchParams();
  const [start, stop] = [secondOf(asked.from), secondOf(asked.to, true)];
  if (start !== undefined) args.set("start", String(start));
  if (stop !== undefined) args.set("stop", String(stop));
  if (asked.user) args.set("username", asked.user);
  if (asked.by && GROUPS[category].includes(asked.by)) args.set("groupby", asked.by);
  return args;
}

const path = (asked: Asked, args: URLSearchParams) => `/audit/log/${categoryOf(asked.category)}?${args}`;

async function pageFrom(asked: Asked, after: string | undefined, signal?: AbortSignal) {
  const args = asArguments(asked);
  if (after && /^\d+$/.test(after)) args.set("start", after);
  return v.parse(Answer, await ask(path(asked, args), { signal }));
}

export const entriesQuery = (asked: Asked) =>
  queryOptions({
    queryKey: ["audit", "entries", { ...asked }],
    queryFn: ({ signal }) => pageFrom(asked, asked.after, signal),
  });

export const countQuery = (asked: Asked) =>
  queryOptions({
    queryKey: ["audit", "count", { ...asked, after: undefined }],
    queryFn: async ({ signal }) => {
      const args = asArguments(asked);
      args.set("count", "true");
      return v.parse(Counted, await ask(path(asked, args), { signal })).data;
    },
  });

/** Entries that an export has at most: a browser keeps all of it in memory. */
export const MOST_EXPORTED = 200_000;

/** All entries, page by page. `told` hears how many there are so far. */
export async function allEntries(asked: Asked, told: (count: number) => void): Promise<Entry[]> {
  const all: Entry[] = [];
  let after: string | undefined;
  do {
    const { data, nextTimeStamp } = await pageFrom(asked, after);
    for (const entry of data) all.push(entry);
    told(all.length);
    after = nextTimeStamp ? String(nextTimeStamp) : undefined;
  } while (after !== undefined && all.length < MOST_EXPORTED);
  return all;
}

/** A value as a cell of a table has it. */
export function shown(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (Array.isArray(value)) return value.map(shown).join(", ");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/**
 * Entries as TSV, with every column that one of them has. Tabs and ends of lines become blanks; what a spreadsheet
 * would take for a formula is led by an apostrophe (OWASP, CSV injection): user names are what somebody has typed.
 */
export function tsvOf(entries: Entry[], first: string[]): string {
  const known = new Set(entries.flatMap((entry) => Object.keys(entry)));
  const columns = [...first.filter((name) => known.delete(name)), ...known];
  const cell = (value: unknown) => {
    const text = shown(value).replace(/[\t\r\n]+/g, " ");
    return /^[=+\-@]/.test(text) && !/^-?\d+(\.\d+)?$/.test(text) ? `'${text}` : text;
  };
  const line = (cells: unknown[]) => cells.map(cell).join("\t");
  return [line(columns), ...entries.map((entry) => line(columns.map((name) => entry[name])))]
    .map((text) => `${text}\n`)
    .join("");
}
