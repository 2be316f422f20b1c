import { useQueries, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { dictionaryQuery } from "../dictionary/query.ts";
import { type Counts, countsQuery, GROUP, type Kind, kinds, projectsQuery } from "./counts.ts";

/** Projects, what is counted, and the counts as far as they have come. */
export function useCounts(isWanted: boolean) {
  const dictionary = useQuery({ ...dictionaryQuery, enabled: isWanted });
  const projects = useQuery({ ...projectsQuery, enabled: isWanted });
  const shown: Kind[] = useMemo(() => kinds(dictionary.data ?? []), [dictionary.data]);
  const nodes = useMemo(() => shown.flatMap((kind) => kind.nodes), [shown]);
  const ids = projects.data?.map((project) => project.id) ?? [];
  const groups: string[][] = [];
  for (let start = 0; start < ids.length && nodes.length > 0; start += GROUP) {
    groups.push(ids.slice(start, start + GROUP));
  }
  const counted = useQueries({ queries: groups.map((group) => countsQuery(group, nodes)) });
  const counts: Counts = new Map(counted.flatMap(({ data }) => [...(data ?? [])]));
  const failed = [dictionary, projects, ...counted].find(({ error }) => error);
  return {
    projects: projects.data,
    kinds: shown,
    counts,
    isComplete: projects.data !== undefined && counts.size === projects.data.length,
    error: failed?.error ?? null,
    retry: () => void failed?.refetch(),
  };
}
