import { expect, test } from "vitest";
import { detailOf } from "./problem.ts";

test("the words of every kind of answer are found", () => {
  expect(detailOf({ title: "Bad", detail: "no such field" }, 400)).toBe("no such field");
  expect(detailOf({ message: "not found" }, 404)).toBe("not found");
  expect(detailOf({ error: "service failure" }, 500)).toBe("service failure");
  expect(detailOf("<html><style>p{}</style><h1>Gone</h1></html>", 410)).toBe("Gone");
  expect(detailOf("", 502)).toBe("the answer has status 502 and no text");
  expect(detailOf([1], 500)).toBe("the answer has status 500");
});
