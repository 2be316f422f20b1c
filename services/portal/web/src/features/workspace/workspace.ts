// The reader's workspace, by hatchery.

import { queryOptions } from "@tanstack/react-query";
import * as v from "valibot";
import { ask } from "../../api/client.ts";

const PATH = "/lw-workspace";
/** Where a workspace that runs is shown. */
export const FRAME = `${PATH}/proxy/`;
/** After this long something keeps it from starting. */
export const STUCK = 2 * 60_000;

const text = v.nullish(v.string());
const Option = v.looseObject({
  id: v.string(),
  name: v.string(),
  "cpu-limit": v.nullish(v.union([v.string(), v.number()])),
  "memory-limit": text,
  "idle-time-limit": v.nullish(v.number()),
});
export type Option = v.InferOutput<typeof Option>;

const Told = v.object({
  status: v.string(),
  conditions: v.nullish(v.array(v.object({ type: v.string(), status: v.string(), message: text }))),
  containerStates: v.nullish(
    v.array(v.looseObject({ name: text, ready: v.nullish(v.boolean()), state: v.nullish(v.unknown()) })),
  ),
  idleTimeLimit: v.nullish(v.number()),
  lastActivityTime: v.nullish(v.number()),
});
type Told = v.InferOutput<typeof Told>;

export type Step = {
  name: "placed" | "prepared" | "started" | "reachable";
  isDone: boolean;
  message: string;
};
export type Workspace = {
  phase: "none" | "launching" | "running" | "terminating" | "stopped" | "failed";
  steps: Step[];
  /** When it is stopped because nothing happens in it, in milliseconds since the epoch. */
  idleEnd: number | undefined;
};

const PHASES: Record<string, Workspace["phase"]> = {
  "not found": "none",
  launching: "launching",
  running: "running",
  terminating: "terminating",
  stopped: "stopped",
  errored: "failed",
};
const STEPS: [condition: string, name: Step["name"]][] = [
  ["PodScheduled", "placed"],
  ["Initialized", "prepared"],
  ["ContainersReady", "started"],
  ["ProxyConnected", "reachable"],
];

/** Reads what hatchery says of a workspace; a phase that nobody knows is a failure. */
export function readWorkspace(given: unknown): Workspace {
  const told: Told = v.parse(Told, given);
  const conditions = new Map(told.conditions?.map((condition) => [condition.type, condition]));
  const steps = STEPS.map(([type, name]) => {
    const condition = conditions.get(type);
    return { name, isDone: condition?.status === "True", message: condition?.message ?? "" };
  });
  const { idleTimeLimit, lastActivityTime } = told;
  const isTimed = (idleTimeLimit ?? 0) > 0 && (lastActivityTime ?? 0) > 0;
  return {
    phase: PHASES[told.status.toLowerCase()] ?? "failed",
    steps,
    idleEnd: isTimed ? (idleTimeLimit ?? 0) + (lastActivityTime ?? 0) : undefined,
  };
}

/** How long to wait before it is asked again; never for what stays as it is. */
export function pauseOf(workspace: Workspace | undefined): number | false {
  switch (workspace?.phase) {
    case "launching":
    case "terminating":
      return 3_000;
    case "running":
      return 30_000;
    default:
      return false;
  }
}

export const optionsQuery = queryOptions({
  queryKey: ["workspace", "options"],
  queryFn: async ({ signal }) => v.parse(v.array(Option), await ask(`${PATH}/options`, { signal })),
  retry: false,
});

export const statusQuery = queryOptions({
  queryKey: ["workspace", "status"],
  queryFn: async ({ signal }) => readWorkspace(await ask(`${PATH}/status`, { signal })),
  refetchInterval: (query) => pauseOf(query.state.data),
  staleTime: 0,
  retry: false,
});

export const launch = (id: string): Promise<unknown> =>
  ask(`${PATH}/launch?id=${encodeURIComponent(id)}`, { method: "POST" });
export const terminate = (): Promise<unknown> => ask(`${PATH}/terminate`, { method: "POST" });
