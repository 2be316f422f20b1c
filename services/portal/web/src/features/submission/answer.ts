// What the service says of a submission. Pure.

import * as v from "valibot";
import { detailOf } from "../../api/problem.ts";
import type { Finding } from "./check.ts";

const Fault = v.object({
  keys: v.optional(v.array(v.unknown()), []),
  message: v.optional(v.string(), ""),
  type: v.optional(v.string(), ""),
});
const Entity = v.object({
  action: v.nullish(v.string()),
  type: v.nullish(v.string()),
  id: v.nullish(v.string()),
  errors: v.optional(v.array(Fault), []),
  valid: v.optional(v.boolean(), false),
});
const Answer = v.object({
  success: v.optional(v.boolean()),
  message: v.optional(v.string(), ""),
  transaction_id: v.nullish(v.number()),
  created_entity_count: v.optional(v.number(), 0),
  updated_entity_count: v.optional(v.number(), 0),
  entity_error_count: v.optional(v.number(), 0),
  transactional_errors: v.optional(v.array(v.unknown()), []),
  entities: v.optional(v.array(Entity), []),
});

export type Outcome = {
  isAccepted: boolean;
  message: string;
  transaction: number | undefined;
  created: number;
  updated: number;
  unchanged: number;
  /** What is wrong with single records. */
  findings: Finding[];
  /** What is wrong with all. */
  errors: string[];
};

const MOST = 1000;

/** Reads the answer to a submission or a dry run. Records stand in it in the order in which they were sent. */
export function readOutcome(status: number, body: unknown): Outcome {
  const parsed = v.safeParse(Answer, body);
  if (!parsed.success || (status >= 400 && parsed.output.success === undefined)) {
    const errors = [detailOf(body, status)];
    return { ...NOTHING, errors };
  }
  const answer = parsed.output;
  const findings = answer.entities.flatMap((entity, row) =>
    entity.errors.map((error) => finding(row, error.keys, error.message)),
  );
  const errors = answer.transactional_errors.map((error) =>
    typeof error === "string" ? error : detailOf(error, status),
  );
  const { created_entity_count: created, updated_entity_count: updated } = answer;
  return {
    isAccepted: answer.success ?? status < 400,
    message: answer.message,
    transaction: answer.transaction_id ?? undefined,
    created,
    updated,
    unchanged: Math.max(0, answer.entities.length - created - updated - answer.entity_error_count),
    findings: findings.slice(0, MOST),
    errors,
  };
}

const NOTHING: Outcome = {
  isAccepted: false,
  message: "",
  transaction: undefined,
  created: 0,
  updated: 0,
  unchanged: 0,
  findings: [],
  errors: [],
};

function finding(row: number, keys: unknown[], message: string): Finding {
  const [key] = keys.filter((key) => typeof key === "string");
  return {
    row,
    column: key ?? null,
    value: "",
    problem: "refused",
    detail: message,
    suggestion: null,
  };
}
