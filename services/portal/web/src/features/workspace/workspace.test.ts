import { expect, test } from "vitest";
import { pauseOf, readWorkspace } from "./workspace.ts";

test("a workspace that starts tells how far it is", () => {
  const workspace = readWorkspace({
    status: "Launching",
    conditions: [
      { type: "PodScheduled", status: "True" },
      { type: "Initialized", status: "True" },
      { type: "ContainersReady", status: "False", message: "pulling the image" },
    ],
    containerStates: [{ name: "jupyter", ready: false, state: { waiting: {} } }],
    idleTimeLimit: -1,
    lastActivityTime: 0,
  });
  expect(workspace.phase).toBe("launching");
  expect(workspace.steps.map(({ isDone }) => isDone)).toEqual([true, true, false, false]);
  expect(workspace.steps[2]?.message).toBe("pulling the image");
  expect(workspace.idleEnd).toBeUndefined();
});

test("it is asked again while something changes, and told when it ends of idleness", () => {
  const running = readWorkspace({ status: "Running", idleTimeLimit: 3_600_000, lastActivityTime: 1_000 });
  expect(running.idleEnd).toBe(3_601_000);
  expect(pauseOf(running)).toBe(30_000);
  expect(pauseOf(readWorkspace({ status: "Terminating" }))).toBe(3_000);
  for (const status of ["Not Found", "Stopped", "Errored", "Something new"]) {
    expect(pauseOf(readWorkspace({ status, conditions: null }))).toBe(false);
  }
  expect(readWorkspace({ status: "Something new" }).phase).toBe("failed");
});
