// Rights as a tree of resources. Pure.

import type { Rights } from "../../session/user.ts";

export type Branch = {
  /** The last part of the path. */
  name: string;
  path: string;
  /** What may be done there and below; empty where only something below is permitted. */
  methods: string[];
  children: Branch[];
};

/** Methods in words; those of all services have no name of one. */
export function methodsOf(list: Rights[string], everything: string): string[] {
  const words = list.map(({ service, method }) => {
    const what = method === "*" ? everything : method;
    return service === "*" ? what : `${what} (${service})`;
  });
  return [...new Set(words)].sort();
}

/** The tree of what fits `words`, with what is above it, and how many resources these are. */
export function treeOf(
  rights: Rights,
  words: string,
  everything: string,
  most: number,
): { roots: Branch[]; count: number } {
  const wanted = words.trim().toLowerCase();
  const root: Branch = { name: "", path: "", methods: [], children: [] };
  const known = new Map<string, Branch>([["", root]]);
  let count = 0;
  for (const path of Object.keys(rights).sort((a, b) => a.localeCompare(b))) {
    const methods = methodsOf(rights[path] ?? [], everything);
    if (!`${path} ${methods.join(" ")}`.toLowerCase().includes(wanted)) continue;
    count += 1;
    if (count <= most) branchAt(known, path).methods = methods;
  }
  return { roots: root.children, count };
}

function branchAt(known: Map<string, Branch>, path: string): Branch {
  const found = known.get(path);
  if (found) return found;
  const at = path.lastIndexOf("/");
  const above = branchAt(known, at > 0 ? path.slice(0, at) : "");
  const branch = { name: path.slice(at + 1), path, methods: [], children: [] };
  above.children.push(branch);
  known.set(path, branch);
  return branch;
}
