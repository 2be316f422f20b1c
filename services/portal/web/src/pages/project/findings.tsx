// What is wrong with a submission, at its row and column, to be mended in place.

import { useState } from "react";
import { useText } from "../../app/text.ts";
import type { Finding, Kind } from "../../features/submission/check.ts";
import type { Sheet } from "../../features/submission/sheet.ts";
import { Button } from "../../ui/controls.tsx";
import { type Column, Table } from "../../ui/table.tsx";
import ui from "../../ui/ui.module.css";
import css from "./page.module.css";

type Edit = (row: number | null, column: string, value: string) => void;

/** So many are shown; when these are mended, the next ones are. */
const MOST = 100;

function useWords(): (finding: Finding, sheet: Sheet) => string {
  const t = useText();
  return ({ problem, detail }, sheet) => {
    const words: Record<Kind, string> = {
      "no type column": t("There is no column “type”, which says of each row what it is"),
      "unknown type": t("The dictionary has no such node"),
      "unknown column": t("No node of this table has such a property"),
      "not in the enumeration": t("This is none of the values of the dictionary"),
      "not a number": t("A number is wanted"),
      "not a whole number": t("A whole number is wanted"),
      "not true or false": t("true or false is wanted"),
      "does not match the pattern": t("It does not match {pattern}", { pattern: detail }),
      "too small": t("The least value is {limit}", { limit: detail }),
      "too large": t("The greatest value is {limit}", { limit: detail }),
      required: detail ? t("A link to {target} is required", { target: detail }) : t("A value is required"),
      duplicate: t("The same id is on line {line} already", { line: sheet.lines[Number(detail)] ?? "" }),
      refused: detail,
    };
    return words[problem];
  };
}

export function Findings(props: { sheet: Sheet; findings: Finding[]; onEdit: Edit | undefined }) {
  const t = useText();
  const words = useWords();
  const { sheet, findings, onEdit } = props;
  const shown = findings.slice(0, MOST).map((finding, index) => ({ finding, key: keyOf(finding, index) }));
  type Line = (typeof shown)[number];
  const columns: Column<Line>[] = [
    {
      title: sheet.format === "json" ? t("Record") : t("Line"),
      isHeader: true,
      cell: ({ finding }) => (
        <span className="number">{finding.row === null ? t("all") : (sheet.lines[finding.row] ?? "")}</span>
      ),
    },
    { title: t("Column"), cell: ({ finding }) => <code>{finding.column}</code> },
    { title: t("Value"), cell: ({ finding }) => <Cell sheet={sheet} finding={finding} onEdit={onEdit} /> },
    { title: t("Problem"), cell: ({ finding }) => words(finding, sheet) },
    {
      title: t("Suggestion"),
      cell: ({ finding }) => <Suggestion finding={finding} onEdit={onEdit} />,
    },
  ];
  return (
    <>
      <Table label={t("Problems")} columns={columns} rows={shown} keyOf={({ key }) => key} />
      {findings.length > MOST ? (
        <p className="quiet">
          {t("The first {count} of {all} problems are shown.", { count: MOST, all: findings.length })}
        </p>
      ) : null}
    </>
  );
}

const keyOf = ({ row, column, problem, value }: Finding, index: number): string =>
  `${row} ${column} ${problem} ${problem === "refused" ? index : value}`;

function cellOf(sheet: Sheet, { row, column, value }: Finding): string {
  if (row === null || column === null) return value;
  const at = sheet.columns.findIndex((name) => name === column || name.replace(/^\*/, "") === column);
  return sheet.rows[row]?.[at] ?? "";
}

function Cell({ sheet, finding, onEdit }: { sheet: Sheet; finding: Finding; onEdit: Edit | undefined }) {
  const t = useText();
  const known = cellOf(sheet, finding);
  const [text, setText] = useState(known);
  const { row, column } = finding;
  if (!onEdit || column === null) return <code>{known}</code>;
  const take = () => {
    if (text !== known) onEdit(row, column, text);
  };
  const place = row === null ? t("all") : (sheet.lines[row] ?? "");
  return (
    <input
      className={`${ui.input} ${css.cell}`}
      aria-label={t("{column} on line {line}", { column, line: place })}
      aria-invalid
      value={text}
      onChange={(event) => setText(event.target.value)}
      onBlur={take}
      onKeyDown={(event) => {
        if (event.key === "Enter") take();
        if (event.key === "Escape") setText(known);
      }}
    />
  );
}

function Suggestion({ finding, onEdit }: { finding: Finding; onEdit: Edit | undefined }) {
  const t = useText();
  const { row, column, suggestion } = finding;
  if (suggestion === null) return null;
  if (!onEdit || column === null) return suggestion;
  return (
    <Button
      kind="bare"
      onPress={() => onEdit(row, column, suggestion)}
      aria-label={t("Use {suggestion}", { suggestion })}
    >
      {suggestion}
    </Button>
  );
}
