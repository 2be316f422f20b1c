import fc from "fast-check";
import { expect, test } from "vitest";
import { draw, svgOf, tsvOf } from "./drawing.ts";

const written = String;

test("a figure that may not be told has no bar, and its table no number", () => {
  const figures = [
    { label: "a", count: 4 },
    { label: "b", count: -1 },
  ];
  const { shapes } = draw("bar", figures, written);
  const widths = shapes.flatMap((shape) => (shape.kind === "rect" ? [shape.width] : []));
  expect(widths[0]).toBeGreaterThan(100);
  expect(widths[1]).toBe(0);
  expect(tsvOf("x", figures, "documents")).toBe("x\tdocuments\na\t4\nb\t\n");
});

test("slices of a pie are a whole one, also if it is one", () => {
  expect(
    draw("pie", [{ label: "a", count: 7 }], written).shapes.filter(({ kind }) => kind === "path").length,
  ).toBe(1);
  expect(draw("pie", [], written).shapes).toEqual([]);
});

test("names of data are text in a picture, and no markup", () => {
  const svg = svgOf("<a>", draw("bar", [{ label: '"><script>', count: 1 }], written));
  expect(svg).not.toContain("<script");
  expect(svg).toContain("&#60;a&#62;");
});

test("whatever the figures are, every shape has numbers, and is within the drawing", () => {
  const figure = fc.record({ label: fc.string(), count: fc.integer({ min: -1, max: 1_000_000 }) });
  const kind = fc.constantFrom("bar" as const, "pie" as const, "histogram" as const);
  fc.assert(
    fc.property(kind, fc.array(figure, { maxLength: 30 }), (kind, figures) => {
      const { width, height, shapes } = draw(kind, figures, written);
      for (const shape of shapes) {
        if (shape.kind === "path") expect(shape.d).not.toContain("NaN");
        else expect(shape.x >= 0 && shape.x <= width && shape.y >= 0 && shape.y <= height).toBe(true);
        if (shape.kind === "rect") expect(shape.y + shape.height).toBeLessThanOrEqual(height);
      }
    }),
  );
});
