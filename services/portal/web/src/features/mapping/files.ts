// Files that were uploaded and that no record of the graph describes yet.

import { infiniteQueryOptions } from "@tanstack/react-query";
import * as v from "valibot";
import { ask } from "../../api/client.ts";

const Entry = v.object({
  did: v.string(),
  file_name: v.nullish(v.string()),
  size: v.nullish(v.number()),
  hashes: v.optional(v.nullable(v.record(v.string(), v.string())), {}),
  created_date: v.nullish(v.string()),
});
export type Entry = v.InferOutput<typeof Entry>;
const Listed = v.object({ records: v.array(Entry) });

export const PAGE = 1000;

/** The reader's files without a record, in pages: those that a mapping took over have no uploader any more. */
export const unmappedQuery = (uploader: string) =>
  infiniteQueryOptions({
    queryKey: ["unmapped", uploader],
    queryFn: async ({ signal, pageParam }) => {
      const asked = new URLSearchParams({ uploader, acl: "null", limit: String(PAGE) });
      if (pageParam) asked.set("start", pageParam);
      return v.parse(Listed, await ask(`/index/index?${asked}`, { signal })).records;
    },
    initialPageParam: "",
    getNextPageParam: (last) => (last.length === PAGE ? last.at(-1)?.did : undefined),
  });

/** Whether the commons has read the bytes: only then it is known what was stored. */
export const isReady = ({ size, hashes }: Entry): boolean =>
  size !== null && size !== undefined && Boolean(hashes?.md5);
