// What somebody submits, as columns and rows. Pure.

import Papa from "papaparse";

export type Format = "tsv" | "csv" | "json";

export type Sheet = {
  name: string;
  format: Format;
  columns: string[];
  rows: string[][];
  /** The line of the file on which each row begins, or the number of the record in JSON. */
  lines: number[];
};

export const TYPES: Record<Format, string> = {
  tsv: "text/tab-separated-values",
  csv: "text/csv",
  json: "application/json",
};

/** The format that a file has by its name, or else by its text. */
export function formatOf(name: string, text: string): Format {
  const ending = name.toLowerCase().split(".").pop();
  if (ending === "json" || ending === "csv" || ending === "tsv") return ending;
  if (/^\s*[[{]/.test(text)) return "json";
  return (text.split("\n", 1)[0] ?? "").includes("\t") ? "tsv" : "csv";
}

/** Reads a file; an Error says in words what it is not. */
export function readSheet(name: string, text: string): Sheet {
  const format = formatOf(name, text);
  if (format === "json") return { name, format, ...fromJson(text) };
  const clean = text.replace(/^\uFEFF/, "");
  const { data } = Papa.parse<string[]>(clean, {
    delimiter: format === "tsv" ? "\t" : ",",
    skipEmptyLines: false,
  });
  const [columns = [], ...all] = data;
  const filled = all
    .map((row, index) => ({ row, line: index + 2 }))
    .filter(({ row }) => row.some((cell) => cell.trim() !== ""));
  return {
    name,
    format,
    columns: columns.map((column) => column.trim()),
    rows: filled.map(({ row }) => row),
    lines: filled.map(({ line }) => line),
  };
}

function fromJson(text: string): Pick<Sheet, "columns" | "rows" | "lines"> {
  const given: unknown = JSON.parse(text);
  const records = (Array.isArray(given) ? given : [given]).map((record) => record as Record<string, unknown>);
  if (records.some((record) => typeof record !== "object" || record === null)) {
    throw new Error("a record is not a JSON object");
  }
  const columns = [...new Set(records.flatMap((record) => Object.keys(record)))];
  const cell = (value: unknown) =>
    value === undefined || value === null
      ? ""
      : typeof value === "object"
        ? `json:${JSON.stringify(value)}`
        : `${value}`;
  return {
    columns,
    rows: records.map((record) => columns.map((column) => cell(record[column]))),
    lines: records.map((_, index) => index + 1),
  };
}

/** The sheet as a file again. */
export function writeSheet(sheet: Sheet): string {
  return Papa.unparse([sheet.columns, ...sheet.rows], {
    delimiter: sheet.format === "csv" ? "," : "\t",
    newline: "\n",
  });
}

/** The sheet with another value in a cell, or as the name of a column. */
export function changed(sheet: Sheet, row: number | null, column: string, value: string): Sheet {
  const at = sheet.columns.findIndex((name) => name === column || name.replace(/^\*/, "") === column);
  if (row === null) {
    return { ...sheet, columns: sheet.columns.map((name, index) => (index === at ? value : name)) };
  }
  if (at < 0) {
    const rows = sheet.rows.map((cells, index) => {
      const padded = sheet.columns.map((_, place) => cells[place] ?? "");
      return [...padded, index === row ? value : ""];
    });
    return { ...sheet, columns: [...sheet.columns, column], rows };
  }
  const rows = sheet.rows.map((cells, index) => {
    if (index !== row) return cells;
    const padded = sheet.columns.map((_, place) => cells[place] ?? "");
    padded[at] = value;
    return padded;
  });
  return { ...sheet, rows };
}
