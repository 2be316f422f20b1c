// Runs of operations: which there were, when they happen by themselves, and asking for one.

import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useFormats, useText } from "../../app/text.ts";
import {
  type Filter,
  isOver,
  type Kind,
  kindsQuery,
  outcomeOf,
  type Run,
  runsQuery,
  type Schedule,
  STATES,
} from "../../features/administration/runs.ts";
import { mayDo, type User } from "../../session/user.ts";
import { Actions, Choice } from "../../ui/controls.tsx";
import { Part, Row } from "../../ui/page.tsx";
import { Empty, Failed, Loading } from "../../ui/states.tsx";
import { type Column, Table } from "../../ui/table.tsx";
import { AdminPage } from "./frame.tsx";
import css from "./page.module.css";
import { Asker, RunState, statesOf } from "./run_state.tsx";
import { Start } from "./start.tsx";

/** While something waits or is being done, the list is read again. */
const SOON = 3_000;
const LATER = 30_000;

export function Runs() {
  const t = useText();
  return (
    <AdminPage
      area="runs"
      lead={t("What is done again and again: started, followed, ended, and when it happens by itself.")}
    >
      {(user) => <Known user={user} />}
    </AdminPage>
  );
}

function Known({ user }: { user: User }) {
  const t = useText();
  const kinds = useQuery(kindsQuery);
  if (kinds.error) {
    return <Failed error={kinds.error} what={t("Runs")} retry={() => void kinds.refetch()} />;
  }
  if (!kinds.data) return <Loading lines={6} />;
  const startable = kinds.data.kinds.filter(({ kind }) =>
    mayDo(user.authz, `/services/ops/${kind}`, "create", "gen3-ops"),
  );
  return (
    <>
      <List kinds={kinds.data.kinds} />
      {startable.length > 0 ? <Start kinds={startable} /> : null}
      <Schedules schedules={kinds.data.schedules} kinds={kinds.data.kinds} />
    </>
  );
}

function List({ kinds }: { kinds: Kind[] }) {
  const t = useText();
  const { time } = useFormats();
  const filter = useSearch({ from: "/admin/runs" });
  const navigate = useNavigate({ from: "/admin/runs" });
  const runs = useQuery({
    ...runsQuery(filter),
    refetchInterval: ({ state }) => (state.data?.runs.every(isOver) ? LATER : SOON),
  });
  const states = statesOf(t);
  const set = (changed: Filter) => void navigate({ search: { ...filter, after: undefined, ...changed } });
  const all = { value: "", label: t("all") };
  const columns: Column<Run>[] = [
    {
      title: t("What"),
      isHeader: true,
      cell: ({ id, kind }) => (
        <Link to="/admin/runs/$run" params={{ run: id }}>
          {kind}
        </Link>
      ),
    },
    { title: t("State"), cell: ({ state }) => <RunState state={state} /> },
    { title: t("Asked for by"), cell: (run) => <Asker run={run} /> },
    { title: t("Asked"), cell: ({ created }) => <span className="whole">{time(created)}</span> },
    {
      title: t("Ended"),
      cell: ({ finished }) => (finished ? <span className="whole">{time(finished)}</span> : ""),
    },
    {
      title: t("What came of it"),
      cell: (run) => <span className={css.words}>{outcomeOf(run)}</span>,
    },
  ];
  return (
    <Part title={t("Last runs")}>
      <Row>
        <Choice
          label={t("Kind")}
          value={filter.kind ?? ""}
          onChange={(kind) => set({ kind: kind || undefined })}
          options={[all, ...kinds.map(({ kind }) => ({ value: kind, label: kind }))]}
        />
        <Choice
          label={t("State")}
          value={filter.state ?? ""}
          onChange={(state) => set({ state: state || undefined })}
          options={[all, ...STATES.map((state) => ({ value: state, label: states[state] }))]}
        />
      </Row>
      {runs.isPending ? <Loading lines={5} /> : null}
      {runs.error ? (
        <Failed error={runs.error} what={t("Last runs")} retry={() => void runs.refetch()} />
      ) : null}
      {runs.data?.runs.length === 0 ? <Empty title={t("There are no such runs")} /> : null}
      {runs.data?.runs.length ? (
        <Table label={t("Last runs")} columns={columns} rows={runs.data.runs} keyOf={({ id }) => id} />
      ) : null}
      <Pages filter={filter} next={runs.data?.next ?? undefined} />
    </Part>
  );
}

function Pages({ filter, next }: { filter: Filter; next: string | undefined }) {
  const t = useText();
  if (!filter.after && !next) return null;
  return (
    <Actions>
      {filter.after ? (
        <Link to="/admin/runs" search={{ ...filter, after: undefined }}>
          {t("Newest runs")}
        </Link>
      ) : null}
      {next ? (
        <Link to="/admin/runs" search={{ ...filter, after: next }}>
          {t("Older runs")}
        </Link>
      ) : null}
    </Actions>
  );
}

function Schedules({ schedules, kinds }: { schedules: Schedule[]; kinds: Kind[] }) {
  const t = useText();
  const { time } = useFormats();
  const columns: Column<Schedule>[] = [
    { title: t("What"), isHeader: true, cell: ({ name }) => name },
    {
      title: t("Purpose"),
      cell: ({ name }) => (
        <span className={css.words}>{kinds.find(({ kind }) => kind === name)?.purpose ?? ""}</span>
      ),
    },
    { title: t("When"), cell: ({ time_table }) => <code className="whole">{time_table}</code> },
    { title: t("Next time"), cell: ({ next }) => <span className="whole">{time(next)}</span> },
  ];
  return (
    <Part title={t("What happens by itself")}>
      {schedules.length === 0 ? (
        <Empty title={t("Nothing happens by itself")} />
      ) : (
        <Table
          label={t("What happens by itself")}
          columns={columns}
          rows={schedules}
          keyOf={({ name }) => name}
        />
      )}
      <p className="quiet small">
        {t("Minute, hour, day, month and weekday, as cron has them. The operator sets them:")}{" "}
        <code>--schedule KIND=CRON</code>
      </p>
    </Part>
  );
}
