// Whether the services of this commons serve, and as of when its data are.

import { useQuery } from "@tanstack/react-query";
import { CircleAlert, CircleCheck } from "lucide-react";
import * as v from "valibot";
import { ask, askAny } from "../../api/client.ts";
import { boot } from "../../app/boot.ts";
import { useFormats, useText } from "../../app/text.ts";
import { inWords } from "../../app/words.ts";
import { type Index, indicesQuery } from "../../features/explorer/query.ts";
import { Page, Part } from "../../ui/page.tsx";
import { Failed, Loading, Notice } from "../../ui/states.tsx";
import { type Column, Table } from "../../ui/table.tsx";
import css from "./page.module.css";

const EVERY = 15_000;

/** What each service is for, and where it says whether it is there if the gateway does not know. */
const SERVICES: [name: string, path: string][] = [
  ["fence", "/user/_status"],
  ["arborist", "/authz/mapping"],
  ["indexd", "/index/_status"],
  ["sheepdog", "/api/_status"],
  ["peregrine", "/peregrine/_status"],
  ["guppy", "/guppy/_status"],
  ["requestor", "/requestor/_status"],
  ["audit", "/audit/_status"],
  ["metadata", "/mds/_status"],
  ["manifests", "/manifests/_status"],
  ["library", "/library/_status"],
  ["wts", "/wts/_status"],
];

const Ready = v.object({ services: v.optional(v.record(v.string(), v.unknown()), {}) });
type Line = { name: string; problem: string | undefined };

async function states(signal: AbortSignal): Promise<Line[]> {
  const { body } = await askAny("/_ready", { signal });
  const parsed = v.safeParse(Ready, body);
  const told = parsed.success ? parsed.output.services : {};
  const others = SERVICES.filter(([name]) => !(name in told));
  const asked = await Promise.all(
    others.map(async ([name, path]): Promise<Line> => {
      try {
        await ask(path, { signal });
        return { name, problem: undefined };
      } catch (error) {
        return { name, problem: error instanceof Error ? error.message : String(error) };
      }
    }),
  );
  const known = Object.entries(told).map(([name, word]) => ({
    name,
    problem: word === "ready" ? undefined : String(word),
  }));
  return [...known, ...asked].sort((a, b) => a.name.localeCompare(b.name));
}

export function Status() {
  const t = useText();
  const { time } = useFormats();
  const services = useQuery({
    queryKey: ["status"],
    queryFn: ({ signal }) => states(signal),
    refetchInterval: EVERY,
  });
  const down = services.data?.filter(({ problem }) => problem !== undefined) ?? [];
  return (
    <Page
      title={t("Status")}
      lead={t("Whether the services of this commons serve, and as of when its data are.")}
    >
      {services.isPending ? <Loading lines={6} /> : null}
      {services.error ? (
        <Failed error={services.error} what={t("Status")} retry={() => void services.refetch()} />
      ) : null}
      {services.data ? (
        <Part title={t("Services")}>
          <div role="status">
            <Notice kind={down.length > 0 ? "caution" : "good"}>
              <strong>
                {down.length > 0
                  ? t("{count, plural, one {# service does not serve} other {# services do not serve}}", {
                      count: down.length,
                    })
                  : t("All services serve")}
              </strong>
            </Notice>
          </div>
          <Services lines={services.data} />
          <p className="quiet small">
            {t("Asked at {time}; it is asked again by itself.", { time: time(services.dataUpdatedAt) })}{" "}
            Gen3-rs {boot.version}
          </p>
        </Part>
      ) : null}
      <Data />
    </Page>
  );
}

function Services({ lines }: { lines: Line[] }) {
  const t = useText();
  const purposes: Record<string, string> = {
    fence: t("logins, signed addresses of files"),
    arborist: t("who may do what"),
    indexd: t("where files are"),
    sheepdog: t("submissions, the dictionary"),
    peregrine: t("queries of the graph"),
    guppy: t("the explorer"),
    requestor: t("requests for access"),
    audit: t("who did what"),
    metadata: t("documents about studies"),
    manifests: t("lists of files of workspaces"),
    library: t("saved lists"),
    wts: t("tokens of other commons"),
    operations: t("runs and exports"),
    portal: t("these pages"),
    hatchery: t("workspaces"),
  };
  const columns: Column<Line>[] = [
    { title: t("Service"), isHeader: true, cell: ({ name }) => name },
    { title: t("For"), cell: ({ name }) => purposes[name] ?? "" },
    {
      title: t("State"),
      cell: ({ problem }) => (
        <span className={problem === undefined ? css.good : css.bad}>
          {problem === undefined ? (
            <CircleCheck size={16} aria-hidden />
          ) : (
            <CircleAlert size={16} aria-hidden />
          )}{" "}
          {problem === undefined ? t("serves") : t("does not serve: {why}", { why: problem })}
        </span>
      ),
    },
  ];
  return <Table label={t("Services")} columns={columns} rows={lines} keyOf={({ name }) => name} />;
}

function Data() {
  const t = useText();
  const { number, time } = useFormats();
  const indices = useQuery(indicesQuery);
  const columns: Column<Index>[] = [
    { title: t("Documents"), isHeader: true, cell: ({ type }) => inWords(type) },
    {
      title: t("How many you may count"),
      isNumber: true,
      cell: ({ documents }) => (documents < 0 ? "—" : number(documents)),
    },
    { title: t("Data as of"), cell: ({ as_of }) => (as_of ? time(as_of) : t("unknown")) },
  ];
  return (
    <Part title={t("Data of the explorer")}>
      {indices.isPending ? <Loading lines={2} /> : null}
      {indices.error ? (
        <Failed error={indices.error} what={t("Explorer")} retry={() => void indices.refetch()} />
      ) : null}
      {indices.data ? (
        indices.data.length > 0 ? (
          <Table
            label={t("Data of the explorer")}
            columns={columns}
            rows={indices.data}
            keyOf={({ type }) => type}
          />
        ) : (
          <p className="quiet">{t("There is no search index yet")}</p>
        )
      ) : null}
    </Part>
  );
}
