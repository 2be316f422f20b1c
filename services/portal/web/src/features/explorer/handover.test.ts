import { expect, test, vi } from "vitest";
import { readConfig } from "./config.ts";
import { elsewhere, jobOf } from "./handover.ts";

vi.stubGlobal("location", { origin: "https://here.example" });

const [tab] = readConfig({
  explorerConfig: [
    {
      guppyConfig: { dataType: "case" },
      terraExportURL: "https://terra.example/#import",
      terraTemplate: ["a b"],
      sevenBridgesExportURL: "javascript:alert(1)",
    },
  ],
}).tabs;
if (!tab) throw new Error("no tab");

const action = (type: string, template?: string) => ({
  type,
  template,
  title: undefined,
  tooltip: undefined,
  fileName: undefined,
});

test("a PFB is handed over to where the operator has said, and to nothing that is no address", () => {
  const url = "https://s3.example/x?a=b&c=d";
  expect(elsewhere(action("export"), tab, url)).toBe(
    `https://terra.example/#import?format=PFB&url=${encodeURIComponent(url)}&template=a%20b`,
  );
  expect(elsewhere(action("export-to-seven-bridges"), tab, url)).toBeUndefined();
  expect(
    elsewhere(action("export-pfb-to-url", "https://t.example/?u={{PRESIGNED_URL}}&o={{ORIGIN}}"), tab, url),
  ).toBe(`https://t.example/?u=${encodeURIComponent(url)}&o=${encodeURIComponent("https://here.example/")}`);
  expect(elsewhere(action("export-pfb-to-url"), tab, url)).toBeUndefined();
});

test("each kind of button of the older portal does something, and others nothing", () => {
  expect(jobOf(action("export-to-pfb"))).toBe("pfb");
  expect(jobOf(action("file-manifest"))).toBe("manifest");
  expect(jobOf(action("nothing"))).toBeUndefined();
});
