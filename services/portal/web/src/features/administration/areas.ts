// What of a commons somebody may administer, by their rights. For hints only: the services decide.

import type { Need } from "../../session/explain.ts";
import { mayDo, type Rights } from "../../session/user.ts";

export type Area = "runs" | "users" | "audit" | "access" | "storage" | "site";

/** The right that each area takes. For runs and records it may also hold for a part of the resource only. */
export const NEEDS: Record<Area, Need> = {
  runs: { resource: "/services/ops", method: "read", service: "gen3-ops" },
  users: { resource: "/services/fence/admin", method: "*", service: "fence" },
  audit: { resource: "/services/audit", method: "read", service: "audit" },
  access: { resource: "/services/arborist/policy", method: "read", service: "arborist" },
  storage: { resource: "/services/ops/storage", method: "read", service: "gen3-ops" },
  site: { resource: "/services/ops/config", method: "read", service: "gen3-ops" },
};

const PARTIAL: Area[] = ["runs", "audit"];

/** Whether a right holds on a resource, above it, or somewhere below it. */
export function mayBelow(rights: Rights, { resource, method, service }: Need): boolean {
  return (
    mayDo(rights, resource, method, service) ||
    Object.keys(rights).some(
      (path) => path.startsWith(`${resource}/`) && mayDo(rights, path, method, service),
    )
  );
}

export function mayEnter(rights: Rights, area: Area): boolean {
  const { resource, method, service } = NEEDS[area];
  return PARTIAL.includes(area) ? mayBelow(rights, NEEDS[area]) : mayDo(rights, resource, method, service);
}

export const areasOf = (rights: Rights): Area[] =>
  (Object.keys(NEEDS) as Area[]).filter((area) => mayEnter(rights, area));
