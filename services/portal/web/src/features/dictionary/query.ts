import { queryOptions } from "@tanstack/react-query";
import { ask } from "../../api/client.ts";
import { readDictionary } from "./model.ts";

/** The dictionary that the commons uses now. */
export const dictionaryQuery = queryOptions({
  queryKey: ["dictionary"],
  queryFn: async ({ signal }) => readDictionary(await ask("/api/v0/submission/_dictionary/_all", { signal })),
  staleTime: 5 * 60_000,
});

/** The address of a table with the columns of a node. */
export const templateHref = (node: string, format: "tsv" | "json"): string =>
  `/api/v0/submission/template/${encodeURIComponent(node)}?format=${format}`;
