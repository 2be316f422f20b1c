// With which settings the commons runs, and where each of them comes from.

import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { type Say, useFormats, useText } from "../../app/text.ts";
import { fitting } from "../../features/administration/access.ts";
import {
  type Setting,
  type Site,
  type Source,
  settingsOf,
  siteQuery,
} from "../../features/administration/site.ts";
import { Choice, SearchBox } from "../../ui/controls.tsx";
import { Part, Row } from "../../ui/page.tsx";
import { Empty, Failed, Loading, Notice } from "../../ui/states.tsx";
import { type Column, Facts, Table } from "../../ui/table.tsx";
import { AdminPage } from "./frame.tsx";
import css from "./page.module.css";

export function SitePage() {
  const t = useText();
  return (
    <AdminPage
      area="site"
      lead={t("What runs here, with which settings, and where each of them comes from.")}
    >
      {() => <Known />}
    </AdminPage>
  );
}

function Known() {
  const t = useText();
  const site = useQuery(siteQuery);
  if (site.error) return <Failed error={site.error} what={t("Settings")} retry={() => void site.refetch()} />;
  if (!site.data) return <Loading lines={6} />;
  return (
    <>
      <About site={site.data} />
      <Settings site={site.data} />
    </>
  );
}

function About({ site }: { site: Site }) {
  const t = useText();
  const { time } = useFormats();
  return (
    <Part title={t("What runs")}>
      <Facts
        facts={[
          [t("Version"), [site.version, site.commit].filter(Boolean).join(", ")],
          [t("Since"), time(site.started)],
          [t("Command"), site.command ? <code>commons {site.command}</code> : null],
          [t("Settings file"), site.settings_file ? <code>{site.settings_file}</code> : t("none")],
        ]}
      />
      {site.covers === "service" ? (
        <Notice>
          {t(
            "The services of this commons run by themselves. These are the settings of operations; those of the others are not known here.",
          )}
        </Notice>
      ) : null}
    </Part>
  );
}

const sourcesOf = (t: Say): Record<Source, string> => ({
  command_line: t("the command line"),
  environment: t("a variable"),
  file: t("the settings file"),
  remembered: t("an earlier start"),
  default: t("nobody: it is the usual value"),
});

function Settings({ site }: { site: Site }) {
  const t = useText();
  const [words, setWords] = useState("");
  const [only, setOnly] = useState<"set" | "all">("set");
  const sources = sourcesOf(t);
  const found = fitting(settingsOf(site, only), words, ({ name, value, meaning }) =>
    [name, value ?? "", meaning].join(" "),
  );
  const columns: Column<Setting>[] = [
    { title: t("Setting"), isHeader: true, cell: ({ name }) => <code className="whole">{name}</code> },
    {
      title: t("Value"),
      cell: ({ value, masked }) => (
        <span className={css.name}>
          {value === null || value === undefined ? (
            <span className="quiet">{t("not set")}</span>
          ) : (
            <code>{value}</code>
          )}
          {masked ? <span className="quiet small"> {t("what is secret is not shown")}</span> : null}
        </span>
      ),
    },
    {
      title: t("Set by"),
      cell: ({ from, where }) => (
        <span className={css.name}>
          {sources[from]} {where ? <code className="small">{where}</code> : null}
        </span>
      ),
    },
    { title: t("What it is"), cell: ({ meaning }) => <span className={css.words}>{meaning}</span> },
  ];
  return (
    <Part title={t("Settings")}>
      <Row>
        <SearchBox label={t("Search settings")} value={words} onChange={setWords} />
        <Choice
          label={t("Shown")}
          value={only}
          onChange={(chosen) => setOnly(chosen === "all" ? "all" : "set")}
          options={[
            { value: "set", label: t("what somebody has set") },
            { value: "all", label: t("all") },
          ]}
        />
      </Row>
      <p role="status" className="quiet">
        {t("{count, plural, one {# setting} other {# settings}}", { count: found.length })}
      </p>
      {found.length === 0 ? (
        <Empty title={t("There are no such settings")} />
      ) : (
        <Table label={t("Settings")} columns={columns} rows={found} keyOf={({ name }) => name} />
      )}
      <p className="quiet small">
        {t("They are changed by the operator, at the next start. At the command line:")}{" "}
        <code>commons config explain NAME</code>
      </p>
    </Part>
  );
}
