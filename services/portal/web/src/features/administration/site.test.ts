import { expect, test } from "vitest";
import { type Site, settingsOf } from "./site.ts";

test("settings are in order, and what nobody has set can be left out", () => {
  const setting = (from: "file" | "default") => ({
    value: "1",
    masked: false,
    from,
    where: null,
    meaning: "",
  });
  const site: Site = {
    command: "up",
    covers: "commons",
    settings_file: null,
    options: { port: setting("file"), demo: setting("default"), host: setting("file") },
    version: "1",
    commit: "",
    started: "2030-01-01T00:00:00Z",
  };
  expect(settingsOf(site, "set").map(({ name }) => name)).toEqual(["host", "port"]);
  expect(settingsOf(site, "all").map(({ name }) => name)).toEqual(["demo", "host", "port"]);
});
