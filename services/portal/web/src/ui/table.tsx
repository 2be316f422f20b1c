// Tables with native markup, in a region of their own that scrolls sideways where it must.

import type { ReactNode } from "react";
import css from "./ui.module.css";

export type Column<Row> = {
  title: string;
  /** Numbers stand to the right. */
  isNumber?: boolean;
  /** The cell that names the row. */
  isHeader?: boolean;
  cell: (row: Row) => ReactNode;
};

export function Table<Row>(props: {
  label: string;
  columns: Column<Row>[];
  rows: Row[];
  keyOf: (row: Row) => string;
  /** One line a row, whatever is in it. */
  isDense?: boolean;
  rowClass?: string;
}) {
  const look = (column: Column<Row>) => (column.isNumber ? css.end : undefined);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must take the focus.
    <section className={css.region} aria-label={props.label} tabIndex={0}>
      <table className={props.isDense ? `${css.table} ${css.dense}` : css.table}>
        <thead>
          <tr>
            {props.columns.map((column) => (
              <th key={column.title} scope="col" className={look(column)}>
                {column.title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {props.rows.map((row) => (
            <tr key={props.keyOf(row)} className={props.rowClass}>
              {props.columns.map((column) =>
                column.isHeader ? (
                  <th key={column.title} scope="row" className={look(column)}>
                    {column.cell(row)}
                  </th>
                ) : (
                  <td key={column.title} className={look(column)}>
                    {column.cell(row)}
                  </td>
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** Names and values of one thing. */
export function Facts({ facts }: { facts: [name: string, value: ReactNode][] }) {
  return (
    <dl className={css.facts}>
      {facts
        .filter(([, value]) => value !== undefined && value !== null && value !== "")
        .flatMap(([name, value]) => [<dt key={`${name} name`}>{name}</dt>, <dd key={name}>{value}</dd>])}
    </dl>
  );
}
