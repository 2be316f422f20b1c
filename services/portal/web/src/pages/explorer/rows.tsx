// The documents that are left: in pages, in an order, and as a file.

import { useMutation, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useText } from "../../app/text.ts";
import type { State } from "../../features/explorer/codec.ts";
import {
  type Asked,
  exportHref,
  type Field,
  type Index,
  isNumeric,
  rowsQuery,
} from "../../features/explorer/query.ts";
import { Actions, Button, Choice } from "../../ui/controls.tsx";
import { Part, Row } from "../../ui/page.tsx";
import { Empty, Failed, Loading } from "../../ui/states.tsx";
import { type Column, Table } from "../../ui/table.tsx";

const FORMATS = ["tsv", "csv", "json"];

export function Rows(props: {
  index: Index;
  asked: Asked;
  fields: Field[];
  /** The columns of what is asked for: those of the table, and what links need. */
  names: string[];
  nameOf: (field: string) => string;
  state: State;
  onChange: (state: State) => void;
}) {
  const t = useText();
  const { asked, fields, names, nameOf, state, onChange } = props;
  // Where each page that was seen begins; the first begins at nothing.
  const [starts, setStarts] = useState<unknown[]>([null]);
  const rows = useQuery(rowsQuery(asked, names, state.sort, starts.at(-1)));
  const found = rows.data?.rows ?? [];
  const next = rows.data?.next;
  const order = state.sort ? `${state.sort.isDescending ? "-" : ""}${state.sort.field}` : "";
  const sortBy = (text: string) => {
    setStarts([null]);
    const sort = text ? { field: text.replace(/^-/, ""), isDescending: text.startsWith("-") } : undefined;
    onChange({ ...state, sort });
  };
  return (
    <Part title={t("Documents")} aside={<Download asked={asked} names={names} sort={state.sort} />}>
      <Row>
        <Choice
          label={t("Order")}
          value={order}
          onChange={sortBy}
          options={[
            { value: "", label: t("as they are stored") },
            ...fields.flatMap((field) => orders(field, nameOf, t)),
          ]}
        />
      </Row>
      {rows.isPending ? <Loading /> : null}
      {rows.error ? (
        <Failed error={rows.error} what={t("Documents")} retry={() => void rows.refetch()} />
      ) : null}
      {rows.data && found.length === 0 ? (
        <Empty title={t("Nothing is left")}>
          <p className="quiet">
            {t("No document that you may see fulfils all conditions. Remove one of them above.")}
          </p>
        </Empty>
      ) : null}
      {found.length > 0 ? (
        <>
          <Table
            isDense
            label={t("Documents")}
            columns={columns(fields, nameOf)}
            rows={found.map((row, place) => ({ row, key: `${starts.length} ${place}` }))}
            keyOf={({ key }) => key}
          />
          <Actions>
            <Button isDisabled={starts.length === 1} onPress={() => setStarts(starts.slice(0, -1))}>
              {t("Previous page")}
            </Button>
            <Button
              isDisabled={next === undefined || next === null || rows.isPlaceholderData}
              onPress={() => setStarts([...starts, next])}
            >
              {t("Next page")}
            </Button>
            <span role="status" className="quiet">
              {t("Page {page}", { page: starts.length })}
            </span>
          </Actions>
        </>
      ) : null}
    </Part>
  );
}

function orders(field: Field, nameOf: (field: string) => string, t: ReturnType<typeof useText>) {
  if (field.list) return [];
  const name = nameOf(field.field);
  return [
    { value: field.field, label: t("{field}, upwards", { field: name }) },
    { value: `-${field.field}`, label: t("{field}, downwards", { field: name }) },
  ];
}

type Line = { row: Record<string, unknown>; key: string };

function columns(fields: Field[], nameOf: (field: string) => string): Column<Line>[] {
  return fields.map((field, place) => ({
    title: nameOf(field.field),
    isHeader: place === 0,
    isNumber: isNumeric(field),
    cell: ({ row }) => {
      const guid = row.object_id;
      const text = shown(row[field.field]);
      if (place > 0 || typeof guid !== "string") return <span title={text}>{text}</span>;
      return (
        <Link to="/files/$" params={{ _splat: guid }}>
          {text || guid}
        </Link>
      );
    },
  }));
}

function shown(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (Array.isArray(value)) return value.map(shown).join(", ");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function Download({ asked, names, sort }: { asked: Asked; names: string[]; sort: State["sort"] }) {
  const t = useText();
  const take = useMutation({
    mutationFn: (format: string) => exportHref(asked, names, sort, format),
    onSuccess: (href) => location.assign(href),
  });
  return (
    <>
      <Actions>
        {FORMATS.map((format) => (
          <Button
            key={format}
            onPress={() => take.mutate(format)}
            isDisabled={take.isPending}
            aria-label={t("Download all as {format}", { format: format.toUpperCase() })}
          >
            {format.toUpperCase()}
          </Button>
        ))}
      </Actions>
      {take.error ? <Failed error={take.error} what={t("Download")} /> : null}
    </>
  );
}
