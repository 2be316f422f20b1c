// With which settings a commons runs, as operations tell administrators.

import { queryOptions } from "@tanstack/react-query";
import * as v from "valibot";
import { ask } from "../../api/client.ts";

const text = v.nullish(v.string());
export const SOURCES = ["command_line", "environment", "file", "remembered", "default"] as const;
export type Source = (typeof SOURCES)[number];

const Setting = v.object({
  value: text,
  masked: v.boolean(),
  from: v.picklist(SOURCES),
  where: text,
  meaning: v.string(),
});
const Site = v.object({
  command: text,
  covers: v.picklist(["nothing", "service", "commons"]),
  settings_file: text,
  options: v.record(v.string(), Setting),
  version: v.string(),
  commit: v.string(),
  started: v.string(),
});
export type Site = v.InferOutput<typeof Site>;
export type Setting = v.InferOutput<typeof Setting> & { name: string };

export const siteQuery = queryOptions({
  queryKey: ["site"],
  queryFn: async ({ signal }) => v.parse(Site, await ask("/ops/v1/config", { signal })),
});

/** The settings in the order of their names; those that somebody has set alone, if that is wanted. */
export function settingsOf({ options }: Site, only: "set" | "all"): Setting[] {
  return Object.entries(options)
    .map(([name, setting]) => ({ name, ...setting }))
    .filter(({ from }) => only === "all" || from !== "default")
    .sort((one, other) => one.name.localeCompare(other.name, "en"));
}
