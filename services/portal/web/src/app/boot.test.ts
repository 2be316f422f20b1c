import { describe, expect, test } from "vitest";
import { plain, readBoot, safeHref } from "./boot.ts";

describe("the boot data", () => {
  test("a page without them is an unnamed commons", () => {
    for (const block of [null, undefined, "", "{}"]) {
      expect(readBoot(block)).toMatchObject({ title: "Gen3 Data Commons", components: {} });
    }
  });

  test("a part of gitops.json that is not as it should be is left out, and the others hold", () => {
    const components = {
      appName: "Airways",
      navigation: { items: "none" },
      index: { introduction: { text: "Hi" } },
      odd: 1,
    };
    expect(readBoot(JSON.stringify({ components })).components).toEqual({
      appName: "Airways",
      index: { introduction: { text: "Hi" } },
    });
  });

  test("old texts lose their markup", () => {
    expect(plain("<b>Data</b> of<br/>  <a href='x'>us</a>")).toBe("Data of us");
    expect(plain(undefined)).toBe("");
  });

  test("only addresses that lead somewhere harmless are linked", () => {
    for (const href of ["/dd", "https://example.org/a", "mailto:a@example.org"])
      expect(safeHref(href)).toBe(href);
    for (const href of ["javascript:alert(1)", "//evil.example", "data:text/html,x", "dd", undefined]) {
      expect(safeHref(href)).toBeUndefined();
    }
  });
});
