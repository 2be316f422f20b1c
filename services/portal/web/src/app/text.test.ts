import { expect, test } from "vitest";
import { wanted } from "./language.ts";
import { bytes } from "./text.ts";

test("sizes are told in the unit that is nearest", () => {
  const written = (value: number) => String(Math.round(value * 10) / 10);
  const told = [0, 1, 1023, 1024, 1536, 5 * 1024 ** 3, 2 ** 60].map((value) => bytes(value, written));
  expect(told).toEqual(["0 bytes", "1 bytes", "1023 bytes", "1 KiB", "1.5 KiB", "5 GiB", "1024 PiB"]);
});

test("the first language is taken for which there are texts", () => {
  expect(wanted(["de-DE", "es-MX", "en"])).toBe("es");
  expect(wanted(["en-GB", "es"])).toBe("en");
  expect(wanted([])).toBe("en");
});
