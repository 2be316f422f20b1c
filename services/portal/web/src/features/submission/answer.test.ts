import { expect, test } from "vitest";
import { readOutcome } from "./answer.ts";

test("errors of records come to their row and column", () => {
  const body = {
    success: false,
    message: "no",
    entities: [
      { valid: true, errors: [] },
      {
        valid: false,
        errors: [
          { keys: ["sex"], message: "'x' is not one of", type: "ERROR" },
          { keys: [], message: "m" },
        ],
      },
    ],
    entity_error_count: 1,
    transactional_errors: ["locked"],
  };
  const outcome = readOutcome(400, body);
  expect(outcome.isAccepted).toBe(false);
  expect(outcome.errors).toEqual(["locked"]);
  expect(outcome.findings.map(({ row, column, detail }) => [row, column, detail])).toEqual([
    [1, "sex", "'x' is not one of"],
    [1, null, "m"],
  ]);
});

test("what was stored is told in figures", () => {
  const entities = [{}, {}, {}];
  const body = {
    success: true,
    created_entity_count: 1,
    updated_entity_count: 1,
    transaction_id: 7,
    entities,
  };
  expect(readOutcome(200, body)).toMatchObject({
    isAccepted: true,
    created: 1,
    updated: 1,
    unchanged: 1,
    transaction: 7,
  });
});

test("an answer of another kind is a refusal in its own words", () => {
  expect(readOutcome(403, { message: "You don't have access" }).errors).toEqual(["You don't have access"]);
  expect(readOutcome(502, "<h1>Bad gateway</h1>")).toMatchObject({
    isAccepted: false,
    errors: ["Bad gateway"],
  });
});
