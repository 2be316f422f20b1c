// Who has sent what to a project, and what became of it.

import { useQuery } from "@tanstack/react-query";
import { useFormats, useText } from "../../app/text.ts";
import { Part } from "../../ui/page.tsx";
import { Empty, Failed, Loading } from "../../ui/states.tsx";
import { type Column, Table } from "../../ui/table.tsx";
import { logQuery, type Transaction } from "./query.ts";

/** While something is being worked on, the log is read again. */
const SOON = 2000;
/** What has been pending for so long was given up, or is no submission. */
const LONG = 3600_000;

const isWorkedOn = ({ state, created_datetime }: Transaction): boolean =>
  state === "PENDING" && Date.now() - utc(created_datetime ?? "").getTime() < LONG;

export function Log({ program, code }: { project: string; program: string; code: string }) {
  const t = useText();
  const log = useQuery({
    ...logQuery(program, code),
    refetchInterval: ({ state }) => (state.data?.some(isWorkedOn) ? SOON : false),
  });
  const columns: Column<Transaction>[] = [
    { title: t("Transaction"), isHeader: true, cell: ({ id }) => <span className="number">{id}</span> },
    { title: t("When"), cell: (entry) => <When at={entry.created_datetime} /> },
    { title: t("Who"), cell: ({ submitter }) => submitter },
    {
      title: t("What"),
      cell: ({ role, is_dry_run }) => (is_dry_run ? t("{what}, as a dry run", { what: role ?? "" }) : role),
    },
    { title: t("State"), cell: ({ state }) => state?.toLowerCase() },
  ];
  return (
    <Part title={t("Last transactions")}>
      {log.isPending ? <Loading lines={3} /> : null}
      {log.error ? (
        <Failed error={log.error} what={t("Last transactions")} retry={() => void log.refetch()} />
      ) : null}
      {log.data?.length === 0 ? <Empty title={t("Nothing has been sent to this project yet")} /> : null}
      {log.data?.length ? (
        <Table
          label={t("Last transactions")}
          columns={columns}
          rows={log.data}
          keyOf={({ id }) => String(id)}
        />
      ) : null}
    </Part>
  );
}

function When({ at }: { at: string | null | undefined }) {
  const { time } = useFormats();
  return at ? (
    <time className="whole" dateTime={utc(at).toISOString()}>
      {time(utc(at))}
    </time>
  ) : null;
}

/** Times of the graph are in UTC, and do not always say so. */
export const utc = (text: string): Date => new Date(/(Z|[+-]\d\d:?\d\d)$/.test(text) ? text : `${text}Z`);
