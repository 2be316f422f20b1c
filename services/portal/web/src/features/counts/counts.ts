// Numbers of records, by node and by project. Pure but for the queries.

import { queryOptions } from "@tanstack/react-query";
import * as v from "valibot";
import { graph, quoted } from "../../api/graph.ts";
import { type Dictionary, isFileNode, type Node } from "../dictionary/model.ts";

const Project = v.object({
  project_id: v.string(),
  name: v.nullish(v.string()),
  state: v.nullish(v.string()),
});
export type Project = { id: string; name: string; state: string };

/** The projects that the reader may see. */
export const projectsQuery = queryOptions({
  queryKey: ["projects"],
  queryFn: async ({ signal }): Promise<Project[]> => {
    const query = '{ project(first: 0, order_by_asc: "code") { project_id name state } }';
    const { project = [] } = await graph(query, signal);
    return v
      .parse(v.array(Project), project)
      .map(({ project_id, name, state }) => ({ id: project_id, name: name ?? "", state: state ?? "" }));
  },
});

/** Records of a kind that are counted together. */
export type Kind = { title: string; nodes: string[] };

const ABOVE = new Set(["program", "project", "root", "data_release", "core_metadata_collection"]);
/** So many kinds are shown of a commons, besides its files. */
const MOST_KINDS = 4;

/** What is worth counting: what stands next to the project, and what most others hang on; and the files. */
export function kinds(dictionary: Dictionary): Kind[] {
  const isCounted = (node: Node) => !ABOVE.has(node.id) && !isFileNode(node) && node.category !== "internal";
  const dependants = (node: Node) =>
    dictionary.filter((other) => other.links.some((link) => link.target === node.id)).length;
  const chosen = dictionary.filter(isCounted).map((node) => ({ node, weight: dependants(node) }));
  chosen.sort((a, b) => depth(dictionary, a.node) - depth(dictionary, b.node) || b.weight - a.weight);
  const shown = chosen.filter(({ weight }) => weight > 0).slice(0, MOST_KINDS);
  const files = dictionary.filter(isFileNode).map((node) => node.id);
  const own = shown.map(({ node }) => ({ title: node.id, nodes: [node.id] }));
  return files.length > 0 ? [...own, { title: "files", nodes: files }] : own;
}

/** Steps from the project to a node. */
function depth(dictionary: Dictionary, node: Node, seen: string[] = []): number {
  if (node.id === "project") return 0;
  if (seen.includes(node.id)) return 99;
  const above = node.links.flatMap((link) => dictionary.filter((other) => other.id === link.target));
  return 1 + Math.min(98, ...above.map((other) => depth(dictionary, other, [...seen, node.id])));
}

/** A query for the counts of `nodes` in each of `projects`, with what its answer means. */
export function countsOf(
  projects: string[],
  nodes: string[],
): { query: string; read: (data: unknown) => Counts } {
  const fields = projects.flatMap((project, p) =>
    nodes.map((node, n) => `p${p}_${n}: _${node}_count(project_id: ${quoted(project)})`),
  );
  const read = (data: unknown): Counts => {
    const numbers = v.parse(v.record(v.string(), v.nullish(v.number())), data);
    const counts: Counts = new Map();
    projects.forEach((project, p) => {
      counts.set(project, new Map(nodes.map((node, n) => [node, numbers[`p${p}_${n}`] ?? 0])));
    });
    return counts;
  };
  return { query: `{ ${fields.join(" ")} }`, read };
}

/** Numbers by project and node. */
export type Counts = Map<string, Map<string, number>>;

/** Projects are asked for in groups, so that the first figures are there early. */
export const GROUP = 10;

export function countsQuery(projects: string[], nodes: string[]) {
  return queryOptions({
    queryKey: ["counts", projects, nodes],
    queryFn: async ({ signal }) => {
      if (projects.length === 0 || nodes.length === 0) return new Map() as Counts;
      const { query, read } = countsOf(projects, nodes);
      return read(await graph(query, signal));
    },
  });
}

/** The numbers of a kind in one project; undefined while they are not known. */
export function sum(counts: Counts | undefined, project: string, kind: Kind): number | undefined {
  const own = counts?.get(project);
  return own && kind.nodes.reduce((total, node) => total + (own.get(node) ?? 0), 0);
}
